import { afterAll, expect, test } from 'vitest'
import { aLedger, journal, newUuid } from '../../../test/lane.ts'
import { asDate } from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { asId } from '../../kernel/ids.ts'
import { createAccount, updateAccount } from './account.actions.ts'
import { postJournal, reverseJournal } from './journal.actions.ts'
import type { Journal } from './journal.ts'

const ledger = await aLedger()
afterAll(ledger.close)

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

await ledger.write(updateAccount, { code: '5020', isActive: false })
await ledger.write(createAccount, {
  ...{ code: '5099', name: 'Fees', category: 'expense', subcategory: 'operating_expense' },
} as Parameters<typeof createAccount>[1])

/** One thing wrong per class, in the order of the classes; each can be combined with the others. */
const wrongs: readonly (readonly [string, string, (draft: Journal) => Journal])[] = [
  ['shape', 'ledger.line_zero', (draft) => withLine(draft, '1001', 0n)],
  ['existence', 'ledger.account_not_found', (draft) => withPair(draft, '9999')],
  ['state', 'ledger.account_inactive', (draft) => withPair(draft, '5020')],
  ['protection', 'ledger.account_is_control', (draft) => withPair(draft, '1021')],
  ['arithmetic', 'ledger.journal_unbalanced', (draft) => withLine(draft, '1011', 1n)],
  ['dates', 'ledger.date_too_far', (draft) => ({ ...draft, accountingDate: asDate('2019-01-01') })],
]

const withLine = (draft: Journal, accountCode: string, base: bigint): Journal => ({
  ...draft,
  lines: [...draft.lines, { accountCode, base, description: null }],
})

const withPair = (draft: Journal, accountCode: string): Journal =>
  withLine(withLine(draft, accountCode, 5n), '1001', -5n)

const pairs = wrongs.flatMap((first, i) =>
  wrongs.slice(i + 1).map((second) => [first, second] as const),
)

test.each(wrongs)('a wrong %s alone is refused with its own code', async (_class, code, spoil) => {
  const draft = spoil(journal('1001 +1.00 | 4000 -1.00'))
  expect(await codeOf(ledger.write(postJournal, draft))).toBe(code)
})

test.each(pairs.map(([first, second]) => [first[0], second[0], first, second] as const))(
  'a wrong %s is told before a wrong %s',
  async (_a, _b, [, code, spoil], [, , spoilToo]) => {
    const draft = spoilToo(spoil(journal('1001 +1.00 | 4000 -1.00')))
    expect(await codeOf(ledger.write(postJournal, draft))).toBe(code)
  },
)

test('of a reversal, existence is told before state, and state before dates', async () => {
  const done = await ledger.write(postJournal, journal('1001 +1.00 | 4000 -1.00'))
  const entryId = 'value' in done ? done.value.id : asId('entry', newUuid())
  const tooEarly = { reason: 'a test', date: asDate('2026-01-01') }
  const reverse = (id: typeof entryId) =>
    codeOf(ledger.write(reverseJournal, { entryId: id, ...tooEarly }))

  expect(await reverse(asId('entry', newUuid()))).toBe('resource.not_found')
  expect(await reverse(entryId)).toBe('ledger.reversal_too_early')
  await ledger.write(reverseJournal, { entryId, reason: 'a test' })
  expect(await reverse(entryId)).toBe('ledger.entry_already_reversed')
})
