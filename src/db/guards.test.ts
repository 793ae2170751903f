import { afterAll, describe, expect, test } from 'vitest'
import { aFullShop } from '../../test/every-table.ts'
import { newUuid } from '../../test/lane.ts'
import { refusingConstraints, toRefusal } from './constraints.ts'
import type { PoolClient } from './pool.ts'

const shop = await aFullShop()
const { businessId } = shop
afterAll(shop.close)

type Failure = Readonly<{ state: string; constraint: string; code: string | undefined }>

/** How the database refuses a statement; undefined when it does not, deferred checks included. */
async function failureOf(client: PoolClient, text: string): Promise<Failure | undefined> {
  await client.query('savepoint attempt')
  try {
    await client.query(text)
    await client.query('set constraints all immediate')
    return undefined
  } catch (error) {
    const read = (name: string): string => String(Reflect.get(Object(error), name) ?? '')
    const refusal = toRefusal(error)
    return { state: read('code'), constraint: read('constraint'), code: refusal?.code }
  } finally {
    await client.query('rollback to savepoint attempt')
  }
}

/** A copy of the first row of a table that fits a condition, with other values in some columns. */
const copy = (table: string, changes: Readonly<Record<string, unknown>>, condition = 'true') => {
  const json = JSON.stringify(changes).replaceAll("'", "''")
  return `insert into ${table} overriding system value
    select (jsonb_populate_record(null::public.${table}, to_jsonb(t) || '${json}')).*
    from (select * from ${table} where ${condition} limit 1) as t`
}

type Rule = Readonly<{
  table: string
  name: string
  columns: readonly string[]
  condition: string
  text: string
  /** Whether the application may insert; where it may not, the owner tries. */
  isOpen: boolean
}>

async function rulesOf(kind: 'c' | 'f'): Promise<readonly Rule[]> {
  const { rows } = await shop.owner.query<Rule>(
    `select c.conrelid::regclass::text as table, c.conname as name, 'true' as condition,
      pg_get_constraintdef(c.oid) as text,
      has_table_privilege('tallystick_app', c.conrelid, 'insert') as "isOpen",
      array(select attname::text from pg_attribute
        where attrelid = c.conrelid and attnum = any (c.conkey) order by attnum) as columns
    from pg_constraint as c
    where c.connamespace = 'public'::regnamespace and c.contype = $1
      and c.conrelid::regclass::text <> 'migration'
    order by 1, 2`,
    [kind],
  )
  return rows
}

/** Unique keys of every table, partial ones with their condition. */
async function keysOf(): Promise<readonly Rule[]> {
  const { rows } = await shop.owner.query<Rule>(
    `select i.indrelid::regclass::text as table, x.relname as name,
      array(select attname::text from pg_attribute
        where attrelid = i.indrelid and attnum = any (i.indkey) order by attnum) as columns,
      coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') as condition, '' as text,
      true as "isOpen"
    from pg_index as i join pg_class as x on x.oid = i.indexrelid
    where i.indisunique and x.relnamespace = 'public'::regnamespace
      and i.indrelid::regclass::text <> 'migration'
    order by 1, 2`,
  )
  return rows
}

async function typesOf(): Promise<ReadonlyMap<string, string>> {
  const { rows } = await shop.owner.query<{ name: string; type: string }>(
    `select format('%s.%s', attrelid::regclass, attname) as name, atttypid::regtype::text as type
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0`,
  )
  return new Map(rows.map(({ name, type }) => [name, type]))
}

const wrongValues: Readonly<Record<string, readonly unknown[]>> = {
  text: ['', '!', 'Upper Case', 'x'.repeat(20_000), null],
  bigint: [0, -1, '1000000000000000', null],
  integer: [0, -1, 2_000_000],
  smallint: [9],
  numeric: [0, -1],
  date: ['2026-06-15', '1900-01-02', null],
  bytea: ['\\x00', '\\x'],
  boolean: [false],
  jsonb: [[], 'text', Array.from({ length: 10 }, () => ({}))],
  'text[]': [[]],
  uuid: [null],
  'timestamp with time zone': [null, '2026-06-01T00:00:00Z'],
}

