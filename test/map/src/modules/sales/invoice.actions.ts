import '../access/person.db.ts'
