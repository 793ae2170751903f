import './journal.ts'