test('each check refuses a row that breaks it', async () => {
  const types = await typesOf()
  const rules = await rulesOf('c')
  const tryAll = (tried: readonly Rule[]) => async (client: PoolClient) => {
    const unbroken: Rule[] = []
    for (const rule of tried) {
      const { table, name, columns, text } = rule
      const literals = [...text.matchAll(/'([^']*)'::/g)].map(([, literal]) => literal)
      const typed = columns.map(
        (column) => [column, types.get(`${table}.${column}`) ?? ''] as const,
      )
      const candidates = [
        ...typed.flatMap(([column, type]) =>
          [...(wrongValues[type] ?? []), ...literals].map((value) => ({ [column]: value })),
        ),
        Object.fromEntries(columns.map((column) => [column, 0])),
      ]
      const isBroken = async (): Promise<boolean> => {
        for (const candidate of candidates) {
          const failure = await failureOf(client, copy(table, candidate))
          if (failure?.constraint === name && failure.state === '23514') return true
        }
        return false
      }
      if (!(await isBroken())) unbroken.push(rule)
    }
    return unbroken
  }
  const hidden = [
    ...(await shop.as('tallystick_app', tryAll(rules.filter(({ isOpen }) => isOpen)))),
    ...(await shop.as('tallystick_owner', tryAll(rules.filter(({ isOpen }) => !isOpen)))),
  ]
  // Where another check of the table refuses first, it steps aside.
  const silent: Rule[] = []
  for (const rule of hidden) {
    const found = await shop.as('tallystick_owner', async (client) => {
      await client.query(stepAside(rule.table, rule.name))
      return tryAll([rule])(client)
    })
    silent.push(...found)
  }

  expect(rules.length).toBeGreaterThan(90)
  expect(silent).toEqual([])
})

const otherValues: Readonly<Record<string, () => unknown>> = {
  uuid: newUuid,
  text: () => String(Math.floor(1e8 + Math.random() * 8e8)),
  bigint: () => 1_000_000,
  integer: () => 900,
  smallint: () => 1,
  date: () => '2031-01-01',
  bytea: () => `\\x${'ab'.repeat(32)}`,
  'timestamp with time zone': () => '2031-01-01T00:00:00Z',
}

test('each unique key refuses a second row with it', async () => {
  const types = await typesOf()
  const keys = await keysOf()
  const silent = await shop.as('tallystick_owner', async (client) => {
    const unbroken: string[] = []
    for (const { table, name, columns, condition } of keys) {
      const typeOf = (column: string) => types.get(`${table}.${column}`) ?? ''
      const others = keys.filter((key) => key.table === table && key.name !== name)
      const changed = others.flatMap((key) => {
        const free = key.columns.filter((column) => !columns.includes(column))
        return free.find((column) => typeOf(column) === 'uuid') ?? free.at(-1) ?? []
      })
      const changes = Object.fromEntries(
        changed.map((column) => [column, otherValues[typeOf(column)]?.()]),
      )
      const failure = await failureOf(client, copy(table, changes, condition))
      if (failure?.state !== '23505' || failure.constraint !== name) {
        unbroken.push(`${table} ${name}: ${JSON.stringify(failure)}`)
      }
    }
    return unbroken
  })

  expect(keys.length).toBeGreaterThan(35)
  expect(silent).toEqual([])
})

