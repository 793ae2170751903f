import '../connect/bills.ts'
