import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { closePeriods } from '../../../src/modules/ledger/period.actions.ts'
import { type Answer, aBusiness } from '../../harness.ts'
import { aCustomer, aSentInvoice, items, lastEvent } from '../../till.ts'

const path = '/api/v1/invoices'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const texts = [7, true, [], {}] as const
const numbers = ['x', true, [], {}] as const
const booleans = ['true', 1, [], {}] as const

/** Every member with what it must be, and values of every other kind. */
const members: readonly (readonly [string, string, readonly unknown[]])[] = [
  ['customer_id', 'must be a string', texts],
  ['invoice_number', 'must be a string', texts],
  ['issue_date', 'must be a string', texts],
  ['due_date', 'must be a string', texts],
  ['currency', 'must be a string', texts],
  ['notes', 'must be a string', texts],
  ['terms', 'must be a string', texts],
  ['exchange_rate', 'must be a number', numbers],
  ['prices_include_tax', 'must be true or false', booleans],
  ['discount_rate', 'must be a number', numbers],
  ['purchase_order', 'must be a string', texts],
  ['external_id', 'must be a string', texts],
  ['metadata', 'must be an object', [7, 'x', true, []]],
]
const ofItems: typeof members = [
  ['description', 'must be a string', texts],
  ['quantity', 'must be a number', numbers],
  ['unit_price', 'must be a number', numbers],
  ['tax_rate', 'must be a number', numbers],
  ['product_id', 'must be a string', texts],
  ['discount_rate', 'must be a number', numbers],
  ['revenue_account_code', 'must be a string', texts],
  ['unit', 'must be a string', texts],
]

test('400 every member of every wrong kind, in a create and in an update', async () => {
  const business = await aBusiness()
  const draft = await aSentInvoice(business, { status: 'draft' })
  const { customer_id } = draft
  const before = await lastEvent(business)
  const send = async (change: object): Promise<readonly Answer[]> => [
    await business.invoicing.post(path, { customer_id, items, ...change }),
    await business.invoicing.patch(`${path}/${draft.id}`, change),
  ]
  const wrong = [
    ...members.flatMap(([member, message, values]) =>
      values.map((value) => [{ [member]: value }, `${member} ${message}`] as const),
    ),
    ...ofItems.flatMap(([member, message, values]) =>
      values.map((value) => {
        const change = { items: [items[1], { ...items[0], [member]: value }] }
        return [change, `items[1].${member} ${message}`] as const
      }),
    ),
    [{ status: 7 }, 'status must be one of: draft, sent, paid, overdue, cancelled'] as const,
  ]
  for (const [change, error] of wrong) {
    for (const reply of await send(change)) {
      expect([change, reply.status, reply.body]).toEqual([change, 400, { error }])
    }
  }
  const after = await business.invoicing.get(`${path}/${draft.id}`)
  expect([after.body, await lastEvent(business)]).toEqual([draft, before])
})

test('201 five hundred items, 400 one more', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const many = (count: number) => Array.from({ length: count }, () => items[0])
  const reply = await business.invoicing.post(path, {
    ...{ customer_id, items: many(500), status: 'sent' },
  })
  const more = await business.invoicing.post(path, { customer_id, items: many(501) })
  const changed = await business.invoicing.patch(`${path}/${reply.body.id}`, {
    items: many(10_000),
  })
  expect([reply.status, reply.body.items.length, reply.body.total]).toEqual([201, 500, 193_500])
  expect([more, changed].map(({ status, body }) => [status, body.error])).toEqual([
    [400, 'items must have at most 500 items'],
    [400, 'items must have at most 500 items'],
  ])
})

test.each([
  ['a price', { items: [{ ...items[0], quantity: 1_000_000, unit_price: 9_999_999_999 }] }],
  ['a sum', { items: [1, 2].map(() => ({ ...items[0], quantity: 1, unit_price: 9e12 })) }],
  ['a tax', { items: [{ ...items[0], quantity: 1, unit_price: 9.9e12, tax_rate: 100 }] }],
  ['a rate', { items: [{ ...items[0], unit_price: 1e9 }], exchange_rate: 1e9, status: 'sent' }],
])('400 %s that overflows', async (_what, change) => {
  const business = await aBusiness(nigeria)
  const customer_id = await aCustomer(business)
  const reply = await business.invoicing.post(path, { customer_id, ...change })
  const list = await business.invoicing.get(path)
  expect([reply.status, reply.text, list.body.pagination.total]).toEqual([
    400,
    '{"error":"The amount is too large"}',
    0,
  ])
})

test.each([
  ['a null', 'a\u0000b'],
  ['half a character', 'a\ud800b'],
])('400 %s in a text', async (_what, text) => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const body = JSON.stringify({ customer_id, items, notes: text }).replace('\ud800', '\\ud800')
  const reply = await business.invoicing.post(path, body, { 'content-type': 'application/json' })
  expect([reply.status, reply.body.error]).toEqual([
    400,
    'notes contains characters that are not allowed',
  ])
})

test('201 hostile text is kept as it is', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const hostile = [
    'a\u0007b',
    '#let x = 1 <b>&amp;</b>',
    '=cmd|calc',
    '$ 1/2 $ \\u{1F600}',
    'العربية ₦ €',
    '\u202eabc',
  ]
  for (const notes of hostile) {
    const reply = await business.invoicing.post(path, { customer_id, items, notes })
    const read = await business.invoicing.get(`${path}/${reply.body.id}`)
    expect([reply.status, read.body.notes]).toEqual([201, notes])
  }
})

test('400 a date in a closed period, or too far away', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  await business.write(closePeriods, {
    ...{ throughDate: asDate('2025-01-31'), reason: 'closed', acknowledgeDrafts: true },
    moreChecks: [],
  })
  const issue = (issue_date: string) =>
    business.invoicing.post(path, { customer_id, items, issue_date, status: 'sent' })
  const [closed, early] = [await issue('2025-01-31'), await issue('1901-01-01')]
  expect([closed, early].map(({ status, body }) => [status, body.error])).toEqual([
    [400, '2025-01-31 lies in a closed period; the earliest open date is 2025-02-01'],
    [400, expect.stringContaining('1901-01-01')],
  ])
})

test('400 an external id names one invoice, and answers the same words with it', async () => {
  const business = await aBusiness()
  const customer_id = await aCustomer(business)
  const create = (notes: string) =>
    business.invoicing.post(path, { customer_id, items, notes, external_id: 'shop-1' })
  const first = await create('Hello')
  const same = await create('Hello')
  const other = await create('Bye')
  expect([same.status, same.text]).toEqual([201, first.text])
  expect([other.status, other.text]).toEqual([
    400,
    '{"error":"externalId shop-1 is already used by another Invoice"}',
  ])
})

test('400 accounts that cannot take revenue', async () => {
  const business = await aBusiness(nigeria)
  const customer_id = await aCustomer(business)
  const post = (revenue_account_code: string) =>
    business.invoicing.post(path, {
      ...{ customer_id, status: 'sent', currency: 'NGN' },
      items: [{ ...items[0], revenue_account_code }],
    })
  expect((await post('9999')).body.error).toBe('Account 9999 does not exist')
  expect((await post('1021')).body.error).toMatch(/1021/)
  expect((await post('4000')).status).toBe(201)
})
