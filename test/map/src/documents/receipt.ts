import '../db/tx.ts'
