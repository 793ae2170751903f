import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { aLedger, journal } from '../../../test/lane.ts'
import { type Db, readSnapshot, type Tenant } from '../../db/tx.ts'
import {
  addDays,
  asDate,
  type CalendarDate,
  type Instant,
  instantFromMs,
} from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { postJournal } from '../ledger/journal.actions.ts'
import { closePeriods } from '../ledger/period.actions.ts'
import { listSums, type View } from './account-sum.queries.ts'
import type { AccountSum } from './account-sum.ts'
import { linesMax } from './line-sum.queries.ts'

const ledger = await aLedger()
afterAll(ledger.close)

type Business = Tenant & Readonly<{ businessId: Id<'business'> }>

type Step =
  | Readonly<{ what: 'post'; day: number; text: string }>
  | Readonly<{ what: 'close'; month: CalendarDate }>

const newYear = asDate('2026-01-01')
const dayOf = (day: number): CalendarDate => addDays(newYear, day)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      what: fc.constant('post' as const),
      day: fc.nat(160),
      text: fc.constantFrom(
        '1001 +107.50 | 4000 -107.50',
        '5020 +30.00 | 1011 -30.00',
        '1011 +5.00 | 1001 -2.00 | 3001 -3.00',
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('close' as const),
      month: fc.constantFrom(...['2026-01-31', '2026-02-28', '2026-04-30'].map(asDate)),
    }),
  },
)

/** Minute after minute from the middle of June. */
const timeOf = (minute: number): Instant =>
  instantFromMs(Date.parse('2026-06-15T12:00:00Z') + minute * 60_000)

/** What is refused leaves the books as they are. */
async function take(tenant: Business, one: Step, minute: number): Promise<void> {
  const by = { tenant, now: timeOf(minute) }
  const reason = 'Audited'
  try {
    if (one.what === 'post') await ledger.write(postJournal, journal(one.text, dayOf(one.day)), by)
    else {
      const close = { throughDate: one.month, reason, acknowledgeDrafts: true, moreChecks: [] }
      await ledger.write(closePeriods, close, by)
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

type Shown = readonly (readonly [string, AccountSum][])[]

const asked = new Set<string | undefined>()

/** Sums of accounts with anything on them, per date; names of what was asked are kept. */
const shown = (tenant: Business, dates: readonly CalendarDate[], view?: View): Promise<Shown> =>
  readSnapshot(ledger.pool, tenant, async (db) => {
    const heard: Db = {
      query: (statement) => {
        asked.add(statement.name)
        return db.query(statement)
      },
    }
    const sums = await listSums(heard, tenant.businessId, dates, view)
    return sums.map((each) =>
      [...each].filter(([, { debit, credit }]) => debit !== 0n || credit !== 0n).sort(),
    )
  })

test('what was known at any time is what was shown then, counted from now, the start or a close', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 12, maxLength: 24 }),
      fc.array(fc.nat(170), { minLength: 2, maxLength: 3 }),
      async (steps, days) => {
        const tenant = await ledger.addBusiness()
        const dates = [...days.map(dayOf), asDate('2026-02-28')]
        const then: Shown[] = []
        for (const [minute, one] of steps.entries()) {
          await take(tenant, one, minute)
          then.push(await shown(tenant, dates))
        }

        for (const [minute, expected] of then.entries()) {
          expect(await shown(tenant, dates, { knownAt: timeOf(minute) })).toEqual(expected)
        }
      },
    ),
    { numRuns: 6, seed: 7 },
  )
  expect([...asked]).toEqual(expect.arrayContaining(['list_span_sums', 'list_sealed_sums']))
})

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const refused: unknown = await work.catch((error: unknown) => error)
  return isRefusal(refused) ? refused.code : 'shown'
}

/** Entries without lines, each said to have a thousand: what is counted and never read. */
const inflate = (tenant: Business, entries: number): Promise<unknown> =>
  ledger.owner.query(
    `begin; set local role postgres; set local session_replication_role = replica;
    insert into journal_entry (business_id, entry_id, entry_seq, link, number, accounting_date,
      recorded_at, kind, source_type, description, actor, line_count, total_base)
    select '${tenant.businessId}', gen_random_uuid(), n, 1, 'X-' || n, '2026-06-01',
      timestamptz '2026-06-16' + n * interval '1 second', 'standard', 'manual', 'many', 'nobody',
      1000, 0
    from generate_series(2, ${entries + 1}) as n;
    commit`,
  )

test('what lies more than two million lines from now and from the start is refused', async () => {
  const tenant = await ledger.addBusiness()
  const entries = linesMax / 1000
  await take(tenant, { what: 'post', day: 10, text: '1001 +1.00 | 4000 -1.00' }, 0)
  await inflate(tenant, 3 * entries)
  const asOf = [asDate('2026-06-30')]
  const knownAfter = (seconds: number): View => ({
    knownAt: instantFromMs(Date.parse('2026-06-16T00:00:00Z') + seconds * 1000),
  })

  expect(await codeOf(shown(tenant, asOf, knownAfter(1.5 * entries)))).toBe(
    'reports.too_many_lines',
  )
  expect(await codeOf(shown(tenant, asOf, knownAfter(entries - 5)))).toBe('shown')
  expect(await codeOf(shown(tenant, asOf, knownAfter(2 * entries + 1)))).toBe('shown')
})
