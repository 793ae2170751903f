import { randomBytes } from 'node:crypto'
import { companions } from '../src/companions.ts'
import { Gate } from '../src/db/lane.ts'
import { openPool, type Pool } from '../src/db/pool.ts'
import { type Db, readSnapshot } from '../src/db/tx.ts'
import { Vault } from '../src/db/vault.ts'
import type { Action, Command, Ctx } from '../src/db/write.ts'
import { assert } from '../src/kernel/assert.ts'
import { asDate, type CalendarDate, type Instant } from '../src/kernel/dates.ts'
import { isRefusal } from '../src/kernel/errors.ts'
import { asId, type Id } from '../src/kernel/ids.ts'
import { parseAmount, toDecimalText } from '../src/kernel/money.ts'
import { createOrganization } from '../src/modules/access/organization.actions.ts'
import { openBusiness } from '../src/modules/ledger/account.actions.ts'
import { listBalances } from '../src/modules/ledger/balance.queries.ts'
import { createParty } from '../src/modules/parties/party.actions.ts'
import type { NewParty, Party } from '../src/modules/parties/party.ts'
import type { NewInvoice } from '../src/modules/sales/invoice.ts'
import { clusterAddress, dropDatabase, freshDatabase } from './cluster.ts'
import { newUuid, noon } from './lane.ts'

type Business = NonNullable<Parameters<typeof openBusiness>[1]>

/** A live business with its whole chart, in a database of its own; documents without HTTP. */
export type Shop = Readonly<{
  gate: Gate
  pool: Pool
  owner: Pool
  masterKey: Buffer
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  /** Runs an action and answers its result. */
  write: <Input, Result>(
    action: Action<Ctx, Input, Result>,
    input: Input,
    more?: Partial<Command<Ctx, Input, Result>>,
  ) => Promise<Result>
  /** The code of the refusal, or `accepted`. */
  outcome: <Input, Result>(action: Action<Ctx, Input, Result>, input: Input) => Promise<string>
  read: <Result>(work: (db: Db) => Promise<Result>) => Promise<Result>
  /** A party with a made-up name unless one is given. */
  party: (given?: Partial<NewParty>) => Promise<Party>
  /** Balances per account in base currency: `1001 +107.50 | 4000 -107.50`. */
  balances: (date?: string) => Promise<string>
  /** Lines of an entry: `1021 +107.50 | 4000 -100.00`, foreign ones `1021 USD +1.00 (+1500.00)`. */
  entry: (entryId: string | null) => Promise<string>
  /** Differences between open items and control accounts per account and currency; none is right. */
  outOfStep: () => Promise<readonly string[]>
  counts: () => Promise<Readonly<Record<string, number>>>
  close: () => Promise<void>
}>

/** Opens a shop of its own for a test file, Nigerian unless told otherwise. */
export async function aShop(options: Partial<Business> = {}): Promise<Shop> {
  const database = await freshDatabase()
  const { socketDir: host, port, user } = clusterAddress()
  const where = { host, port, user, database }
  const masterKey = randomBytes(32)
  const vault = new Vault({ masterKey, root: masterKey })
  const pool = openPool({ ...where, role: 'tallystick_app', connectionsMax: 6, vault })
  const owner = openPool({ ...where, role: 'tallystick_owner', connectionsMax: 2, vault })
  const gate = new Gate({ pool, companions, random: randomBytes, transactionsMax: 4 })
  const organizationId = asId('organization', newUuid())
  const businessId = asId('business', newUuid())
  const tenant = { organizationId, businessId }
  const by = { actor: 'key:test', now: noon }
  await gate.write({
    ...by,
    tenant: { organizationId },
    action: createOrganization,
    input: { name: 'Test' },
  })
  const business: Business = {
    ...{ name: 'Shop', environment: 'live', baseCurrency: 'NGN', country: 'NG' },
    ...{ booksStart: asDate('2020-01-01'), ...options },
  }
  await gate.write({ ...by, tenant, action: openBusiness, input: business })
  const read: Shop['read'] = (work) => readSnapshot(pool, tenant, work)
  const write: Shop['write'] = async (action, input, more = {}) => {
    const done = await gate.write({ ...by, tenant, action, input, ...more })
    assert('value' in done, 'nothing is replayed here')
    return done.value
  }
  return {
    ...{ gate, pool, owner, masterKey, organizationId, businessId, read, write },
    outcome: async (action, input) => {
      try {
        await write(action, input)
        return 'accepted'
      } catch (error) {
        if (isRefusal(error)) return error.code
        throw error
      }
    },
    party: (given = {}) => write(createParty, { name: 'Lantern & Rye Ltd', ...given }),
    balances: (date = '2027-12-31') => read((db) => balancesOf(db, businessId, asDate(date))),
    entry: (entryId) => read((db) => entryOf(db, businessId, entryId ?? '')),
    outOfStep: () => read((db) => outOfStep(db, businessId)),
    counts: () => read((db) => countsOf(db, businessId)),
    close: async () => {
      await gate.close()
      await Promise.all([pool.end(), owner.end()])
      await dropDatabase(database)
    },
  }
}

