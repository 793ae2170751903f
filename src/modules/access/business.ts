import { addDays, type CalendarDate, fiscalYearOf, type Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Environment } from './api-key.ts'
import { type DocumentOptions, firstOptions } from './document-options.ts'

export type BusinessStatus = 'active' | 'suspended' | 'archived' | 'closing'

/** One set of books. */
export type Business = Readonly<{
  id: Id<'business'>
  organizationId: Id<'organization'>
  name: string
  legalName: string | null
  environment: Environment
  status: BusinessStatus
  suspendedAt: Instant | null
  baseCurrency: string
  /** ISO 3166-1 alpha-2. */
  country: string
  timeZone: string
  /** `MM-DD`, day 1 to 28. */
  fiscalYearStart: string
  chart: 'generic' | 'nigeria'
  taxRounding: 'document' | 'line'
  roundingMode: 'half_up' | 'half_even'
  numberAt: 'creation' | 'issue'
  /** Nothing is posted before it. */
  booksStart: CalendarDate
  profile: Profile
  createdAt: Instant
  updatedAt: Instant
}>

/** What a business prints about itself, and what its new documents begin with. */
export type Profile = Readonly<{
  email: string | null
  phone: string | null
  website: string | null
  address: string | null
  city: string | null
  state: string | null
  postalCode: string | null
  taxId: string | null
  registrationNumber: string | null
  /** At most five accounts that customers may pay into. */
  bankDetails: readonly BankDetail[]
  /** Names the file of its logo, 64 hexadecimal digits. */
  logoSha256: string | null
  /** Whether new documents take the currency of the customer, then of the business. */
  useDefaultCurrency: boolean
  invoicePrefix: string
  quotationPrefix: string
  defaultTerms: string | null
  defaultNotes: string | null
  /** Days from issue to due date of an invoice that names none. */
  defaultDueDays: number | null
  /** Where receipts go that name no account. */
  defaultDepositAccountCode: string | null
  documentOptions: DocumentOptions
}>

export type BankDetail = Readonly<{
  label: string | null
  name: string | null
  bankName: string | null
  accountNumber: string | null
  sortCode: string | null
  iban: string | null
  bic: string | null
}>

/** What can be changed of a business; what is left out stays. */
export type BusinessChanges = Partial<
  Pick<
    Business,
    'name' | 'legalName' | 'country' | 'timeZone' | 'fiscalYearStart' | 'taxRounding' | 'numberAt'
  >
> &
  Readonly<{ profile?: Partial<Profile>; documentOptions?: Partial<DocumentOptions> }>

export const bankDetailsMax = 5

/** The profile of a business that has said nothing yet. */
export const firstProfile: Profile = {
  email: null,
  phone: null,
  website: null,
  address: null,
  city: null,
  state: null,
  postalCode: null,
  taxId: null,
  registrationNumber: null,
  bankDetails: [],
  logoSha256: null,
  useDefaultCurrency: false,
  invoicePrefix: 'INV-',
  quotationPrefix: 'QT-',
  defaultTerms: null,
  defaultNotes: null,
  defaultDueDays: null,
  defaultDepositAccountCode: null,
  documentOptions: firstOptions,
}

/** The chart that a country's businesses get when nobody chooses one. */
export const chartOf = (country: string): 'generic' | 'nigeria' =>
  country === 'NG' ? 'nigeria' : 'generic'

/** The time zone that a country's businesses get when nobody chooses one. */
export const timeZoneOf = (country: string): string => (country === 'NG' ? 'Africa/Lagos' : 'UTC')

/**
 * The first day that a new business may post on: of the fiscal year before the one it is made in.
 * Source: ledger specification 6.1.
 */
export function defaultBooksStart(today: CalendarDate, fiscalYearStart: string): CalendarDate {
  const thisYear = fiscalYearOf(today, fiscalYearStart)
  return fiscalYearOf(addDays(thisYear.start, -1), fiscalYearStart).start
}
