import '../sync/above.ts'
