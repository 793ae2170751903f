import type { Properties, PropertyKind } from './filter.ts'
import type { RecordType } from './record.ts'

/** What a list holds, as its refusals name it. Source: Connect specification 8.5. */
export type Entity =
  | 'Company'
  | 'DataConnection'
  | 'Integration'
  | 'Dataset'
  | 'PushOperation'
  | 'Account'
  | 'Customer'
  | 'Invoice'
  | 'JournalEntry'

const properties = (table: Readonly<Record<string, PropertyKind>>): Properties =>
  new Map(Object.entries(table))

const common = {
  id: 'id',
  modifiedDate: 'date',
  sourceModifiedDate: 'date',
  'metadata.isDeleted': 'boolean',
} as const

/**
 * What each list can be filtered and ordered by; paths into arrays are absent on purpose.
 * Source: Connect specification 8.4 and 8.5, Connect schemas 2 and 4.
 */
export const propertiesByEntity: Readonly<Record<Entity, Properties>> = {
  Company: properties({
    id: 'id',
    name: 'text',
    description: 'text',
    platform: 'text',
    redirect: 'text',
    created: 'date',
    lastSync: 'date',
    createdByUserName: 'text',
  }),
  DataConnection: properties({
    id: 'id',
    integrationId: 'id',
    integrationKey: 'text',
    sourceId: 'id',
    sourceType: 'choice',
    platformName: 'text',
    linkUrl: 'text',
    status: 'choice',
    lastSync: 'date',
    created: 'date',
  }),
  Integration: properties({
    key: 'text',
    name: 'text',
    logoUrl: 'text',
    enabled: 'boolean',
    sourceId: 'id',
    sourceType: 'choice',
    integrationId: 'id',
    isOfflineConnector: 'boolean',
    isBeta: 'boolean',
    dataProvidedBy: 'text',
  }),
  Dataset: properties({
    id: 'id',
    companyId: 'id',
    connectionId: 'id',
    dataType: 'text',
    status: 'choice',
    statusDescription: 'text',
    errorMessage: 'text',
    requested: 'date',
    completed: 'date',
  }),
  PushOperation: properties({
    companyId: 'id',
    pushOperationKey: 'id',
    dataConnectionKey: 'id',
    dataType: 'text',
    status: 'choice',
    statusCode: 'number',
    requestedOnUtc: 'date',
    completedOnUtc: 'date',
    timeoutInMinutes: 'number',
    errorMessage: 'text',
  }),
  Account: properties({
    ...common,
    nominalCode: 'text',
    name: 'text',
    description: 'text',
    fullyQualifiedCategory: 'text',
    fullyQualifiedName: 'text',
    currency: 'text',
    currentBalance: 'number',
    type: 'choice',
    status: 'choice',
    isBankAccount: 'boolean',
  }),
  Customer: properties({
    ...common,
    customerName: 'text',
    contactName: 'text',
    emailAddress: 'text',
    defaultCurrency: 'text',
    phone: 'text',
    registrationNumber: 'text',
    taxNumber: 'text',
    status: 'choice',
  }),
  Invoice: properties({
    ...common,
    invoiceNumber: 'text',
    'customerRef.id': 'id',
    'customerRef.companyName': 'text',
    issueDate: 'date',
    dueDate: 'date',
    paidOnDate: 'date',
    currency: 'text',
    currencyRate: 'number',
    totalDiscount: 'number',
    subTotal: 'number',
    totalTaxAmount: 'number',
    totalAmount: 'number',
    amountDue: 'number',
    discountPercentage: 'number',
    status: 'choice',
    note: 'text',
  }),
  JournalEntry: properties({
    ...common,
    description: 'text',
    postedOn: 'date',
    createdOn: 'date',
    updatedOn: 'date',
    'journalRef.id': 'id',
    'journalRef.name': 'text',
    'recordRef.id': 'id',
    'recordRef.dataType': 'text',
  }),
}

/** Fields of a company's connections that companies can be asked for, as `dataConnections.…`. */
export const companyConnectionPrefix = 'dataConnections.'

export const entityByRecordType: Readonly<Record<RecordType, Entity>> = {
  chartOfAccounts: 'Account',
  customers: 'Customer',
  invoices: 'Invoice',
  journalEntries: 'JournalEntry',
}
