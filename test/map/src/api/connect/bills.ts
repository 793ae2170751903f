import '../http/route.ts'
