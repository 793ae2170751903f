import 'graphile-worker'
