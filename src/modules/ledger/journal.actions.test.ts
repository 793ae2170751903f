import { afterAll, expect, test } from 'vitest'
import { aLedger, journal } from '../../../test/lane.ts'
import { asDate } from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { postJournal, reverseJournal } from './journal.actions.ts'

const ledger = await aLedger()
afterAll(ledger.close)

const outcomeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

test('a posted entry takes the next number and moves both balances', async () => {
  const done = await ledger.write(postJournal, journal('1001 +107.50 | 4000 -100.00 | 2021 -7.50'))

  expect('value' in done && done.value.number).toBe('JE-2026-001')
  expect(await ledger.balances()).toBe('1001 +107.50 | 2021 -7.50 | 4000 -100.00')
  expect(await ledger.balances('2026-06-09')).toBe('')
})

test('neighbours share a commit, and a bad one among them refuses alone', async () => {
  const before = await ledger.balances()
  const texts = Array.from({ length: 100 }, (_, i) =>
    i === 41 ? '1001 +1.00 | 9999 -1.00' : '1001 +1.00 | 4000 -1.00',
  )

  const outcomes = await Promise.all(
    texts.map((text) => outcomeOf(ledger.write(postJournal, journal(text)))),
  )

  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(99)
  expect(outcomes[41]).toBe('ledger.account_not_found')
  expect(before).toBe('1001 +107.50 | 2021 -7.50 | 4000 -100.00')
  expect(await ledger.balances()).toBe('1001 +206.50 | 2021 -7.50 | 4000 -199.00')
})

test('a back-dated entry reaches every later month, an entry in a new month carries all forward', async () => {
  await ledger.write(postJournal, journal('5020 +10.00 | 1011 -10.00', '2025-02-03'))
  await ledger.write(postJournal, journal('5020 +10.00 | 1011 -10.00', '2026-09-30'))

  expect(await ledger.balances('2025-02-02')).toBe('')
  expect(await ledger.balances('2026-05-31')).toBe('1011 -10.00 | 5020 +10.00')
  expect(await ledger.balances('2026-09-30')).toBe(
    '1001 +206.50 | 1011 -20.00 | 2021 -7.50 | 4000 -199.00 | 5020 +20.00',
  )
})

test('a reversal mirrors its entry, and only once', async () => {
  const before = await ledger.balances()
  const done = await ledger.write(postJournal, journal('1001 +5.00 | 4000 -5.00'))
  const entryId = 'value' in done ? done.value.id : undefined
  if (entryId === undefined) throw new Error('not posted')
  const input = { entryId, reason: 'wrong account' }

  const early = { ...input, date: asDate('2026-06-09') }
  expect(await outcomeOf(ledger.write(reverseJournal, early))).toBe('ledger.reversal_too_early')
  expect(await outcomeOf(ledger.write(reverseJournal, input))).toBe('accepted')
  expect(await outcomeOf(ledger.write(reverseJournal, input))).toBe('ledger.entry_already_reversed')
  expect(await ledger.balances()).toBe(before)
})

test.each([
  ['one line', '1001 +1.00', 'ledger.too_few_lines'],
  ['an empty line', '1001 +1.00 | 4000 -1.00 | 5020 +0.00', 'ledger.line_zero'],
  ['an unknown account', '1001 +1.00 | 4444 -2.00', 'ledger.account_not_found'],
  ['a control account', '1021 +1.00 | 4000 -2.00', 'ledger.account_is_control'],
  ['unequal sides', '1001 +1.00 | 4000 -0.99', 'ledger.journal_unbalanced'],
])('%s is refused and changes nothing', async (_name, text, code) => {
  const before = await ledger.balances()

  expect(await outcomeOf(ledger.write(postJournal, journal(text)))).toBe(code)
  expect(await ledger.balances()).toBe(before)
})

test.each([
  ['before the books start', '2019-12-31'],
  ['more than 366 days ahead', '2027-06-17'],
])('a date %s is refused', async (_name, date) => {
  const entry = journal('1001 +1.00 | 4000 -1.00', date)
  expect(await outcomeOf(ledger.write(postJournal, entry))).toBe('ledger.date_too_far')
})
