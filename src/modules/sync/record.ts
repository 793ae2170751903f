/** Every data type of the contract. Source: Connect schemas 2.1. */
export const dataTypes = [
  'accountTransactions',
  'balanceSheet',
  'bankAccounts',
  'bankTransactions',
  'billCreditNotes',
  'billPayments',
  'bills',
  'cashFlowStatement',
  'chartOfAccounts',
  'company',
  'creditNotes',
  'customers',
  'directCosts',
  'directIncomes',
  'invoices',
  'itemReceipts',
  'items',
  'journalEntries',
  'journals',
  'paymentMethods',
  'payments',
  'profitAndLoss',
  'purchaseOrders',
  'salesOrders',
  'suppliers',
  'taxRates',
  'trackingCategories',
  'transfers',
  'banking-accountBalances',
  'banking-accounts',
  'banking-transactionCategories',
  'banking-transactions',
  'commerce-companyInfo',
  'commerce-customers',
  'commerce-disputes',
  'commerce-locations',
  'commerce-orders',
  'commerce-paymentMethods',
  'commerce-payments',
  'commerce-productCategories',
  'commerce-products',
  'commerce-taxComponents',
  'commerce-transactions',
] as const

export type DataType = (typeof dataTypes)[number]

/** The data types whose records this release keeps and serves one by one. */
export const recordTypes = [
  'chartOfAccounts',
  'customers',
  'invoices',
  'journalEntries',
] as const satisfies readonly DataType[]

export type RecordType = (typeof recordTypes)[number]

/** The data type a text names, in any case. */
export const findDataType = (text: string): DataType | undefined =>
  dataTypeByLowerCase.get(text.toLowerCase())

const dataTypeByLowerCase: ReadonlyMap<string, DataType> = new Map(
  dataTypes.map((dataType) => [dataType.toLowerCase(), dataType]),
)

export type SourceType = 'Accounting' | 'Banking' | 'BankFeed' | 'Commerce' | 'Expense' | 'Other'

export type FeatureType =
  | 'Get'
  | 'Post'
  | 'Put'
  | 'Delete'
  | 'GetAsPdf'
  | 'DownloadAttachment'
  | 'GetAttachment'
  | 'GetAttachments'
  | 'UploadAttachment'
  | 'Categorization'

export type FeatureState =
  | 'Release'
  | 'Alpha'
  | 'Beta'
  | 'Deprecated'
  | 'NotSupported'
  | 'NotImplemented'

export type Features = Readonly<Partial<Record<FeatureType, FeatureState>>>

/**
 * What a platform is and can do. The table of features drives the list of integrations, the
 * refusals of unsupported types, and which types a first link queues.
 * Source: Connect specification 11.2.
 */
export type Manifest = Readonly<{
  /** Four lower-case letters. */
  key: string
  name: string
  /** Name of the platform in the `service` of its errors. */
  serviceName: string
  sourceType: SourceType
  integrationId: string
  sourceId: string
  isEnabled: boolean
  isOfflineConnector: boolean
  /** Who supplies the data when it is not the platform itself, such as `simulator`. */
  dataProvidedBy?: string
  /** Total over the data types, in the order in which a first link queues them. */
  features: Readonly<Record<DataType, Features>>
  /** Only a platform without a remote side: its books, which follow from a seed alone. */
  buildBooks?: (seed: number) => SyntheticBooks
}>

/** Everything that a platform without a remote side can be read for. */
export type SyntheticBooks = Readonly<{
  company: CanonicalRecord
  records: Readonly<Record<RecordType, readonly CanonicalRecord[]>>
}>

const usableStates: ReadonlySet<FeatureState | undefined> = new Set([
  'Release',
  'Alpha',
  'Beta',
  'Deprecated',
])

/** Whether a platform offers a feature of a data type today. */
export const isSupported = (
  { features }: Manifest,
  dataType: DataType,
  feature: FeatureType,
): boolean => usableStates.has(features[dataType][feature])

/** The data types a platform can be read for, in the manifest's order. */
export const readableTypes = (manifest: Manifest): readonly DataType[] =>
  orderedTypes(manifest).filter((dataType) => isSupported(manifest, dataType, 'Get'))

/** The data types of a manifest in its order. */
export const orderedTypes = ({ features }: Manifest): readonly DataType[] =>
  // The table is total, so its keys are exactly the data types.
  Object.keys(features) as DataType[]

/** True while nothing of a platform has been released. Source: Connect specification 11.1. */
export const isBeta = ({ features }: Manifest): boolean =>
  !Object.values(features).some((row) => Object.values(row).includes('Release'))

/** A canonical record: what Connect shows, whatever platform it came from. */
export type CanonicalRecord = Readonly<Record<string, unknown>> & Readonly<{ id: string }>
