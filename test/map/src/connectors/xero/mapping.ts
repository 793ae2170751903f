import '../connector.ts'
