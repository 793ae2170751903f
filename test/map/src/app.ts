import './api/http/route.ts'
