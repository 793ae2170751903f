import 'typebox'
