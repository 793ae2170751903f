import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop } from '../../../test/shop.ts'
import { linkHash } from '../../db/chain.ts'
import { readSnapshot, toTx } from '../../db/tx.ts'
import { asDate, type Instant, parseInstant } from '../../kernel/dates.ts'
import { setRate } from '../ledger/exchange-rate.actions.ts'
import { postJournal, reverseJournal } from '../ledger/journal.actions.ts'
import type { Journal } from '../ledger/journal.ts'
import { closePeriods } from '../ledger/period.actions.ts'
import { createInvoice, voidInvoice } from '../sales/invoice.actions.ts'
import { verifyTenant, type Witness } from './integrity.queries.ts'
import type { Verification } from './integrity.ts'

const shop = await aShop()
const { organizationId, businessId } = shop
afterAll(shop.close)

const manual = (date: string, debit: string, credit: string, minorUnits: bigint): Journal => ({
  accountingDate: asDate(date),
  description: 'A pair \ud83d\ude00 and a "quote" \\ud83d',
  reference: `R-${date}`,
  externalId: `external ${date}`,
  lines: [
    { accountCode: debit, base: minorUnits, description: 'one', tags: [date, 'lagos'] },
    { accountCode: credit, base: -minorUnits, description: null },
  ],
})

const customer = await shop.party()
const quote = { quoted: '0.0007', direction: 'unit_per_base', source: 'bank' } as const
await shop.write(setRate, { currency: 'USD', day: asDate('2026-06-08'), ...quote })
const posted = await shop.write(postJournal, manual('2026-02-28', '1001', '4000', 107_50n))
await Promise.all(
  ['2026-01-05', '2026-08-31', '2026-03-01'].map((date, i) =>
    shop.write(postJournal, manual(date, '5020', '1011', BigInt(i + 1) * 100n)),
  ),
)
await shop.write(reverseJournal, { entryId: posted.id, reason: 'wrong account' })
await shop.write(closePeriods, {
  throughDate: asDate('2026-01-31'),
  reason: 'audited',
  acknowledgeDrafts: false,
  moreChecks: [],
})
const invoice = await shop.write(createInvoice, anInvoice(customer.id))
await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))
await shop.write(createInvoice, anInvoice(customer.id, { currency: 'USD' }))
await shop.write(createInvoice, anInvoice(customer.id, { status: 'draft' }))
await shop.write(voidInvoice, { invoiceId: invoice.id, reason: 'wrong customer' })

test('books that nobody touched verify, and everything was looked at', async () => {
  const { checked, findings } = await readSnapshot(shop.owner, shop, (db) =>
    verifyTenant(db, businessId, []),
  )

  expect(findings).toEqual([])
  expect(checked).toMatchObject({ entries: 10, charges: 0 })
  expect(checked.lines).toBeGreaterThan(20)
  expect(checked.auditRows).toBeGreaterThanOrEqual(checked.entries)
  expect(checked.rollups).toBeGreaterThan(60)
  const organization = await readSnapshot(shop.owner, { organizationId }, (db) =>
    verifyTenant(db, organizationId, []),
  )
  expect(organization).toMatchObject({ checked: { links: 1, entries: 0 }, findings: [] })
})

/** What a verification says after somebody with all rights changed rows behind the gate. */
async function after(
  statements: string | readonly string[],
  witnesses: readonly Witness[] = [],
): Promise<Readonly<{ changed: number; verification: Verification }>> {
  const client = await shop.owner.connect()
  try {
    await client.query(
      `begin; set local role postgres; set local session_replication_role = replica`,
    )
    let changed = 0
    for (const text of [statements].flat()) changed += (await client.query(text)).rowCount ?? 0
    const tenant = { organizationId: shop.organizationId }
    const holder = { pool: shop.owner, tenant, isWriting: false }
    const verification = await verifyTenant(toTx(client, holder), businessId, witnesses)
    return { changed, verification }
  } finally {
    await client.query('rollback')
    client.release()
  }
}

const chained = [
  ...['journal_entry', 'journal_line', 'dimension_set'],
  ...['audit_row', 'document_version', 'chain_link'],
]
const sealed = ['period_close', 'period_close_balance']
const derived = ['balance_day', 'balance_month', 'lane_head', 'number_series', 'number_register']
const tables = [...chained, ...sealed, ...derived]

const keyOf = (table: string): string =>
  ['audit_row', 'chain_link', 'lane_head'].includes(table) ? 'tenant_id' : 'business_id'

