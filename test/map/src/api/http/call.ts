import '../../modules/sales/product.ts'
