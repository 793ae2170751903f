import '../reports/above.ts'
