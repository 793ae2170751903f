import { type Static, type TProperties, Type } from 'typebox'
import { dataTypes } from '../../modules/sync/record.ts'

/** An object of the contract; members outside of it are a defect of ours. */
const shape = <P extends TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

const maybe = Type.Optional
const text = Type.String()
const number = Type.Number()
const whole = Type.Integer()
const flag = Type.Boolean()
const guid = Type.String({ format: 'uuid' })
/** A moment in UTC. */
const instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,7})?Z$',
})
/** A local midnight without zone. */
const day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T00:00:00$' })
const texts = Type.Unsafe<Readonly<Record<string, string>>>({
  type: 'object',
  additionalProperties: { type: 'string' },
})

const DataTypeOut = Type.Enum([...dataTypes])
const SourceTypeOut = Type.Enum([
  'Accounting',
  'Banking',
  'BankFeed',
  'Commerce',
  'Expense',
  'Other',
  'Unknown',
])
const DatasetStatusOut = Type.Enum([
  'Initial',
  'Queued',
  'Fetching',
  'MapQueued',
  'Mapping',
  'Complete',
  'FetchError',
  'MapError',
  'InternalError',
  'ProcessingQueued',
  'Processing',
  'ProcessingError',
  'ValidationQueued',
  'Validating',
  'ValidationError',
  'AuthError',
  'Cancelled',
  'NotSupported',
  'RateLimitError',
  'PermissionsError',
  'PrerequisiteNotMet',
])
const ContactStatusOut = Type.Enum(['Unknown', 'Active', 'Archived'])

const Href = shape({ href: maybe(text) })
const Links = shape({ self: Href, current: Href, next: maybe(Href), previous: maybe(Href) })

/** A page of a list as callers see it. */
export const pageOf = <P extends TProperties>(row: ReturnType<typeof Type.Object<P>>) =>
  shape({
    results: Type.Array(row),
    pageNumber: whole,
    pageSize: whole,
    totalResults: whole,
    _links: Links,
  })

const DataConnectionErrorOut = shape({
  statusCode: maybe(text),
  statusText: maybe(text),
  errorMessage: maybe(text),
  erroredOnUtc: maybe(instant),
  status: maybe(Type.Enum(['Active', 'Resolved'])),
  resolvedOnUtc: maybe(instant),
})

export const ConnectionOut = shape({
  id: guid,
  integrationId: guid,
  integrationKey: maybe(text),
  sourceId: guid,
  sourceType: SourceTypeOut,
  platformName: text,
  linkUrl: text,
  status: Type.Enum(['PendingAuth', 'Linked', 'Unlinked', 'Deauthorized']),
  lastSync: maybe(instant),
  created: instant,
  dataConnectionErrors: Type.Array(DataConnectionErrorOut),
  connectionInfo: maybe(texts),
})

export const CompanyOut = shape({
  id: guid,
  name: text,
  description: maybe(text),
  platform: maybe(text),
  redirect: text,
  lastSync: maybe(instant),
  created: maybe(instant),
  createdByUserName: maybe(text),
  products: Type.Array(text),
  tags: texts,
  dataConnections: Type.Array(ConnectionOut),
})

const Feature = shape({
  featureType: Type.Enum([
    'Get',
    'Post',
    'Categorization',
    'Delete',
    'Put',
    'GetAsPdf',
    'DownloadAttachment',
    'GetAttachment',
    'GetAttachments',
    'UploadAttachment',
  ]),
  featureState: Type.Enum([
    'Release',
    'Alpha',
    'Beta',
    'Deprecated',
    'NotSupported',
    'NotImplemented',
  ]),
})

export const IntegrationOut = shape({
  key: Type.String({ pattern: '^[a-z]{4}$' }),
  logoUrl: text,
  name: text,
  enabled: flag,
  sourceId: guid,
  sourceType: SourceTypeOut,
  integrationId: guid,
  isOfflineConnector: flag,
  isBeta: flag,
  dataProvidedBy: maybe(text),
  datatypeFeatures: Type.Array(
    shape({ dataType: DataTypeOut, datatype: DataTypeOut, supportedFeatures: Type.Array(Feature) }),
  ),
})

