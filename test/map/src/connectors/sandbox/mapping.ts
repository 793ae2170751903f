import '../xero/mapping.ts'
