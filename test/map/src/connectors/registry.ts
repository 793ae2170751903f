import '../app.ts'
