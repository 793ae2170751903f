import './tx.ts'
