import '../tax/above.ts'
