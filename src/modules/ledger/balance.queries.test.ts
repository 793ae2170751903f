import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { aLedger, noon } from '../../../test/lane.ts'
import { readSnapshot, type Tenant } from '../../db/tx.ts'
import type { Ctx } from '../../db/write.ts'
import { addDays, addMonths, asDate, type CalendarDate, monthStart } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { verifyTenant } from '../reports/integrity.queries.ts'
import { listBalances } from './balance.queries.ts'
import { loadBook } from './book.queries.ts'
import { postEntry, reverseEntry } from './journal.actions.ts'
import type { Entry, Line, NewEntry } from './journal.ts'

const ledger = await aLedger()
afterAll(ledger.close)

type Business = Tenant & Readonly<{ businessId: Id<'business'> }>

/** A pair of lines: so much from one account to another, in a currency. */
type Pair = Readonly<{ from: number; to: number; currency: string; amount: bigint; base: bigint }>

type Step =
  | Readonly<{ what: 'post'; day: number; isClosing: boolean; pairs: readonly Pair[] }>
  | Readonly<{ what: 'reverse'; which: number; later: number }>

const codes = ['1001', '1011', '1021', '2021', '3001', '4000', '5020'] as const
const firstDay = asDate('2024-11-01')
const lastDay = 850

const dayOf = (day: number): CalendarDate => addDays(firstDay, day)

const pair: fc.Arbitrary<Pair> = fc
  .record({
    from: fc.nat(codes.length - 1),
    to: fc.nat(codes.length - 1),
    currency: fc.constantFrom('NGN', 'NGN', 'USD', 'JPY', 'KWD'),
    amount: fc.bigInt(1n, 9_999_999_999n),
    base: fc.bigInt(1n, 9_999_999_999n),
  })
  .map((one) => (one.currency === 'NGN' ? { ...one, base: one.amount } : one))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('post' as const),
      // Some days are drawn often, so that roll-up rows are shared.
      day: fc.oneof(fc.nat(lastDay), fc.constantFrom(0, 29, 30, 364, 400)),
      isClosing: fc.boolean(),
      pairs: fc.array(pair, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('reverse' as const),
      which: fc.nat(),
      later: fc.nat(90),
    }),
  },
)

/** Posts one entry as a document does, past the checks of manual entries. */
const postPairs = async (ctx: Ctx, { day, isClosing, pairs }: Step & { what: 'post' }) => {
  const { accountByCode } = await ctx.remember(loadBook)
  const account = (n: number): Id<'account'> =>
    accountByCode.get(codes[n] ?? '')?.id ?? ('' as Id<'account'>) // the seven are there
  const lines = pairs.flatMap(({ from, to, currency, amount, base }): Line[] => [
    { accountId: account(to), currency, amount, base },
    { accountId: account(from), currency, amount: -amount, base: -base },
  ])
  const entry: NewEntry = {
    accountingDate: dayOf(day),
    kind: isClosing ? 'closing' : 'standard',
    sourceType: isClosing ? 'closing' : 'import',
    description: 'drawn',
    scope: 'journals',
    lines: lines.map((line) => (isClosing ? { ...line, bucket: 1 } : line)),
  }
  return postEntry(ctx, entry)
}

async function run(tenant: Business, steps: readonly Step[]): Promise<Entry[]> {
  const entries: Entry[] = []
  const reversed = new Set<Entry>()
  for (const one of steps) {
    if (one.what === 'post') {
      const done = await ledger.write(postPairs, one, { tenant })
      if ('value' in done) entries.push(done.value)
      continue
    }
    const open = entries.filter(({ kind }) => kind !== 'reversal').filter((e) => !reversed.has(e))
    const original = open[one.which % Math.max(1, open.length)]
    if (original === undefined) continue
    reversed.add(original)
    const date = addDays(original.accountingDate, one.later)
    const input = { entryId: original.id, date, reason: 'drawn', scope: 'journals' } as const
    const done = await ledger.write(reverseEntry, input, { tenant })
    if ('value' in done) entries.push(done.value)
  }
  return entries
}

type Sums = readonly [debitBase: bigint, creditBase: bigint, debit: bigint, credit: bigint]

/** The executable model: add up the lines, whatever there is. */
function naive(entries: readonly Entry[], date: CalendarDate): ReadonlyMap<string, Sums> {
  const sums = new Map<string, Sums>()
  for (const { accountingDate, lines } of entries) {
    if (accountingDate > date) continue
    for (const { accountId, currency, bucket = 0, amount, base } of lines) {
      const key = `${accountId} ${currency} ${bucket}`
      const [debitBase, creditBase, debit, credit] = sums.get(key) ?? [0n, 0n, 0n, 0n]
      sums.set(key, [
        ...(base > 0n ? [debitBase + base, creditBase] : [debitBase, creditBase - base]),
        ...(amount > 0n ? [debit + amount, credit] : [debit, credit - amount]),
      ] as unknown as Sums) // four of them
    }
  }
  return sums
}

const toKey = (row: Readonly<{ accountId: string; currency: string; bucket: number }>): string =>
  `${row.accountId} ${row.currency} ${row.bucket}`

