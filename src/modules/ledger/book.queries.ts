import type { Db, Tenant } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Id } from '../../kernel/ids.ts'
import { findBusiness } from '../access/business.queries.ts'
import type { Business } from '../access/business.ts'
import { type Account, type AccountRow, mapByRole, toAccount } from './account.ts'
import type { Lock } from './period.ts'

/** What every posting of a business looks at; small, and kept by the lane until it changes. */
export type Book = Readonly<{
  /** Its settings; the state is left out, because it is judged anew for every request. */
  business: Omit<Business, 'status' | 'suspendedAt'>
  accounts: readonly Account[]
  accountById: ReadonlyMap<Id<'account'>, Account>
  accountByCode: ReadonlyMap<string, Account>
  /** The one account of a role; for `cash` and `bank` the one with the lowest code. */
  accountByRole: ReadonlyMap<string, Account>
  locks: readonly Lock[]
}>

/** Settings, accounts in order of code (at most 10,000) and the locks in force. */
export async function loadBook(db: Db, { organizationId, businessId }: Tenant): Promise<Book> {
  assert(businessId !== undefined, 'a book belongs to a business')
  const business = await findBusiness(db, organizationId, businessId)
  assert(business !== undefined, 'a lane belongs to a business that exists')
  const rows = await db.query<AccountRow>({
    name: 'load_accounts',
    text: `select account_id, code, name, description, category, subcategory, role, level, currency,
        is_header, is_system, archived_at, created_at, updated_at
      from account where business_id = $1 order by code, account_id limit 10000`,
    values: [businessId],
  })
  const locks = await db.query<Lock>({
    name: 'load_locks',
    text: `select distinct on (kind, scope) kind, scope, through_date as through
      from period_lock where business_id = $1 order by kind, scope, seq desc limit 20`,
    values: [businessId],
  })
  const accounts = rows.map(toAccount)
  return {
    business,
    accounts,
    accountById: new Map(accounts.map((account) => [account.id, account])),
    accountByCode: new Map(accounts.map((account) => [account.code, account])),
    accountByRole: mapByRole(accounts),
    locks,
  }
}
