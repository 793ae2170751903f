import type { PoolClient } from '../src/db/pool.ts'
import { asDate } from '../src/kernel/dates.ts'
import { createAccount } from '../src/modules/ledger/account.actions.ts'
import { setRate } from '../src/modules/ledger/exchange-rate.actions.ts'
import { draftJournal, postJournal, reverseJournal } from '../src/modules/ledger/journal.actions.ts'
import { createInvoice } from '../src/modules/sales/invoice.actions.ts'
import { createProduct } from '../src/modules/sales/product.actions.ts'
import { createRecurring } from '../src/modules/sales/recurring.actions.ts'
import { journal, newUuid, noon } from './lane.ts'
import { anInvoice, aShop, type Shop } from './shop.ts'

/** The setting that names the tenant of a table, by the table's own column. */
export const settings = ['organization_id', 'tenant_id', 'business_id'] as const

export type FullShop = Shop &
  Readonly<{
    /** Every table that holds rows of a tenant, with the column that says of which. */
    tables: readonly Readonly<{ table: string; column: (typeof settings)[number] }>[]
    /** Runs work as a role in a transaction that is rolled back, with every setting of the shop. */
    as: <Result>(
      role: 'tallystick_app' | 'tallystick_owner',
      work: (client: PoolClient) => Promise<Result>,
      given?: Partial<Record<(typeof settings)[number], string>>,
    ) => Promise<Result>
  }>

