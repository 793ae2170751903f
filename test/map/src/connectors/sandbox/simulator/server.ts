import '../../connector.ts'
