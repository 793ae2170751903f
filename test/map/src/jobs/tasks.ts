import '../modules/access/person.db.ts'