test('each reference refuses a row without its target', async () => {
  const types = await typesOf()
  const silent: string[] = []
  for (const { table, name, columns } of await rulesOf('f')) {
    const wrong = columns.at(-1) ?? ''
    const value = otherValues[types.get(`${table}.${wrong}`) ?? '']?.()
    const failure = await shop.as('tallystick_owner', async (client) => {
      await client.query(stepAside(table, name))
      return failureOf(client, copy(table, { [wrong]: value }))
    })
    if (failure?.state !== '23503' || failure.constraint !== name) {
      silent.push(`${table} ${name}: ${JSON.stringify(failure)}`)
    }
  }

  expect(silent).toEqual([])
})

/** Drops every other constraint and unique index of a table, until the transaction is undone. */
const stepAside = (table: string, kept: string): string => `
  do $$
  declare name text;
  begin
    for name in select conname from pg_constraint
      where conrelid = '${table}'::regclass and conname <> '${kept}' and contype in ('p', 'u', 'f', 'c')
    loop execute format('alter table ${table} drop constraint if exists %I cascade', name); end loop;
    for name in select indexrelid::regclass::text from pg_index
      where indrelid = '${table}'::regclass and indisunique
    loop execute format('drop index %s', name); end loop;
  end $$`

describe('rows that only ever come in', () => {
  const appendOnly = [
    ...['allocation', 'audit_row', 'chain_link', 'document_version', 'event', 'fx_rate'],
    ...['journal_entry', 'journal_line', 'period_lock'],
  ]

  test('are at least those of these tables', async () => {
    const { rows } = await shop.owner.query<{ table: string }>(
      `select tgrelid::regclass::text as table from pg_trigger where tgname = 'append_only'`,
    )
    const guarded = rows.map(({ table }) => table)
    expect(appendOnly.filter((table) => !guarded.includes(table))).toEqual([])
  })

  test.each(appendOnly)(
    '%s refuses every change, from the application and from the owner',
    async (table) => {
      const { column = '' } = shop.tables.find((one) => one.table === table) ?? {}
      const changes = [
        `update ${table} set ${column} = ${column}`,
        `delete from ${table}`,
        `truncate ${table}`,
      ]
      for (const text of changes) {
        const byApp = await shop.as('tallystick_app', (client) => failureOf(client, text))
        const byOwner = await shop.as('tallystick_owner', (client) => failureOf(client, text))
        expect([text, byApp?.state]).toEqual([text, '42501'])
        expect([text, byOwner?.state, byOwner?.constraint]).toEqual([text, 'TS001', 'append_only'])
      }
    },
  )
})

