import '../purchases/above.ts'
