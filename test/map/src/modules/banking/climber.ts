import '../assets/above.ts'
