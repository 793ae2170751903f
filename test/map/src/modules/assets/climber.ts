import '../payroll/above.ts'
