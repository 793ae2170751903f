import '../../db/write.ts'
