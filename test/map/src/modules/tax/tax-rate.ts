import '../../db/tx.ts'
