import '../banking/above.ts'
