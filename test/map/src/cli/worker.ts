import '../jobs/worker.ts'