/** Columns that say nothing about the books: an edit of one of them is not looked for. */
const notLookedAt: Readonly<Record<string, string>> = {
  'lane_head.config_version': 'tells the processes to read settings again',
  'lane_head.recorded_at': 'may only not go back; the links have the times',
  'period_close.checklist': 'what was looked at; the audit row of the close says who closed',
  'period_close.reason': 'the audit row of the close has it, in the chain',
  'period_close.closed_by': 'the audit row of the close has it, in the chain',
  'period_close.recorded_at': 'the link that has the seal has it',
  'period_close.superseded_by': 'which later close replaced it',
  'number_series.former_prefixes': 'the audit rows of settings have them, in the chain',
  'number_series.padding': 'how the next number will look',
  'number_series.surface': 'which contract takes the next number',
  'number_series.year': 'which year takes the next number',
}

type Column = Readonly<{ table: string; column: string; type: string }>

async function columnsOf(): Promise<readonly Column[]> {
  const { rows } = await shop.owner.query<Column>(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where c.relname = any ($1) and a.attnum > 0 and not a.attisdropped
    order by 1, 2`,
    [tables],
  )
  return rows
}

/** Another value of a column, which its checks allow. */
function otherValue({ table, column, type }: Column): string {
  const special: Readonly<Record<string, string>> = {
    'journal_entry.kind': `case kind when 'fx' then 'closing' else 'fx' end`,
    'journal_line.bucket': '1 - bucket',
    'number_register.state': `case state when 'used' then 'deleted' else 'used' end`,
    'balance_month.month': `(month - interval '40 months')::date`,
    'period_close_balance.currency': `case currency when 'EUR' then 'USD' else 'EUR' end`,
    'period_close.snapshot_sha256': `translate(snapshot_sha256, '01', '10')`,
    'journal_line.currency': `case currency when 'EUR' then 'USD' else 'EUR' end`,
  }
  const byType: Readonly<Record<string, string>> = {
    text: `coalesce(${column}, '') || 'x'`,
    'text[]': `${column} || 'x'::text`,
    bigint: `${column} + 1000003`,
    integer: `${column} + 500`,
    smallint: `1 - ${column}`,
    date: `${column} - 1000`,
    uuid: 'gen_random_uuid()',
    numeric: `coalesce(${column}, 0) + 0.000000000001`,
    'timestamp with time zone': `${column} + interval '1 millisecond'`,
    bytea: `set_byte(${column}, 31, (get_byte(${column}, 31) + 1) % 256)`,
  }
  const value = special[`${table}.${column}`] ?? byType[type]
  if (value === undefined) throw new Error(`no other value for a column of type ${type}`)
  return value
}

/** Rows of the shop from the first to the last of a table, as conditions. */
async function placesOf(table: string, countMax: number): Promise<readonly string[]> {
  // Only journal numbers have no other witness than their series: documents are registered.
  const series = table === 'number_series' ? `and kind = 'journal'` : ''
  const { rows } = await shop.owner.query<{ place: string }>(
    `select ctid::text as place from ${table} where ${keyOf(table)} = $1 ${series} order by ctid`,
    [businessId],
  )
  const step = Math.max(1, (rows.length - 1) / (countMax - 1))
  const count = Math.min(rows.length, countMax)
  return Array.from({ length: count }, (_, i) => `ctid = '${rows[Math.round(i * step)]?.place}'`)
}

test('an edit of any column of any row is found', async () => {
  const silent: string[] = []
  for (const edited of await columnsOf()) {
    const { table, column } = edited
    if (notLookedAt[`${table}.${column}`] !== undefined) continue
    const places = await placesOf(table, 2)
    expect(places.length, table).toBeGreaterThan(0)
    for (const place of places) {
      const text = `update ${table} set ${column} = ${otherValue(edited)} where ${place}`
      const { changed, verification } = await after(text)
      expect(changed, text).toBe(1)
      if (verification.findings.length === 0) silent.push(text)
    }
  }
  expect(silent).toEqual([])
})

test('a deleted row is found wherever it was', async () => {
  const silent: string[] = []
  for (const table of tables) {
    for (const place of await placesOf(table, 8)) {
      const { changed, verification } = await after(`delete from ${table} where ${place}`)
      expect(changed).toBe(1)
      if (verification.findings.length === 0) silent.push(`${table} ${place}`)
    }
  }
  expect(silent).toEqual([])
})

test.each([
  [
    'journal_entry',
    `entry_id = gen_random_uuid(), entry_seq = entry_seq + 1000, number = 'x',
    reverses_entry_id = null, external_id = null`,
  ],
  ['journal_line', 'line_no = line_no + 500'],
  ['journal_line', 'entry_id = gen_random_uuid()'],
  ['audit_row', 'sequence = sequence + 1000'],
  ['document_version', 'version = version + 100'],
  ['period_close', 'close_id = gen_random_uuid()'],
  ['period_close_balance', `currency = 'ZZZ'`],
  ['chain_link', 'link = link + 1000'],
  ['balance_day', `day = day + 1000`],
  ['balance_month', `month = (month + interval '40 months')::date`],
  ['number_register', `number = number || '9'`],
])('a row put into %s is found (%s)', async (table, change) => {
  const [place] = await placesOf(table, 2)
  const { verification } = await after([
    `create temporary table forged on commit drop as select * from ${table} where ${place}`,
    `update forged set ${change}`,
    `insert into ${table} select * from forged`,
  ])

  expect(verification.findings).not.toEqual([])
})

test.each([
  ['entries', 'journal_entry', 'entry_seq', '1, 2'],
  ['entries of one link', 'journal_entry', 'entry_seq', '3, 4'],
  ['audit rows', 'audit_row', 'sequence', '3, 4'],
  ['links', 'chain_link', 'link', '2, 3'],
])('two %s that change places are found', async (_name, table, column, pair) => {
  const [a, b] = pair.split(', ')
  const key = keyOf(table)
  const move = (from: string | undefined, to: string | undefined) =>
    `update ${table} set ${column} = ${to} where ${key} = '${businessId}' and ${column} = ${from}`
  const { verification } = await after([move(a, '1000000'), move(b, a), move('1000000', b)])

  expect(verification.findings).not.toEqual([])
})

test('amounts that change places between two entries are found', async () => {
  const { verification } = await after(`
    update journal_line as l set base_amount = other.base_amount, amount = other.amount
    from journal_line as other
    where l.business_id = '${businessId}' and other.business_id = l.business_id
      and l.line_no = other.line_no and l.entry_seq in (2, 3) and other.entry_seq = 5 - l.entry_seq`)

  expect(verification.findings.map(({ kind }) => kind)).toContain('link_hash')
})

test('a finding names the link, the entry and both figures', async () => {
  const { verification } = await after(
    `update journal_line set base_amount = base_amount + 1
    where business_id = '${businessId}' and entry_seq = 1 and line_no = 1`,
  )

  const firstOf = (kind: string) => verification.findings.find((finding) => finding.kind === kind)
  expect(firstOf('entry_broken')).toEqual({
    kind: 'entry_broken',
    where: `${businessId} entry 1 JE-2026-001`,
    expected: 'balance',
    found: 'debits 10751 and credits 10750 in base',
  })
  expect(firstOf('link_hash')?.where).toMatch(
    /^[-0-9a-f]{36} link 4 \(entries 1-1, audit rows 5-5\)$/,
  )
  expect(firstOf('balance_day')).toMatchObject({
    where: expect.stringContaining('balance of day 2026-02-28 account'),
    expected: '10751 10750 10750 10750',
    found: '10750 10750 10750 10750',
  })
})

test('a cut tail with everything set back agrees with itself, and not with an anchor', async () => {
  const { rows } = await shop.owner.query<{ link: bigint; hash: string }>(
    `select link, encode(hash, 'hex') as hash from chain_link where tenant_id = $1
    order by link desc limit 1`,
    [businessId],
  )
  const anchor = rows[0]
  if (anchor === undefined) throw new Error('the shop has links')
  const cut = cutTail(anchor.link)

  expect((await after(cut)).verification.findings).toEqual([])
  expect((await after(cut, [anchor])).verification.findings).toEqual([
    {
      kind: 'chain_truncated',
      where: `${businessId} link ${anchor.link}`,
      expected: anchor.hash,
      found: 'none',
    },
  ])
  const forged = linkHash(Buffer.alloc(32), businessId, anchor.link, []).toString('hex')
  expect((await after([], [{ ...anchor, hash: forged }])).verification.findings).toEqual([
    expect.objectContaining({ kind: 'anchor_mismatch', found: anchor.hash }),
  ])
})

/** The last link was the void of an invoice: all that it left goes, and the rest is recomputed. */
function cutTail(link: bigint): readonly string[] {
  const own = `business_id = '${businessId}'`
  const lane = `tenant_id = '${businessId}'`
  const last = `(select max(%) from chain_link where ${lane})`
  const upTo = (column: string): string => last.replace('%', column)
  return [
    `delete from allocation where ${own} and entry_id in
      (select entry_id from journal_entry where ${own} and link = ${link})`,
    `update open_item set open_amount = original_amount, open_base = original_base, closed_on = null
      where ${own} and document_id = '${invoice.id}'`,
    `update document set lifecycle = 'open', void_entry_id = null
      where ${own} and document_id = '${invoice.id}'`,
    `delete from journal_line where ${own} and entry_id in
      (select entry_id from journal_entry where ${own} and link = ${link})`,
    `delete from journal_entry where ${own} and link = ${link}`,
    `delete from document_version where ${own} and link = ${link}`,
    `delete from chain_link where ${lane} and link = ${link}`,
    `delete from audit_row where ${lane} and sequence > ${upTo('last_audit_seq')}`,
    `delete from event where ${lane} and sequence > ${upTo('last_event_seq')}`,
    `update lane_head as h set link = l.link, chain_hash = l.hash, entry_seq = l.last_entry_seq,
      event_seq = l.last_event_seq, audit_seq = l.last_audit_seq
      from chain_link as l where h.${lane} and l.${lane} and l.link = ${link} - 1`,
    `update number_series set next = next - 1 where ${own} and kind = 'journal'`,
    `delete from balance_day where ${own}`,
    `insert into balance_day (business_id, day, account_id, currency, bucket, debit_base,
        credit_base, debit, credit)
      select business_id, accounting_date, account_id, currency, bucket,
        sum(greatest(base_amount, 0)), sum(greatest(-base_amount, 0)),
        sum(greatest(amount, 0)), sum(greatest(-amount, 0))
      from journal_line where ${own} group by 1, 2, 3, 4, 5`,
    `update balance_month as m set debit_base = d.debit_base, credit_base = d.credit_base,
        debit = d.debit, credit = d.credit
      from (
        select m2.month, m2.account_id, m2.currency, m2.bucket, sum(d2.debit_base) as debit_base,
          sum(d2.credit_base) as credit_base, sum(d2.debit) as debit, sum(d2.credit) as credit
        from balance_month as m2 join balance_day as d2 using (business_id, account_id, currency, bucket)
        where m2.${own} and d2.day < m2.month + interval '1 month' group by 1, 2, 3, 4
      ) as d
      where m.${own} and m.month = d.month and m.account_id = d.account_id
        and m.currency = d.currency and m.bucket = d.bucket`,
  ]
}

test('a snapshot whose text was erased for good reason leaves the chain green', async () => {
  const erase = `update document_version set sealed_snapshot = null where business_id = '${businessId}'`
  expect((await after(erase)).verification.findings).toEqual([])
  const edit = `update document_version set sealed_snapshot = sealed_snapshot || '\\x20'
    where business_id = '${businessId}'`
  const { findings } = (await after(edit)).verification
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['snapshot_changed']))
})

test('an open item that drifts from its control account is found', async () => {
  const { verification } = await after(
    `update open_item set open_amount = open_amount + 1
    where business_id = '${businessId}' and open_amount > 0`,
  )

  const kinds = new Set(verification.findings.map(({ kind }) => kind))
  expect(kinds).toEqual(new Set(['control_account', 'open_item']))
})

test('since an instant only what came later is walked, on top of a link that is trusted', async () => {
  const { rows } = await shop.owner.query<{ link: bigint; hash: string; at: string }>(
    `select link, encode(hash, 'hex') as hash, recorded_at as at from chain_link
    where tenant_id = $1 order by link`,
    [businessId],
  )
  const [first] = rows
  const later = parseInstant('2026-06-15T12:00:01.000Z')
  const walk = (since: Instant, witnesses: readonly Witness[], isDeep = false) =>
    readSnapshot(shop.owner, shop, (db) =>
      verifyTenant(db, businessId, witnesses, { since, isDeep }),
    )

  const all = await walk(parseInstant('2020-01-01T00:00:00Z'), [])
  const none = await walk(later, [{ link: first?.link ?? 0n, hash: first?.hash ?? '' }])
  const deep = await walk(later, [], true)
  const lost = await walk(later, [{ link: 999n, hash: 'ab' }])
  const forged = await walk(later, [{ link: 1n, hash: 'ab' }])

  expect(all).toMatchObject({ checked: { links: rows.length, rollups: 0 }, findings: [] })
  expect(none).toMatchObject({ checked: { links: 0, entries: 0 }, findings: [] })
  expect(deep.findings).toEqual([])
  expect(deep.checked.rollups).toBeGreaterThan(60)
  expect(lost.findings.map(({ kind }) => kind)).toEqual(['chain_truncated'])
  expect(forged.findings.map(({ kind }) => kind)).toEqual(['anchor_mismatch'])
})
