import '../kernel/money.ts'
