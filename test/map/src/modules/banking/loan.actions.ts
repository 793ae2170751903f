import '../../documents/letter.ts'
