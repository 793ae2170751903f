import '../parties/above.ts'
