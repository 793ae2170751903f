import '../access/above.ts'
