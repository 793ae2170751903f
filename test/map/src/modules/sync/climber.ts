import '../webhooks/above.ts'
