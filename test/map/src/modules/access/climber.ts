import '../ledger/above.ts'