describe('a posting past the gate', () => {
  type Line = Readonly<{
    account?: string
    amount: number
    base?: number
    currency?: string
    tag?: string
  }>
  type Posting = Readonly<{
    lines: readonly Line[]
    date?: string
    lineDate?: string
    lineSeq?: number
    total?: number
    count?: number
    numbers?: readonly number[]
    business?: string
  }>

  /** One statement with an entry and its lines, as the lane writes it. */
  const post = ({ lines, date = '2026-06-10', lineDate = date, ...given }: Posting): string => {
    const { lineSeq = 900, total, count = lines.length, numbers, business = businessId } = given
    const debit = lines.reduce((sum, { amount, base = amount }) => sum + Math.max(base, 0), 0)
    const rows = lines.map(
      ({ account = '1001', amount, base = amount, currency = 'NGN', tag }, i) =>
        `(${numbers?.[i] ?? i + 1}, coalesce((select account_id from account
            where business_id = '${businessId}' and code = '${account}'), gen_random_uuid()),
          '${currency}', ${amount}, ${base}, ${tag === undefined ? 'null' : `'${tag}'`})`,
    )
    return `with entry as (
        insert into journal_entry (business_id, entry_id, entry_seq, link, number, accounting_date,
          recorded_at, kind, source_type, description, actor, line_count, total_base)
        values ('${business}', gen_random_uuid(), 900, 900, 'X-1', '${date}', now(), 'standard',
          'manual', 'past the gate', 'nobody', ${count}, ${total ?? debit})
        returning entry_id
      )
      insert into journal_line (business_id, entry_id, line_no, account_id, accounting_date,
        entry_seq, currency, amount, base_amount, tax_tag)
      select '${businessId}', entry_id, n, account_id, '${lineDate}', ${lineSeq}, currency, amount,
        base, tag
      from entry, (values ${rows.join(', ')}) as line (n, account_id, currency, amount, base, tag)`
  }
  const fair = [{ amount: 100 }, { account: '4000', amount: -100 }]
  const lock = (kind: string, through: string): string =>
    `insert into period_lock values ('${businessId}', 99, '${kind}', 'all', '${through}', 'a test',
      'nobody', now())`

  const failures = (texts: readonly string[]): Promise<Failure | undefined> =>
    shop.as('tallystick_app', async (client) => {
      for (const text of texts.slice(0, -1)) await client.query(text)
      return failureOf(client, texts.at(-1) ?? '')
    })

  test('that keeps every rule is accepted', async () => {
    expect(await failures([post({ lines: fair })])).toBe(undefined)
  })

  const accountOf = (change: string) =>
    `update account set ${change} where business_id = '${businessId}' and code = '4000'`
  const foreign = [
    { amount: 100, currency: 'USD', base: 150_000 },
    { account: '4000', amount: -150_000 },
  ]

  test.each<readonly [string, readonly string[], string, string | undefined]>([
    ...(
      [
        [
          'unequal sides',
          { lines: [{ amount: 100 }, { account: '4000', amount: -99 }] },
          'journal_balanced_base',
          'ledger.journal_unbalanced',
        ],
        [
          'unequal sides in a currency',
          { lines: foreign },
          'journal_balanced_currency',
          'ledger.journal_unbalanced_currency',
        ],
        [
          'a total that is not its debits',
          { lines: fair, total: 99 },
          'journal_lines_whole',
          undefined,
        ],
        ['a line that is missing', { lines: fair, count: 3 }, 'journal_lines_whole', undefined],
        ['a hole in its lines', { lines: fair, numbers: [1, 3] }, 'journal_lines_whole', undefined],
        [
          'lines of another day',
          { lines: fair, lineDate: '2026-06-11' },
          'journal_lines_whole',
          undefined,
        ],
        ['lines of another place', { lines: fair, lineSeq: 901 }, 'journal_lines_whole', undefined],
        [
          'an unknown account',
          { lines: [{ amount: 100 }, { account: '0000', amount: -100 }] },
          'journal_account_postable',
          'ledger.account_inactive',
        ],
      ] as const
    ).map(
      ([name, posting, constraint, code]) => [name, [post(posting)], constraint, code] as const,
    ),
    [
      'an archived account',
      [accountOf('archived_at = now()'), post({ lines: fair })],
      'journal_account_postable',
      'ledger.account_inactive',
    ],
    [
      'a header account',
      [accountOf('is_header = true'), post({ lines: fair })],
      'journal_account_postable',
      'ledger.account_inactive',
    ],
    [
      'an account of another currency',
      [accountOf(`currency = 'USD'`), post({ lines: fair })],
      'journal_account_postable',
      'ledger.account_inactive',
    ],
    [
      'a closed period',
      [lock('hard', '2026-06-10'), post({ lines: fair })],
      'journal_period_open',
      'ledger.period_closed',
    ],
    [
      'a filed tax period',
      [
        lock('tax', '2026-06-10'),
        post({
          lines: [
            { amount: 100, tag: 'output' },
            { account: '4000', amount: -100 },
          ],
        }),
      ],
      'journal_period_open',
      'ledger.period_closed',
    ],
    [
      'an entry alone',
      [
        copy('journal_entry', {
          entry_id: newUuid(),
          entry_seq: 901,
          number: 'X-2',
          external_id: null,
          reverses_entry_id: null,
        }),
      ],
      'journal_entry_has_lines',
      undefined,
    ],
    [
      'a line for an entry that stands',
      [
        `insert into journal_line select (jsonb_populate_record(l, jsonb_build_object('line_no', l.line_no + 500))).* from journal_line as l where entry_seq = 1`,
      ],
      'journal_lines_whole',
      undefined,
    ],
    [
      'a line without an entry',
      [copy('journal_line', { entry_id: newUuid() })],
      'journal_lines_whole',
      undefined,
    ],
    [
      'a second reversal',
      [
        copy(
          'journal_entry',
          { entry_id: newUuid(), entry_seq: 901, number: 'X-2', external_id: null },
          'reverses_entry_id is not null',
        ),
      ],
      'journal_reversed_once',
      'ledger.entry_already_reversed',
    ],
  ])('with %s is refused', async (_name, texts, constraint, code) => {
    expect(await failures(texts)).toMatchObject({ constraint, code })
  })

  test.each([
    ['the day after a closed period', lock('hard', '2026-06-09'), { lines: fair }],
    ['a filed tax period, without tax', lock('tax', '2026-06-10'), { lines: fair }],
    [
      'a filed tax period, settling tax',
      lock('tax', '2026-06-10'),
      {
        lines: [
          { amount: 100, tag: 'settlement' },
          { account: '4000', amount: -100 },
        ],
      },
    ],
  ])('on %s is accepted', async (_name, before, posting) => {
    expect(await failures([before, post(posting)])).toBe(undefined)
  })

  test('for another business is refused before anything is looked at', async () => {
    const failure = await failures([post({ lines: fair, business: newUuid() })])
    expect(failure).toMatchObject({ state: '42501' })
  })
})