export const CoverageOut = shape({
  platforms: Type.Array(
    shape({
      platformKey: text,
      platformName: text,
      testedAgainst: text,
      features: Type.Array(shape({ dataType: DataTypeOut, ...Feature.properties })),
    }),
  ),
})

const ImageOut = shape({ image: shape({ src: text, alt: text }) })

export const BrandingOut = shape({
  logo: shape({ full: ImageOut, square: ImageOut }),
  button: shape({ default: ImageOut, hover: ImageOut }),
  sourceId: guid,
})

const DataStatusOut = shape({
  dataType: text,
  lastSuccessfulSync: maybe(instant),
  currentStatus: DatasetStatusOut,
  latestSyncId: maybe(guid),
  latestSuccessfulSyncId: maybe(guid),
})

export const DataStatusesOut = Type.Unsafe<Readonly<Record<string, Static<typeof DataStatusOut>>>>({
  type: 'object',
  additionalProperties: DataStatusOut,
})

export const PullOperationOut = shape({
  id: guid,
  companyId: guid,
  connectionId: guid,
  dataType: text,
  status: DatasetStatusOut,
  statusDescription: maybe(text),
  errorMessage: maybe(text),
  requested: instant,
  completed: maybe(instant),
  progress: whole,
  isCompleted: flag,
  isErrored: flag,
})

const ValidationItemOut = shape({
  itemId: maybe(text),
  message: text,
  validatorName: maybe(text),
})

/** `canBeRetried` and `detailedErrorCode` are ours, on operations that failed. */
export const PushOperationOut = shape({
  changes: maybe(
    Type.Array(
      shape({
        type: Type.Enum(['Unknown', 'Created', 'Modified', 'Deleted', 'AttachmentUploaded']),
        recordRef: shape({ id: text, dataType: text }),
      }),
    ),
  ),
  dataType: DataTypeOut,
  companyId: guid,
  pushOperationKey: guid,
  dataConnectionKey: guid,
  requestedOnUtc: instant,
  completedOnUtc: maybe(instant),
  timeoutInMinutes: maybe(whole),
  timeoutInSeconds: maybe(whole),
  status: Type.Enum(['Pending', 'Failed', 'Success', 'TimedOut']),
  errorMessage: maybe(text),
  validation: maybe(
    shape({ errors: Type.Array(ValidationItemOut), warnings: Type.Array(ValidationItemOut) }),
  ),
  statusCode: whole,
  canBeRetried: maybe(text),
  detailedErrorCode: maybe(whole),
})

const Metadata = shape({ isDeleted: flag })
const head = {
  id: text,
  modifiedDate: instant,
  sourceModifiedDate: instant,
  metadata: Metadata,
} as const
const NamedRef = shape({ id: maybe(text), name: maybe(text) })

export const AccountOut = shape({
  ...head,
  nominalCode: text,
  name: text,
  description: maybe(text),
  fullyQualifiedCategory: text,
  fullyQualifiedName: text,
  currency: text,
  currentBalance: number,
  type: Type.Enum(['Unknown', 'Asset', 'Expense', 'Income', 'Liability', 'Equity']),
  status: Type.Enum(['Unknown', 'Active', 'Archived', 'Pending']),
  isBankAccount: flag,
  validDatatypeLinks: Type.Array(shape({ property: text, links: Type.Array(text) })),
})

const AddressOut = shape({
  type: Type.Enum(['Unknown', 'Billing', 'Delivery']),
  line1: maybe(text),
  line2: maybe(text),
  city: maybe(text),
  region: maybe(text),
  country: maybe(text),
  postalCode: maybe(text),
})

export const CustomerOut = shape({
  ...head,
  customerName: text,
  emailAddress: maybe(text),
  defaultCurrency: maybe(text),
  phone: maybe(text),
  addresses: Type.Array(AddressOut),
  contacts: Type.Array(shape({ name: maybe(text), status: ContactStatusOut })),
  taxNumber: maybe(text),
  status: ContactStatusOut,
})

const InvoiceLineOut = shape({
  description: text,
  unitAmount: number,
  quantity: number,
  discountAmount: number,
  subTotal: number,
  taxAmount: number,
  totalAmount: number,
  discountPercentage: number,
  accountRef: NamedRef,
  taxRateRef: maybe(shape({ id: maybe(text), name: maybe(text), effectiveTaxRate: maybe(number) })),
  itemRef: maybe(shape({ id: text })),
  trackingCategoryRefs: Type.Array(shape({ id: text })),
})