test('balances at any date are the sums of the lines, for any postings and reversals', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.array(fc.nat(lastDay + 120), { minLength: 1, maxLength: 8 }),
      async (steps, days) => {
        const tenant = await ledger.addBusiness()
        const entries = await run(tenant, steps)
        const dates = [...new Set([...days, 30, 364])].map(dayOf)

        const rows = await readSnapshot(ledger.pool, tenant, (db) =>
          listBalances(db, { businessId: tenant.businessId, dates }),
        )
        for (const date of dates) {
          const found = new Map(
            rows
              .filter((row) => row.date === date)
              .map((row): [string, Sums] => [
                toKey(row),
                [row.debitBase, row.creditBase, row.debit, row.credit],
              ]),
          )
          expect(found).toEqual(naive(entries, date))
        }
        const { findings } = await readSnapshot(ledger.owner, tenant, (db) =>
          verifyTenant(db, tenant.businessId, []),
        )
        expect(findings.filter(({ kind }) => kind !== 'control_account')).toEqual([])
      },
    ),
    { numRuns: 15 },
  )
})

test('an action sees the balances that its own commit has posted, in a new month too', async () => {
  const tenant = await ledger.addBusiness()
  const pairs = [{ from: 0, to: 1, currency: 'NGN', amount: 100n, base: 100n }]
  const postAndRead = async (ctx: Ctx, day: number) => {
    const { accountingDate } = await postPairs(ctx, { what: 'post', day, isClosing: false, pairs })
    const rows = await listBalances(ctx.tx, { businessId: ctx.businessId, dates: [accountingDate] })
    return rows.map(({ debitBase, creditBase }) => [debitBase, creditBase])
  }
  const done = await Promise.all(
    [10, 100, 250].map((day) => ledger.write(postAndRead, day, { tenant })),
  )

  const seen = done.map((one) => ('value' in one ? one.value.flat().reduce((a, b) => a + b) : 0n))
  expect(seen).toEqual([200n, 400n, 600n])
})

test('a report reads one state of the books while others post', async () => {
  const tenant = await ledger.addBusiness()
  const other = ledger.openGate()
  let isPosting = true
  const writer = (async () => {
    for (let n = 0; isPosting; n += 1) {
      const pairs = [{ from: n % 7, to: (n + 1) % 7, currency: 'NGN', amount: 100n, base: 100n }]
      const input = { what: 'post', day: (n * 37) % lastDay, isClosing: false, pairs } as const
      await Promise.all(
        [1, 2, 3].map(() =>
          other.gate.write({ tenant, action: postPairs, input, actor: 'key:test', now: noon }),
        ),
      )
    }
  })()
  const seen = new Set<bigint>()
  for (let round = 0; seen.size < 20; round += 1) {
    expect(round).toBeLessThan(2_000)
    const date = dayOf((round * 53) % (lastDay + 60))
    await readSnapshot(ledger.pool, tenant, async (db) => {
      const rows = await listBalances(db, { businessId: tenant.businessId, dates: [date] })
      const lines = await db.query<{ key: string; base: bigint }>({
        text: `select concat_ws(' ', account_id, currency, bucket) as key,
            sum(base_amount)::bigint as base
          from journal_line where business_id = $1 and accounting_date <= $2 group by 1`,
        values: [tenant.businessId, date],
      })
      const [head] = await db.query<{ seq: bigint }>({
        text: 'select entry_seq as seq from lane_head where tenant_id = $1',
        values: [tenant.businessId],
      })
      seen.add(head?.seq ?? 0n)
      const found = new Map(rows.map((row) => [toKey(row), row.debitBase - row.creditBase]))
      expect(found).toEqual(new Map(lines.map(({ key, base }) => [key, base])))
      expect([...found.values()].reduce((sum, base) => sum + base, 0n)).toBe(0n)
    })
  }
  isPosting = false
  await writer
})

test('a back-dated posting changes its own day and each month from its own on, nothing else', async () => {
  const tenant = await ledger.addBusiness()
  const amount = { currency: 'NGN', amount: 500n, base: 500n }
  const post = (day: number, from: number, to: number) =>
    ledger.write(
      postPairs,
      { what: 'post', day, isClosing: false, pairs: [{ ...amount, from, to }] },
      { tenant },
    )
  for (const [day, from, to] of [
    [0, 0, 1],
    [100, 2, 3],
    [400, 0, 4],
    [840, 5, 6],
  ] as const) {
    await post(day, from, to)
  }
  const rowsOf = async (table: string, column: string): Promise<ReadonlyMap<string, string>> => {
    const { rows } = await ledger.owner.query<{ key: string; sums: string }>(
      `select concat_ws(' ', a.code, t.${column}) as key, concat_ws(' ', debit, credit) as sums
      from ${table} as t join account as a using (business_id, account_id) where business_id = $1`,
      [tenant.businessId],
    )
    return new Map(rows.map(({ key, sums }) => [key, sums]))
  }
  const changed = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
    [...after].filter(([key, sums]) => before.get(key) !== sums).map(([key]) => key)

  const days = await rowsOf('balance_day', 'day')
  const months = await rowsOf('balance_month', 'month')
  await post(200, 0, 5)

  const touched: CalendarDate[] = []
  for (
    let month = monthStart(dayOf(200));
    month <= monthStart(dayOf(840));
    month = addMonths(month, 1)
  ) {
    touched.push(month)
  }
  expect(changed(days, await rowsOf('balance_day', 'day')).sort()).toEqual(
    ['1001', '4000'].map((code) => `${code} ${dayOf(200)}`),
  )
  expect(changed(months, await rowsOf('balance_month', 'month')).sort()).toEqual(
    ['1001', '4000'].flatMap((code) => touched.map((month) => `${code} ${month}`)),
  )
})
