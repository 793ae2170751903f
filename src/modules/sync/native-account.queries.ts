import type { Db } from '../../db/tx.ts'
import { dateIn, type Instant } from '../../kernel/dates.ts'
import { money, toWireNumber } from '../../kernel/money.ts'
import type { Account } from '../ledger/account.ts'
import { type Balance, listBalances } from '../ledger/balance.queries.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { type Listed, type ListQuery, selectPage } from './filter.ts'
import {
  type NativeSource,
  toAccountType,
  toCategory,
  toNormalSide,
  toValidLinks,
} from './native.ts'
import type { CanonicalRecord } from './record.ts'

/**
 * A page of the chart of accounts with today's balances, in order of code by default. A chart has
 * at most 10,000 accounts, so filter and order work on the records themselves.
 */
export async function listNativeAccounts(
  db: Db,
  { organizationId, businessId, now }: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const { accounts, business } = await loadBook(db, { organizationId, businessId })
  const today = dateIn(now, business.timeZone)
  const balances = await listBalances(db, { businessId, dates: [today] })
  const postings = await db.query<{ account_id: string; recorded_at: Instant }>({
    name: 'last_posting_by_account',
    text: `
      with last as (
        select l.account_id, max(l.entry_seq) as entry_seq from journal_line as l
        where l.business_id = $1 group by l.account_id
      )
      select last.account_id, e.recorded_at from last
      join journal_entry as e on e.business_id = $1 and e.entry_seq = last.entry_seq
      order by last.account_id limit 10000`,
    values: [businessId],
  })
  const postedAt = new Map(postings.map(({ account_id, recorded_at }) => [account_id, recorded_at]))
  const balancesOf = new Map<string, Balance[]>(accounts.map(({ id }) => [id, []]))
  for (const balance of balances) balancesOf.get(balance.accountId)?.push(balance)
  const records = accounts.map((account) =>
    toRecord(account, {
      baseCurrency: business.baseCurrency,
      balances: balancesOf.get(account.id) ?? [],
      postedAt: postedAt.get(account.id),
    }),
  )
  return selectPage(records, query)
}

type State = Readonly<{
  baseCurrency: string
  balances: readonly Balance[]
  postedAt: Instant | undefined
}>

function toRecord(account: Account, { baseCurrency, balances, postedAt }: State): CanonicalRecord {
  const category = toCategory(account)
  const currency = account.currency ?? baseCurrency
  const isBase = currency === baseCurrency
  const debit = balances.reduce(
    (sum, row) => sum + (isBase ? row.debitBase - row.creditBase : row.debit - row.credit),
    0n,
  )
  const { updatedAt } = account
  const modifiedDate = postedAt !== undefined && postedAt > updatedAt ? postedAt : updatedAt
  return {
    id: account.id,
    modifiedDate,
    sourceModifiedDate: modifiedDate,
    nominalCode: account.code,
    name: account.name,
    ...(account.description !== null && { description: account.description }),
    fullyQualifiedCategory: category,
    fullyQualifiedName: `${category}.${account.name}`,
    currency,
    currentBalance: toWireNumber(money(toNormalSide(account, debit), currency)),
    type: toAccountType(account),
    status: account.archivedAt === null ? 'Active' : 'Archived',
    isBankAccount: category === 'Asset.Bank',
    validDatatypeLinks: [{ property: 'Id', links: toValidLinks(account) }],
    metadata: { isDeleted: false },
  }
}
