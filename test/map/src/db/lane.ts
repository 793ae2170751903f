import '../modules/plans/plan.ts'
