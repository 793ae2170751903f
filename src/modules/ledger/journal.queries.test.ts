import { afterAll, expect, test } from 'vitest'
import { aLedger, journal } from '../../../test/lane.ts'
import { asDate, type Instant } from '../../kernel/dates.ts'
import { draftJournal, postJournal, reverseJournal } from './journal.actions.ts'
import {
  type FoundJournal,
  findHeads,
  type JournalSort,
  journalSorts,
  listJournals,
} from './journal.queries.ts'

const ledger = await aLedger()
afterAll(ledger.close)
const { businessId } = ledger.tenant

const timeOf = (minute: number): Instant =>
  `2026-06-15T12:${String(minute).padStart(2, '0')}:00.000Z` as Instant

/** Twelve entries over four days, every third reversed at the end, and four drafts between them. */
for (let minute = 0; minute < 12; minute += 1) {
  const now = timeOf(minute)
  const day = `2026-06-0${1 + ((minute * 5) % 4)}`
  const text = minute % 2 === 0 ? '1001 +1.00 | 4000 -1.00' : '5020 +2.00 | 1011 -2.00'
  const externalId = `own ${minute}`
  await ledger.write(postJournal, journal(text, day, { externalId }), { now })
  if (minute % 3 === 0) await ledger.write(draftJournal, journal(text, day), { now })
}
const all = await list({})
const posted = all.flatMap((found) => ('entry' in found ? [found.entry] : []))
for (const { id, seq } of posted) {
  if (seq % 3n !== 0n) continue
  await ledger.write(
    reverseJournal,
    { entryId: id, reason: 'a test' },
    { now: timeOf(30 + Number(seq)) },
  )
}

type Asked = Partial<Parameters<typeof listJournals>[1]>

async function list(asked: Asked): Promise<readonly FoundJournal[]> {
  const { items, total } = await ledger.read((db) =>
    listJournals(db, { businessId, limit: 100, offset: 0, ...asked }),
  )
  expect(total).toBe(items.length)
  return items
}

const idOf = (found: FoundJournal): string => ('entry' in found ? found.entry.id : found.draft.id)

/** Every page of four, one after the other. */
async function pages(asked: Asked): Promise<readonly string[]> {
  const ids: string[] = []
  for (let offset = 0; offset < 40; offset += 4) {
    const { items } = await ledger.read((db) =>
      listJournals(db, { businessId, limit: 4, offset, ...asked }),
    )
    ids.push(...items.map(idOf))
  }
  return ids
}

type Facts = Readonly<{
  status: 'draft' | 'posted' | 'reversed'
  date: string
  at: string
  changed: string
  number: string | null
  isReversal: boolean
  hasRent: boolean
  key: string | null
}>

const whole = await list({})
const reversalOf = new Map(
  whole.flatMap((found) =>
    'entry' in found && found.entry.reversesEntryId !== undefined
      ? [[found.entry.reversesEntryId as string, found.entry.recordedAt]]
      : [],
  ),
)

function factsOf(found: FoundJournal): Facts {
  if ('draft' in found) {
    const { accountingDate: date, createdAt: at, lines, externalId } = found.draft
    const hasRent = lines.some(({ accountCode }) => accountCode === '5020')
    const key = externalId ?? null
    return { status: 'draft', date, at, changed: at, number: null, isReversal: false, hasRent, key }
  }
  const { entry } = found
  const changed = reversalOf.get(entry.id) ?? entry.recordedAt
  return {
    status: found.reversedById === null ? 'posted' : 'reversed',
    ...{ date: entry.accountingDate, at: entry.recordedAt, changed, number: entry.number },
    isReversal: entry.kind === 'reversal',
    hasRent: entry.totalBase === 200n,
    key: entry.externalId ?? null,
  }
}

test.each<readonly [string, Asked, (facts: Facts) => boolean]>([
  ['everything', {}, () => true],
  ['drafts', { status: 'draft' }, ({ status }) => status === 'draft'],
  ['posted ones', { status: 'posted' }, ({ status }) => status === 'posted'],
  ['reversed ones', { status: 'reversed' }, ({ status }) => status === 'reversed'],
  [
    'two days',
    { startDate: asDate('2026-06-02'), endDate: asDate('2026-06-03') },
    ({ date }) => date >= '2026-06-02' && date <= '2026-06-03',
  ],
  ['reversals', { isReversal: true }, ({ isReversal }) => isReversal],
  ['what is no reversal', { isReversal: false }, ({ isReversal }) => !isReversal],
  ['a source that nothing has', { sourceTypes: ['invoice'] }, () => false],
  ['one account', { accountCode: '5020' }, ({ hasRent }) => hasRent],
  ['an id of the caller’s', { externalId: 'own 7' }, ({ key }) => key === 'own 7'],
  ['what changed', { updatedSince: timeOf(8) }, ({ changed }) => changed >= timeOf(8)],
  [
    'drafts on one account since a time',
    { status: 'draft', accountCode: '5020', updatedSince: timeOf(2) },
    ({ status, hasRent, at }) => status === 'draft' && hasRent && at >= timeOf(2),
  ],
])('a list of %s holds just these, in whole and in pages', async (_name, asked, belongs) => {
  const expected = whole.filter((found) => belongs(factsOf(found))).map(idOf)

  expect((await list(asked)).map(idOf)).toEqual(expected)
  expect(await pages(asked)).toEqual(expected)
})

test.each(journalSorts.flatMap((sort): JournalSort[] => [sort, `-${sort}`]))(
  'a list by %s is in its order, in whole and in pages',
  async (sort) => {
    const found = await list({ sort })
    const isDown = sort.startsWith('-')
    const field = isDown ? sort.slice(1) : sort
    const keyOf = ({ date, at, number }: Facts): string =>
      new Map([
        ['number', number ?? ''],
        ['createdAt', at],
      ]).get(field) ?? `${date} ${at}`
    const keys = found.map((one) => keyOf(factsOf(one))).filter((key) => key !== '')

    expect(keys).toEqual(isDown ? keys.toSorted().reverse() : keys.toSorted())
    expect(found.map(idOf).toSorted()).toEqual(whole.map(idOf).toSorted())
    expect(await pages({ sort })).toEqual(found.map(idOf))
    if (field === 'number') expect(found.slice(-4).every((one) => 'draft' in one)).toBe(true)
  },
)

test('what was recorded by an instant is found at every edge', async () => {
  const known = async (at: string) =>
    (await ledger.read((db) => findHeads(db, businessId, at as Instant))).known

  expect(await known('2026-06-15T11:59:59.999Z')).toBe(0n)
  expect(await known(timeOf(0))).toBe(1n)
  expect(await known('2026-06-15T12:04:59.999Z')).toBe(5n)
  expect(await known('2030-01-01T00:00:00.000Z')).toBe(16n)
})
