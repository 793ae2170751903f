import { afterAll, expect, test } from 'vitest'
import { aLedger, journal } from '../../../test/lane.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { createAccount, seedChart, updateAccount } from './account.actions.ts'
import { getAccount, listAccounts } from './account.queries.ts'
import { postJournal } from './journal.actions.ts'

const ledger = await aLedger()
afterAll(ledger.close)

const { businessId } = ledger.tenant

const outcomeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

const chart = () => ledger.read((db) => listAccounts(db, { businessId }))

test('a business that has accounts keeps them when a chart is seeded again', async () => {
  const before = await chart()

  await ledger.write(seedChart, { chart: 'nigeria' })

  expect(await chart()).toEqual(before)
})

test('a new account is open to postings at once', async () => {
  const input = { code: '5098', name: 'Ground rent', category: 'expense' } as const

  await ledger.write(createAccount, input)
  await ledger.write(postJournal, journal('5098 +3.00 | 1001 -3.00'))

  const account = await ledger.read((db) => getAccount(db, businessId, '5098'))
  expect(account).toMatchObject({ ...input, subcategory: 'operating_expense', level: 'open' })
  expect(await ledger.balances()).toBe('1001 -3.00 | 5098 +3.00')
})

test.each([
  ['a taken code', { code: '5098', category: 'expense' }, 'ledger.account_code_taken'],
  [
    'a subcategory of another category',
    { code: '5097', category: 'expense', subcategory: 'equity' },
    'validation.failed',
  ],
] as const)('%s is refused and changes nothing', async (_name, input, code) => {
  const before = await chart()

  expect(await outcomeOf(ledger.write(createAccount, { name: 'Twin', ...input }))).toBe(code)
  expect(await chart()).toEqual(before)
})

test.each([
  ['an unknown account', { code: '9999', name: 'Gone' }, 'resource.not_found'],
  [
    'the description of an account with a role',
    { code: '1001', description: 'Till' },
    'ledger.system_account_locked',
  ],
  [
    'archiving an account with a role',
    { code: '1021', isActive: false },
    'ledger.system_account_locked',
  ],
  [
    'archiving an account with a balance',
    { code: '5098', isActive: false },
    'ledger.account_in_use',
  ],
] as const)('changing %s is refused and changes nothing', async (_name, input, code) => {
  const before = await chart()

  expect(await outcomeOf(ledger.write(updateAccount, input))).toBe(code)
  expect(await chart()).toEqual(before)
})

test('an archived account takes no posting until it is back', async () => {
  const post = () => outcomeOf(ledger.write(postJournal, journal('5020 +1.00 | 1001 -1.00')))

  await ledger.write(updateAccount, { code: '5020', isActive: false, name: 'Old rent' })
  expect(await post()).toBe('ledger.account_inactive')
  await ledger.write(updateAccount, { code: '5020', isActive: true })
  expect(await post()).toBe('accepted')
})