/** A shop with at least one row in every table, made up where no action wrote one. */
export async function aFullShop(): Promise<FullShop> {
  const shop = await aShop()
  const { organizationId, businessId } = shop
  const customer = await shop.party({ externalId: 'party 1' })
  const issued = { externalId: 'invoice 1' }
  await shop.write(createInvoice, anInvoice(customer.id, issued))
  await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))
  await shop.write(createProduct, {
    ...{ name: 'Survey', description: null, sku: 'SVY-1', unitPrice: '120', currency: null },
    ...{ taxPercent: '7.5', unit: null, accountCode: null, externalId: 'product 1', metadata: {} },
  })
  await shop.write(createRecurring, {
    ...{ status: 'active', customerId: customer.id, name: 'Support', frequency: 'monthly' },
    ...{ every: 1, startDate: asDate('2026-06-30'), endDate: null, occurrencesMax: null },
    ...{ dueDays: 30, currency: 'NGN', notes: null, terms: null, template: null, isSent: false },
    lines: [{ description: 'Support', quantity: '1', unitPrice: '250' }],
    ...{ externalId: 'recurring 1', metadata: {} },
  })
  const gifts = {
    code: '5998',
    name: 'Gifts',
    category: 'expense',
    externalId: 'account 1',
  } as const
  await shop.write(createAccount, gifts)
  const sale = journal('1001 +1.00 | 4000 -1.00', '2026-06-10', { externalId: 'journal 1' })
  const { id } = await shop.write(postJournal, sale)
  await shop.write(reverseJournal, { entryId: id, reason: 'a test' })
  const draft = journal('1001 +1.00 | 4000 -1.00', '2026-06-10', { externalId: 'draft 1' })
  await shop.write(draftJournal, draft)
  const quote = { quoted: '1520', direction: 'base_per_unit', source: 'manual' } as const
  await shop.write(setRate, { currency: 'USD', day: asDate('2026-06-08'), ...quote })

  const client = await shop.owner.connect()
  const [b, o, at] = [`'${businessId}'`, `'${organizationId}'`, `'${noon}'`]
  const [company, connection] = [`'${newUuid()}'`, `'${newUuid()}'`]
  await client.query(`
    begin; set local role postgres; set local session_replication_role = replica;
    insert into period_lock (business_id, seq, kind, scope, through_date, reason, set_by, recorded_at)
      values (${b}, 1, 'soft', 'sales', '2026-01-31', 'month end', 'a', ${at});
    insert into bank_statement_line (business_id, line_id, account_id, booked_on, amount, currency,
        description, reference, created_at)
      values (${b}, gen_random_uuid(), gen_random_uuid(), '2026-06-01', 100, 'NGN', 'transfer', 'r',
        ${at});
    insert into withholding_certificate (business_id, certificate_id, number, party_id, payment_id,
        issue_date, rate_percent, gross, withheld)
      values (${b}, gen_random_uuid(), 'WHT-1', gen_random_uuid(), gen_random_uuid(), '2026-06-01',
        5, 100, 5);
    insert into idempotency (tenant_id, surface, key, fingerprint, status, headers, body, request_id,
        created_at, expires_at)
      values (${b}, 'books', 'a key', sha256('a'), 201, '{}', '', gen_random_uuid(), ${at}, ${at});
    insert into api_key (organization_id, key_id, surface, environment, business_id, hash,
      pepper_version, visible_start, visible_end, name, scopes, plan_at_issue, created_at, created_by)
    values (${o}, gen_random_uuid(), 'invoicing', 'live', ${b}, sha256('a'), 1, 'a', 'z', 'a key',
      '{}', 'free', ${at}, 'a');
    insert into company (organization_id, company_id, name, created_at)
      values (${o}, ${company}, 'A company', ${at});
    insert into connection (organization_id, connection_id, company_id, platform_key, source_type,
        status, business_id, created_at, linked_at)
      values (${o}, ${connection}, ${company}, 'abcd', 'Accounting', 'Linked', ${b}, ${at}, ${at});
    insert into dataset (organization_id, dataset_id, company_id, connection_id, data_type, status,
        progress, requested_at, completed_at)
      values (${o}, gen_random_uuid(), ${company}, ${connection}, 'invoices', 'Complete', 100, ${at},
        ${at});
    insert into record (organization_id, connection_id, data_type, record_id, position, body)
      values (${o}, ${connection}, 'invoices', 'r1', 1, '{}');
    commit`)
  const { rows: tables } = await client.query<FullShop['tables'][number]>(
    `select p.polrelid::regclass::text as table,
      substring(pg_get_expr(p.polqual, p.polrelid) from '^\\((\\w+) = ') as column
    from pg_policy as p where p.polname = 'tenant' order by 1`,
  )
  const { rows: all } = await client.query<{ table: string }>(
    `select oid::regclass::text as table from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
  )
  const ids = { organization_id: organizationId, tenant_id: businessId, business_id: businessId }
  await fillEmptyTables(
    client,
    all.map(({ table }) => table),
    ids,
  )
  client.release()
  const as: FullShop['as'] = async (role, work, given) => {
    const own = given ?? {
      organization_id: organizationId,
      tenant_id: businessId,
      business_id: businessId,
    }
    const session = await shop.owner.connect()
    try {
      await session.query(`begin; set local role ${role}`)
      for (const [name, value] of Object.entries(own)) {
        await session.query('select set_config($1, $2, true)', [`tallystick.${name}`, value])
      }
      return await work(session)
    } finally {
      await session.query('rollback')
      session.release()
    }
  }
  return { ...shop, tables, as }
}

type Column = Readonly<{ name: string; type: string; isNullable: boolean }>

const plainValues: Readonly<Record<string, unknown>> = {
  text: 'abcd',
  uuid: undefined,
  boolean: false,
  bigint: 1,
  integer: 1,
  smallint: 1,
  numeric: 1,
  date: '2026-06-01',
  'timestamp with time zone': noon,
  bytea: `\\x${'ab'.repeat(32)}`,
  jsonb: {},
  'text[]': ['a'],
}

/** Gives each table without rows one, targets of references before those that refer to them. */
async function fillEmptyTables(
  client: PoolClient,
  tables: readonly string[],
  ids: Readonly<Record<string, string>>,
): Promise<void> {
  await client.query('begin; set local role postgres; set local session_replication_role = replica')
  let empty = [...tables]
  for (let round = 0; empty.length > 0 && round < tables.length; round += 1) {
    const left: string[] = []
    for (const table of empty) {
      const { rows } = await client.query(`select from ${table} limit 1`)
      if (rows.length === 0 && !(await fill(client, table, ids))) left.push(table)
    }
    empty = left
  }
  await client.query('commit')
}

/** Inserts one made-up row; false when a table that it refers to has none yet. */
async function fill(
  client: PoolClient,
  table: string,
  ids: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { rows: columns } = await client.query<Column>(
    `select attname as name, format_type(atttypid, null) as type, not attnotnull as "isNullable"
    from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped
      and attidentity = '' and (attnotnull and not atthasdef or attname = any ($2))`,
    [table, Object.keys(ids)],
  )
  const row: Row = new Map()
  for (const { name, type } of columns) row.set(name, ids[name] ?? plainValues[type] ?? newUuid())
  const { rows: targets } = await client.query<{ target: string; own: string[]; theirs: string[] }>(
    `select confrelid::regclass::text as target,
      array(select attname::text from unnest(conkey) with ordinality as k (n, i)
        join pg_attribute on attrelid = conrelid and attnum = n order by i) as own,
      array(select attname::text from unnest(confkey) with ordinality as k (n, i)
        join pg_attribute on attrelid = confrelid and attnum = n order by i) as theirs
    from pg_constraint where contype = 'f' and conrelid = $1::regclass`,
    [table],
  )
  for (const { target, own, theirs } of targets) {
    const found = await client.query(`select ${theirs.join(', ')} from ${target} limit 1`)
    if (found.rows.length === 0) return false
    for (const [i, name] of own.entries()) {
      if (row.has(name)) row.set(name, found.rows[0][theirs[i] ?? ''])
    }
  }
  await insertFitting(client, table, row)
  return true
}

/** Values of the forms that checks ask for: counts, codes, instants, digests, addresses. */
const samples: readonly unknown[] = [
  ...[1, 0, null, 200, noon, 'ABC', 'AB', '01-01', 'ab'.repeat(32), 'a@b.example'],
]

/** Inserts a row, changing the columns of each check that it breaks until it breaks none. */
async function insertFitting(client: PoolClient, table: string, row: Row): Promise<void> {
  const met = new Set([''])
  for (;;) {
    const outcome = await tryInsert(client, table, row)
    if (outcome === 'inserted') return
    met.add(outcome)
    const { rows } = await client.query<{ text: string; columns: string[] }>(
      `select pg_get_constraintdef(oid) as text,
        array(select attname::text from pg_attribute
          where attrelid = conrelid and attnum = any (conkey)) as columns
      from pg_constraint where conrelid = $1::regclass and conname = $2 and contype = 'c'`,
      [table, outcome],
    )
    const { text = '', columns = [] } = rows[0] ?? {}
    const literals = [...text.matchAll(/'([^']*)'::/g)].map(([, literal]) => literal)
    const candidates = [...literals, ...samples]
    if (!(await fits(client, table, row, { met, columns, candidates }))) {
      throw new Error(`no made-up row of ${table} fits ${outcome}: ${text}`)
    }
  }
}

type Row = Map<string, unknown>

type Search = Readonly<{
  met: ReadonlySet<string>
  columns: readonly string[]
  candidates: readonly unknown[]
}>

/** Looks for values of the columns with which the row breaks no check that was met before. */
async function fits(
  client: PoolClient,
  table: string,
  row: Row,
  { met, columns: [column, ...columns], candidates }: Search,
): Promise<boolean> {
  if (column === undefined) {
    await client.query('savepoint trial')
    const outcome = await tryInsert(client, table, row)
    await client.query('rollback to savepoint trial')
    return !met.has(outcome)
  }
  const before = row.get(column)
  for (const candidate of [before, ...candidates]) {
    row.set(column, candidate)
    if (await fits(client, table, row, { met, columns, candidates })) return true
  }
  row.set(column, before)
  return false
}

/** `inserted`, the name of the check that was broken, or nothing for any other reason. */
async function tryInsert(client: PoolClient, table: string, row: Row): Promise<string> {
  const names = [...row.keys()].join(', ')
  await client.query('savepoint made_up')
  try {
    await client.query(
      `insert into ${table} (${names})
      select ${names} from jsonb_populate_record(null::public.${table}, $1)`,
      [JSON.stringify(Object.fromEntries(row))],
    )
    return 'inserted'
  } catch (error) {
    await client.query('rollback to savepoint made_up')
    const { code, constraint } = Object(error)
    return code === '23514' ? String(constraint) : ''
  }
}
