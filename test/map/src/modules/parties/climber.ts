import '../sales/above.ts'
