import { randomBytes } from 'node:crypto'
import { companions } from '../src/companions.ts'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { Gate } from '../src/db/lane.ts'
import { openPool, type Pool } from '../src/db/pool.ts'
import { type Db, readSnapshot, type Tenant } from '../src/db/tx.ts'
import type { Action, Command, Ctx, Done } from '../src/db/write.ts'
import { asDate, type CalendarDate, type Instant } from '../src/kernel/dates.ts'
import { asId, type Id, uuidV7 } from '../src/kernel/ids.ts'
import { parseAmount } from '../src/kernel/money.ts'
import { listBalances } from '../src/modules/ledger/balance.queries.ts'
import type { Journal } from '../src/modules/ledger/journal.ts'
import { clusterAddress, dropDatabase, freshDatabase } from './cluster.ts'

export const noon = '2026-06-15T12:00:00.000Z' as Instant

const accounts = [
  ['1001', 'Cash', 'asset', 'current_asset', 'cash', 'open'],
  ['1011', 'Bank', 'asset', 'current_asset', 'bank', 'open'],
  ['1021', 'Trade Debtors', 'asset', 'current_asset', 'receivables', 'locked'],
  ['2021', 'Output tax', 'liability', 'current_liability', 'vat_payable', 'tagged'],
  ['3001', 'Share Capital', 'equity', 'equity', null, 'open'],
  ['4000', 'Revenue', 'revenue', 'operating_revenue', 'revenue', 'open'],
  ['5020', 'Rent', 'expense', 'operating_expense', null, 'open'],
] as const

/** A business with seven accounts, in a database of its own, with nothing above the ledger. */
export type Ledger = Readonly<{
  gate: Gate
  pool: Pool
  owner: Pool
  tenant: Tenant & Readonly<{ businessId: Id<'business'> }>
  database: string
  write: <Input, Result>(
    action: Action<Ctx, Input, Result>,
    input: Input,
    more?: Partial<Command<Ctx, Input, Result>>,
  ) => Promise<Done<Result>>
  read: <Result>(work: (db: Db) => Promise<Result>) => Promise<Result>
  /** Balance per account code as text, zero balances left out: `1001 +107.50 | 4000 -107.50`. */
  balances: (date?: string) => Promise<string>
  addBusiness: () => Promise<Tenant & Readonly<{ businessId: Id<'business'> }>>
  /** A second gate with connections of its own, as another process has it. */
  openGate: (given?: Given) => Readonly<{ gate: Gate; pool: Pool }>
  close: () => Promise<void>
}>

type Given = Readonly<{
  bounds?: ConstructorParameters<typeof Gate>[0]['bounds']
  /** Where the database is; absent: the server of the run. */
  address?: DatabaseAddress
  connectionsMax?: number
}>

export const newUuid = (): string => uuidV7(Date.parse(noon), randomBytes(10))

/** Opens a ledger of its own for a test file. */
export async function aLedger(given: Given = {}): Promise<Ledger> {
  const { address = clusterAddress() } = given
  const database = await freshDatabase(address)
  const opened: { gate: Gate; pool: Pool }[] = []
  const openGate = (own: Given = {}): Readonly<{ gate: Gate; pool: Pool }> => {
    const { socketDir: host, port, user } = own.address ?? address
    const { bounds = {}, connectionsMax = 6 } = { ...given, ...own }
    const pool = openPool({ host, port, user, database, role: 'tallystick_app', connectionsMax })
    const gate = new Gate({ pool, companions, random: randomBytes, transactionsMax: 4, bounds })
    opened.push({ gate, pool })
    return { gate, pool }
  }
  const { gate, pool } = openGate()
  const { socketDir: host, port, user } = address
  const owner = openPool({
    ...{ host, port, user, database },
    ...{ role: 'tallystick_owner', connectionsMax: 2 },
  })
  const organizationId = asId('organization', newUuid())
  await owner.query(
    `insert into organization (organization_id, name, slug, created_at) values ($1, 'Test', $2, $3)`,
    [organizationId, `t-${organizationId.slice(24)}`, noon],
  )
  const addBusiness = async () => {
    const businessId = asId('business', newUuid())
    await owner.query(
      `insert into business (organization_id, business_id, name, environment, base_currency, country,
        time_zone, fiscal_year_start, chart, books_start, created_at)
       values ($1, $2, 'Shop', 'live', 'NGN', 'NG', 'Africa/Lagos', '01-01', 'nigeria', '2020-01-01', $3)`,
      [organizationId, businessId, noon],
    )
    for (const [code, name, category, subcategory, role, level] of accounts) {
      await owner.query(
        `insert into account (business_id, account_id, code, name, category, subcategory, role, level,
          created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
        [businessId, newUuid(), code, name, category, subcategory, role, level, noon],
      )
    }
    return { organizationId, businessId }
  }
  const tenant = await addBusiness()
  const read: Ledger['read'] = (work) => readSnapshot(pool, tenant, work)
  return {
    gate,
    pool,
    owner,
    tenant,
    database,
    addBusiness,
    openGate,
    read,
    write: (action, input, more = {}) =>
      gate.write({ tenant, action, input, actor: 'key:test', now: noon, ...more }),
    balances: (date = '2026-12-31') =>
      read((db) => balancesOf(db, tenant.businessId, asDate(date))),
    close: async () => {
      await Promise.all(opened.map((one) => one.gate.close()))
      await Promise.all([...opened.map((one) => one.pool.end()), owner.end()])
      await dropDatabase(database, address)
    },
  }
}

async function balancesOf(db: Db, businessId: Id<'business'>, date: CalendarDate): Promise<string> {
  const codes = await db.query<{ id: string; code: string }>({
    text: 'select account_id as id, code from account where business_id = $1',
    values: [businessId],
  })
  const codeById = new Map(codes.map(({ id, code }) => [id, code]))
  const rows = await listBalances(db, { businessId, dates: [date] })
  return rows
    .map((row) => [codeById.get(row.accountId), row.debitBase - row.creditBase] as const)
    .filter(([, minor]) => minor !== 0n)
    .map(([code, minor]) => `${code} ${minor > 0n ? '+' : '-'}${inMajor(minor)}`)
    .sort()
    .join(' | ')
}

const inMajor = (minor: bigint): string => {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** A manual entry in the field's notation: `1001 +107.50 | 4000 -100.00 | 2021 -7.50`. */
export function journal(text: string, date = '2026-06-10', more: Partial<Journal> = {}): Journal {
  return {
    accountingDate: asDate(date),
    description: 'Test entry',
    reference: null,
    lines: text.split('|').map((part) => {
      const [accountCode = '', amount = ''] = part.trim().split(' ')
      const { minor } = parseAmount(amount.replace('+', ''), 'NGN', 'amount')
      return { accountCode, base: minor, description: null }
    }),
    ...more,
  }
}
