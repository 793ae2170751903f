import '../../kernel/money.ts'
