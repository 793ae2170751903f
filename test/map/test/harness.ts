import '../src/kernel/money.ts'