/** An invoice over one line unless told otherwise: two days at 50,000.00 with 7.5 % tax. */
export const anInvoice = (customerId: string, given: Partial<NewInvoice> = {}): NewInvoice => ({
  customerId,
  issueDate: asDate('2026-06-10'),
  dueDate: asDate('2026-07-10'),
  currency: 'NGN',
  notes: null,
  terms: null,
  template: 'modern',
  pricesIncludeTax: false,
  discountPercent: '0',
  purchaseOrder: null,
  externalId: null,
  metadata: {},
  surface: 'invoicing',
  status: 'sent',
  lines: [{ description: 'Survey', quantity: '2', unitPrice: '50000', taxPercent: '7.5' }],
  ...given,
})

/** Minor units of an amount in major units. */
export const minor = (text: string, currency = 'NGN'): bigint =>
  parseAmount(text, currency, 'amount').minor

export const at = (date: string): Readonly<{ now: Instant }> => ({
  now: `${date}T17:00:00.000Z` as Instant,
})

async function balancesOf(db: Db, businessId: Id<'business'>, date: CalendarDate): Promise<string> {
  const codes = await db.query<{ id: string; code: string }>({
    text: 'select account_id as id, code from account where business_id = $1',
    values: [businessId],
  })
  const codeById = new Map(codes.map(({ id, code }) => [id, code]))
  const totalByCode = new Map<string, bigint>()
  for (const row of await listBalances(db, { businessId, dates: [date] })) {
    const code = codeById.get(row.accountId) ?? ''
    totalByCode.set(code, (totalByCode.get(code) ?? 0n) + row.debitBase - row.creditBase)
  }
  return [...totalByCode]
    .filter(([, total]) => total !== 0n)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, total]) => `${code} ${signed(total, 'NGN')}`)
    .join(' | ')
}

type LineRow = { code: string; currency: string; amount: bigint; base: bigint; own: string }

async function entryOf(db: Db, businessId: Id<'business'>, entryId: string): Promise<string> {
  const lines = await db.query<LineRow>({
    text: `select a.code, l.currency, l.amount, l.base_amount as base, b.base_currency as own
      from journal_line as l
      join account as a on a.business_id = l.business_id and a.account_id = l.account_id
      join business as b on b.business_id = l.business_id
      where l.business_id = $1 and l.entry_id = $2 order by l.line_no`,
    values: [businessId, entryId],
  })
  return lines
    .map(({ code, currency, amount, base, own }) =>
      currency === own
        ? `${code} ${signed(amount, currency)}`
        : `${code} ${currency} ${signed(amount, currency)} (${signed(base, own)})`,
    )
    .join(' | ')
}

const signed = (amount: bigint, currency: string): string =>
  `${amount < 0n ? '' : '+'}${toDecimalText({ minor: amount, currency })}`

/** Open items against control accounts, in amount and in base. */
async function outOfStep(db: Db, businessId: Id<'business'>): Promise<readonly string[]> {
  const rows = await db.query<{ role: string; currency: string; party: string; text: string }>({
    text: `
      with item as (
        select case side when 'AR' then 'receivables' when 'AP' then 'payables'
            when 'DEP' then 'customer_deposits' else 'supplier_deposits' end as role,
          party_id, currency,
          sum(case when side in ('AR', 'SDP') then open_amount else -open_amount end) as amount,
          sum(case when side in ('AR', 'SDP') then open_base else -open_base end) as base
        from open_item where business_id = $1 group by 1, 2, 3
      ), control as (
        select a.role, l.party_id, l.currency, sum(l.amount) as amount, sum(l.base_amount) as base
        from journal_line as l
        join account as a on a.business_id = l.business_id and a.account_id = l.account_id
        where l.business_id = $1
          and a.role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits')
        group by 1, 2, 3
      ), allocated as (
        select i.item_id from open_item as i
        left join allocation as a on a.business_id = i.business_id and a.item_id = i.item_id
        where i.business_id = $1
        group by i.business_id, i.item_id
        having i.original_amount - coalesce(sum(a.amount), 0) <> i.open_amount
          or i.original_base - coalesce(sum(a.base), 0) <> i.open_base
      )
      select role, currency, party_id::text as party,
        format('%s/%s against %s/%s', i.amount, i.base, c.amount, c.base) as text
      from item as i full join control as c using (role, party_id, currency)
      where coalesce(i.amount, 0) <> coalesce(c.amount, 0)
        or coalesce(i.base, 0) <> coalesce(c.base, 0)
      union all
      select 'allocations', '', item_id::text, 'do not add up' from allocated`,
    values: [businessId],
  })
  return rows.map(({ role, currency, party, text }) => `${role} ${currency} ${party}: ${text}`)
}

async function countsOf(
  db: Db,
  businessId: Id<'business'>,
): Promise<Readonly<Record<string, number>>> {
  const [row] = await db.query<Record<string, number>>({
    text: `select
      (select count(*)::int from journal_entry where business_id = $1) as entries,
      (select count(*)::int from document where business_id = $1) as documents,
      (select count(*)::int from number_register where business_id = $1) as numbers,
      (select count(*)::int from allocation where business_id = $1) as allocations,
      (select count(*)::int from event where tenant_id = $1) as events`,
    values: [businessId],
  })
  return row ?? {}
}