describe('at the commit', () => {
  test.each(['link', 'hash', 'last_entry_seq', 'last_event_seq', 'last_audit_seq'])(
    'a link whose %s is not that of the head is refused',
    async (column) => {
      const value = column === 'hash' ? `\\x${'ab'.repeat(32)}` : 1_000_000
      const last = `link = (select link from lane_head where tenant_id = '${businessId}') and tenant_id = '${businessId}'`
      const text = copy('chain_link', { link: 900, [column]: value }, last)
      const failure = await shop.as('tallystick_app', (client) => failureOf(client, text))
      expect(failure).toMatchObject({ state: 'TS002', constraint: 'chain_link_is_head' })
    },
  )

  test('an issued document whose total is not its control line is refused', async () => {
    const text = `update document set subtotal = subtotal + 1, total = total + 1
      where business_id = '${businessId}' and entry_id is not null and kind = 'invoice'`
    const failure = await shop.as('tallystick_app', (client) => failureOf(client, text))
    expect(failure).toMatchObject({ state: 'TS003', constraint: 'document_total_is_control_line' })
  })
})

test('every constraint that has an answer for callers exists', async () => {
  const { rows } = await shop.owner.query<{ name: string }>(
    `select conname as name from pg_constraint where connamespace = 'public'::regnamespace
    union select relname from pg_class where relnamespace = 'public'::regnamespace
    union select t.rule from pg_proc, regexp_matches(prosrc, 'refuse_posting\\(''(\\w+)''', 'g') as m,
      lateral (select m[1] as rule) as t
    where pronamespace = 'public'::regnamespace`,
  )
  const names = rows.map(({ name }) => name)
  expect(refusingConstraints.filter((name) => !names.includes(name))).toEqual([])
})

test.each([
  ['numbers too large for a roll-up', '22003', 'ledger.balance_out_of_range'],
  ['a server that may only be read', '25006', 'platform.read_only'],
  ['a full disk', '53100', 'platform.storage_full'],
  ['a statement that took too long', '57014', 'platform.timeout'],
])('%s: SQLSTATE %s has its own answer', async (_what, state, code) => {
  const text = `do $$ begin raise exception using errcode = '${state}'; end $$`
  expect(await shop.as('tallystick_app', (client) => failureOf(client, text))).toMatchObject({
    code,
  })
})
