import './product.ts'
