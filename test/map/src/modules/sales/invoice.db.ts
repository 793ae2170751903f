import './product.actions.ts'