const PaymentAllocationOut = shape({
  payment: shape({
    id: maybe(text),
    note: maybe(text),
    reference: maybe(text),
    accountRef: maybe(NamedRef),
    currency: maybe(text),
    currencyRate: maybe(number),
    paidOnDate: maybe(day),
    totalAmount: maybe(number),
  }),
  allocation: shape({
    currency: maybe(text),
    currencyRate: maybe(number),
    allocatedOnDate: maybe(day),
    totalAmount: maybe(number),
  }),
})

export const InvoiceOut = shape({
  ...head,
  invoiceNumber: text,
  customerRef: shape({ id: text, companyName: text }),
  issueDate: day,
  dueDate: maybe(day),
  paidOnDate: maybe(day),
  currency: text,
  currencyRate: maybe(number),
  lineItems: Type.Array(InvoiceLineOut),
  paymentAllocations: Type.Array(PaymentAllocationOut),
  withholdingTax: maybe(Type.Array(shape({ name: text, amount: number }))),
  totalDiscount: number,
  subTotal: number,
  totalTaxAmount: number,
  totalAmount: number,
  amountDue: number,
  discountPercentage: number,
  status: Type.Enum(['Unknown', 'Draft', 'Submitted', 'PartiallyPaid', 'Paid', 'Void']),
  note: maybe(text),
})

const JournalLineOut = shape({
  description: maybe(text),
  netAmount: number,
  currency: text,
  transactionAmount: maybe(number),
  transactionCurrency: maybe(text),
  accountRef: NamedRef,
  contactRef: maybe(shape({ id: text, dataType: Type.Enum(['customers', 'suppliers']) })),
})

export const JournalEntryOut = shape({
  ...head,
  description: text,
  postedOn: day,
  createdOn: instant,
  updatedOn: instant,
  journalRef: shape({ id: text, name: text }),
  journalLines: Type.Array(JournalLineOut),
  recordRef: maybe(
    shape({
      id: text,
      dataType: Type.Enum([
        'bankTransactions',
        'billCreditNotes',
        'billPayments',
        'bills',
        'creditNotes',
        'directCosts',
        'directIncomes',
        'invoices',
        'journalEntries',
        'payments',
        'transfers',
      ]),
    }),
  ),
})

export const CompanyInfoOut = shape({
  companyName: text,
  accountingPlatformRef: text,
  companyLegalName: maybe(text),
  addresses: Type.Array(AddressOut),
  phoneNumbers: Type.Array(shape({ number: maybe(text), type: text })),
  webLinks: Type.Array(shape({ type: maybe(text), url: maybe(text) })),
  ledgerLockDate: maybe(day),
  financialYearStartDate: day,
  baseCurrency: text,
  sourceUrls: texts,
  createdDate: instant,
})

/** Groups hold lines and lines hold none, so three levels are as deep as a statement goes. */
const Leaf = shape({ accountId: text, name: text, value: number, items: Type.Array(shape({})) })
const Part = shape({ accountId: text, name: text, value: number, items: Type.Array(Leaf) })
const Line = shape({ accountId: text, name: text, value: number, items: Type.Array(Part) })

const available = {
  mostRecentAvailableMonth: maybe(day),
  earliestAvailableMonth: maybe(day),
} as const

export const BalanceSheetOut = shape({
  currency: text,
  reports: Type.Array(
    shape({ date: day, assets: Line, liabilities: Line, netAssets: number, equity: Line }),
  ),
  ...available,
})

export const ProfitAndLossOut = shape({
  reports: Type.Array(
    shape({
      fromDate: day,
      toDate: day,
      income: Line,
      costOfSales: Line,
      grossProfit: number,
      expenses: Line,
      netOperatingProfit: number,
      otherExpenses: Line,
      otherIncome: Line,
      netOtherIncome: number,
      netProfit: number,
    }),
  ),
  reportBasis: Type.Enum(['Unknown', 'Accrual', 'Cash']),
  currency: text,
  ...available,
})
