import type { Db } from '../../db/tx.ts'
import { asDate, type CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import {
  type Account,
  type AccountCategory,
  type AccountRow,
  accountsMax,
  toAccount,
} from './account.ts'
import { listBalances } from './balance.queries.ts'

const columns = `account_id, code, name, description, category, subcategory, role, level, currency,
  is_header, is_system, external_id, metadata, archived_at, created_at, updated_at`

/** One account by its code, archived ones too, or undefined. */
export async function findAccount(
  db: Db,
  businessId: Id<'business'>,
  code: string,
): Promise<Account | undefined> {
  const [row] = await db.query<AccountRow>({
    name: 'find_account',
    text: `select ${columns} from account where business_id = $1 and code = $2`,
    values: [businessId, code],
  })
  return row && toAccount(row)
}

/** Refuses: resource.not_found. */
export async function getAccount(
  db: Db,
  businessId: Id<'business'>,
  code: string,
): Promise<Account> {
  const account = await findAccount(db, businessId, code)
  if (account === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Account', id: code })
  }
  return account
}

type Filter = Readonly<{
  businessId: Id<'business'>
  category?: AccountCategory | undefined
  isActive?: boolean | undefined
  externalId?: string | undefined
}>

/** The chart in order of code, at most 10,000 accounts. */
export async function listAccounts(
  db: Db,
  { businessId, category, isActive, externalId }: Filter,
): Promise<readonly Account[]> {
  const rows = await db.query<AccountRow>({
    name: 'list_accounts',
    text: `select ${columns} from account
      where business_id = $1 and ($2::text is null or category = $2)
        and ($3::boolean is null or (archived_at is null) = $3)
        and ($4::text is null or external_id = $4)
      order by code, account_id limit ${accountsMax}`,
    values: [businessId, category ?? null, isActive ?? null, externalId ?? null],
  })
  return rows.map(toAccount)
}

/** How many accounts a business has, archived ones too. */
export async function countAccounts(db: Db, businessId: Id<'business'>): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    text: 'select count(*) as count from account where business_id = $1',
    values: [businessId],
  })
  return Number(row?.count ?? 0n)
}

/** Debits less credits in base currency per account at the end of a day, both buckets. */
export async function sumBalances(
  db: Db,
  businessId: Id<'business'>,
  date: CalendarDate,
): Promise<ReadonlyMap<Id<'account'>, bigint>> {
  const balanceByAccountId = new Map<Id<'account'>, bigint>()
  for (const row of await listBalances(db, { businessId, dates: [date] })) {
    const known = balanceByAccountId.get(row.accountId) ?? 0n
    balanceByAccountId.set(row.accountId, known + row.debitBase - row.creditBase)
  }
  return balanceByAccountId
}

/** Whether an account holds nothing, in base and in every currency, whatever the date. */
export async function isEmptyAccount(
  db: Db,
  businessId: Id<'business'>,
  accountId: Id<'account'>,
): Promise<boolean> {
  const rows = await listBalances(db, { businessId, dates: [endOfTime] })
  const sumByCurrency = new Map<string, readonly [amount: bigint, base: bigint]>()
  for (const row of rows) {
    if (row.accountId !== accountId) continue
    const [amount, base] = sumByCurrency.get(row.currency) ?? [0n, 0n]
    const sum = [amount + row.debit - row.credit, base + row.debitBase - row.creditBase] as const
    sumByCurrency.set(row.currency, sum)
  }
  return [...sumByCurrency.values()].every(([amount, base]) => amount === 0n && base === 0n)
}

const endOfTime = asDate('9999-12-31')
