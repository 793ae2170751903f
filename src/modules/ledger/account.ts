import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

export const accountsMax = 10_000

export type AccountCategory =
  | 'asset'
  | 'liability'
  | 'equity'
  | 'revenue'
  | 'cost_of_sales'
  | 'expense'

/** `locked`: only documents post; `tagged`: tax accounts; `open`: everybody. */
export type ControlLevel = 'locked' | 'tagged' | 'open'

export type Account = Readonly<{
  id: Id<'account'>
  code: string
  name: string
  description: string | null
  category: AccountCategory
  subcategory: string
  role: string | null
  level: ControlLevel
  /** Set when the account holds one currency only. */
  currency: string | null
  isHeader: boolean
  isSystem: boolean
  archivedAt: Instant | null
  createdAt: Instant
  updatedAt: Instant
}>

/** The account's row as the database answers it. */
export type AccountRow = Readonly<{
  account_id: Id<'account'>
  code: string
  name: string
  description: string | null
  category: AccountCategory
  subcategory: string
  role: string | null
  level: ControlLevel
  currency: string | null
  is_header: boolean
  is_system: boolean
  archived_at: Instant | null
  created_at: Instant
  updated_at: Instant
}>

export const toAccount = (row: AccountRow): Account => ({
  id: row.account_id,
  code: row.code,
  name: row.name,
  description: row.description,
  category: row.category,
  subcategory: row.subcategory,
  role: row.role,
  level: row.level,
  currency: row.currency,
  isHeader: row.is_header,
  isSystem: row.is_system,
  archivedAt: row.archived_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const debitNormal: ReadonlySet<AccountCategory> = new Set(['asset', 'cost_of_sales', 'expense'])

/** True where a debit makes the balance grow. Source: ledger specification 1 (category). */
export const isDebitNormal = (category: AccountCategory): boolean => debitNormal.has(category)
