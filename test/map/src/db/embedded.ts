import 'left-behind'
