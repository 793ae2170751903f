import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'

/** Accounts of one business. Source: ledger specification 12. */
export const accountsMax = 10_000

/**
 * Room for one more account.
 * Refuses: validation.failed.
 */
export function requireRoom(accountCount: number): void {
  if (accountCount < accountsMax) return
  const message = `the chart holds at most ${accountsMax} accounts`
  const issue = { pointer: '/code', path: 'code', rule: 'items', message } as const
  throw new Refusal('validation.failed', { issues: [issue] })
}

export const accountCategories = [
  'asset',
  'liability',
  'equity',
  'revenue',
  'expense',
  'cost_of_sales',
] as const

export type AccountCategory = (typeof accountCategories)[number]

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
  /** The caller's own id of it, unique in the business. */
  externalId: string | null
  /** What callers note beside it: names and texts. */
  metadata: Readonly<Record<string, string>>
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
  external_id: string | null
  metadata: Readonly<Record<string, string>>
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
  externalId: row.external_id,
  metadata: row.metadata,
  archivedAt: row.archived_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const debitNormal: ReadonlySet<AccountCategory> = new Set(['asset', 'cost_of_sales', 'expense'])

/** True where a debit makes the balance grow. Source: ledger specification 1 (category). */
export const isDebitNormal = (category: AccountCategory): boolean => debitNormal.has(category)

/** Roles that one account may stand for where a chart has fewer accounts than roles. */
const roleAliases: Readonly<Record<string, string>> = { vat_provision: 'vat_payable' }

/**
 * The account of each role: of several `cash` or `bank` accounts the one with the lowest code. In a
 * chart with one output tax account, that account stands for both output tax roles.
 * Source: ledger specification 4.5.
 */
export function mapByRole(accounts: readonly Account[]): ReadonlyMap<string, Account> {
  const accountByRole = new Map<string, Account>()
  for (const account of accounts) {
    const { role, archivedAt } = account
    if (role === null || archivedAt !== null) continue
    const known = accountByRole.get(role)
    if (known === undefined || account.code < known.code) accountByRole.set(role, account)
  }
  for (const [role, standIn] of Object.entries(roleAliases)) {
    const account = accountByRole.get(standIn)
    if (account !== undefined && !accountByRole.has(role)) accountByRole.set(role, account)
  }
  return accountByRole
}

/** An amount of an account in its own direction: positive when the account grew. Minor units. */
export const inNormalDirection = (category: AccountCategory, balance: bigint): bigint =>
  isDebitNormal(category) ? balance : -balance
