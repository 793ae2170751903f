import type { DataType, Features, Manifest } from '../../modules/sync/record.ts'

const read: Features = { Get: 'Release' }
const planned: Features = { Get: 'NotImplemented' }
const never: Features = { Get: 'NotSupported' }

/**
 * The platform that is ourselves: a business of this installation, read live from its ledger.
 * `NotImplemented` marks what later releases of the native matrix add.
 * Source: Connect specification 11.3.
 */
export const nativeManifest: Manifest = {
  key: 'tlsk',
  name: 'Tallystick',
  serviceName: 'Tallystick',
  sourceType: 'Accounting',
  integrationId: '8d5c2b50-77c6-5fa6-b3f8-d11788a882e0',
  sourceId: 'b5415f59-fa92-5fc4-98f4-b4090a1f1d8c',
  isEnabled: true,
  isOfflineConnector: false,
  features: {
    company: read,
    chartOfAccounts: read,
    taxRates: planned,
    trackingCategories: planned,
    customers: read,
    suppliers: planned,
    items: planned,
    bankAccounts: planned,
    paymentMethods: planned,
    journals: planned,
    invoices: { Get: 'Release', Post: 'Release', GetAsPdf: 'Release' },
    creditNotes: planned,
    payments: planned,
    bills: planned,
    billCreditNotes: planned,
    billPayments: planned,
    directCosts: planned,
    directIncomes: planned,
    transfers: planned,
    journalEntries: read,
    bankTransactions: planned,
    accountTransactions: planned,
    salesOrders: planned,
    balanceSheet: read,
    profitAndLoss: read,
    cashFlowStatement: planned,
    itemReceipts: never,
    purchaseOrders: never,
    'banking-accountBalances': never,
    'banking-accounts': never,
    'banking-transactionCategories': never,
    'banking-transactions': never,
    'commerce-companyInfo': never,
    'commerce-customers': never,
    'commerce-disputes': never,
    'commerce-locations': never,
    'commerce-orders': never,
    'commerce-paymentMethods': never,
    'commerce-payments': never,
    'commerce-productCategories': never,
    'commerce-products': never,
    'commerce-taxComponents': never,
    'commerce-transactions': never,
  } satisfies Record<DataType, Features>,
}
