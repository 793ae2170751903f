import './account.ts'
