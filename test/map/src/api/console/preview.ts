import '@myriaddreamin/typst-ts-node-compiler'
