import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Client } from '../../harness.ts'
import { booksOf } from './client.ts'

const path = '/v1/invoices'
const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const

const posters = {
  customerName: 'Kuti Prints',
  customerEmail: 'accounts@kutiprints.example',
  lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: 40_000 }],
  invoiceDate: '2026-04-10',
  dueDate: '2026-07-20',
}

const aBooks = async (): Promise<Client> => booksOf(await aBusiness(nigeria))

const errorOf = ({ status, body }: Answer): unknown => [
  status,
  body.error?.code,
  body.error?.message,
]

/** Every figure that a refused request must leave alone. */
async function stateOf(books: Client): Promise<string> {
  const balance = await books.get('/v1/reports/trial-balance')
  const invoices = await books.get(path)
  return JSON.stringify([balance.body.data, invoices.body.data])
}

async function anInvoice(books: Client, step?: string): Promise<string> {
  const { body } = await books.post(path, posters)
  if (step !== undefined) await books.post(`${path}/${body.data.id}/${step}`)
  return `${path}/${body.data.id}`
}

/** Signed movements of the accounts that invoices touch: receivables, revenue, tax, bank. */
async function balances(books: Client): Promise<string> {
  const { body } = await books.get('/v1/reports/trial-balance')
  type Row = Readonly<{ code: string; debit: number; credit: number }>
  const rows: readonly Row[] = body.data.accounts
  return rows
    .filter(({ debit, credit }) => debit !== credit)
    .map(({ code, debit, credit }) => `${code} ${debit - credit}`)
    .join(' | ')
}

test('201 the published invoice is kept as a draft, member by member, and moves no balance', async () => {
  const books = await aBooks()
  const before = await balances(books)

  const { status, body, headers } = await books.post(path, { ...posters, dueDate: undefined })

  const { id, businessId, customerId } = body.data
  expect([status, headers['location']]).toEqual([201, `/books/v1/invoices/${id}`])
  expect(JSON.stringify(body.data)).toBe(
    `{"id":"${id}","businessId":"${businessId}","invoiceNumber":"INV-2026-001",` +
      `"customerId":"${customerId}","invoiceDate":"2026-04-10T00:00:00.000Z",` +
      '"dueDate":"2026-04-20T00:00:00.000Z","lineItems":[{"description":"Poster run",' +
      '"quantity":2,"unitPrice":40000,"amountKobo":8000000,"amount":80000,"taxable":true,' +
      '"productId":null,"discountRate":0,"accountId":"4000"}],"subtotalKobo":8000000,' +
      '"vatRate":7.5,"vatAmountKobo":600000,"totalKobo":8600000,"total":86000,' +
      '"amountDueKobo":8600000,"status":"draft","createdAt":"2026-06-15T12:00:00.000Z",' +
      '"subtotal":80000,"vatAmount":6000,"amountDue":86000,"amountPaidKobo":0,"amountPaid":0,' +
      '"customerName":"Kuti Prints","currency":"NGN","exchangeRate":null,"notes":null,' +
      '"terms":null,"reference":null,"isPostedToGL":false,"journalEntryId":null,' +
      '"sentAt":null,"paidAt":null,"voidedAt":null,"voidReason":null,"hostedUrl":null,' +
      '"updatedAt":"2026-06-15T12:00:00.000Z","externalId":null,"metadata":{}}',
  )
  expect((await books.get(`${path}/${id}`)).body.data).toEqual(body.data)
  expect(await balances(books)).toBe(before)
})

test('201 two invoices for one e-mail address have one customer', async () => {
  const books = await aBooks()

  const [first, second] = await Promise.all([books.post(path, posters), books.post(path, posters)])

  expect(first.body.data.customerId).toBe(second.body.data.customerId)
  expect([first, second].map(({ body }) => body.data.invoiceNumber).sort()).toEqual([
    'INV-2026-001',
    'INV-2026-002',
  ])
})

test('200 an invoice goes from draft to unsent, sent and paid, and posts once at each step', async () => {
  const books = await aBooks()
  const one = await anInvoice(books)

  const unsent = await books.post(`${one}/finalize`)
  const posted = await balances(books)
  const sent = await books.post(`${one}/send`, { to: ['desk@kutiprints.example'] })
  const paid = await books.post(`${one}/mark-paid`, {
    paymentDate: '2026-05-02',
    paymentMethod: 'cash',
    bankAccountId: '1001',
    reference: 'TELLER-9',
  })

  expect(
    [unsent, sent, paid].map(({ status, body }) => [status, body.data.status, body.data.sentAt]),
  ).toEqual([
    [200, 'unsent', null],
    [200, 'sent', '2026-06-15T12:00:00.000Z'],
    [200, 'paid', '2026-06-15T12:00:00.000Z'],
  ])
  expect(unsent.body.data.isPostedToGL).toBe(true)
  expect(posted).toBe('1021 86000 | 2021 -6000 | 4000 -80000')
  expect(await balances(books)).toBe('1001 86000 | 2026 -6000 | 4000 -80000')
  expect(paid.body.data).toMatchObject({ amountDueKobo: 0, amountPaid: 86_000 })
})

test('200 a void reverses the posting and says why', async () => {
  const books = await aBooks()
  const one = await anInvoice(books, 'finalize')

  const { status, body } = await books.post(`${one}/void`, { reason: 'Wrong customer' })

  expect([status, body.data.status, body.data.voidReason]).toEqual([
    200,
    'cancelled',
    'Wrong customer',
  ])
  expect(await balances(books)).toBe('')
})

test('409 voiding a voided invoice changes nothing', async () => {
  const books = await aBooks()
  const one = await anInvoice(books, 'finalize')
  await books.post(`${one}/void`, { reason: 'Wrong customer' })
  const before = await stateOf(books)

  const again = await books.post(`${one}/void`, { reason: 'Wrong customer' })

  expect(errorOf(again)).toEqual([409, 'CONFLICT', 'Invoice INV-2026-001 is already voided'])
  expect(await stateOf(books)).toBe(before)
})

test.each([
  ['mark-paid', {}, 'Invoice INV-2026-001 is already paid'],
  ['send', {}, 'Invoice cannot change from paid to sent'],
  ['finalize', undefined, 'Invoice cannot change from paid to unsent'],
])('409 %s of a paid invoice changes nothing', async (step, body, message) => {
  const books = await aBooks()
  const one = await anInvoice(books, 'mark-paid')
  const before = await stateOf(books)

  const refused = await books.post(`${one}/${step}`, body)

  expect(errorOf(refused)).toEqual([409, 'CONFLICT', message])
  expect(await stateOf(books)).toBe(before)
})

test('422 a paid invoice cannot be voided', async () => {
  const books = await aBooks()
  const one = await anInvoice(books, 'mark-paid')
  const before = await stateOf(books)

  const refused = await books.post(`${one}/void`, { reason: 'No' })

  expect(errorOf(refused)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    'Invoice INV-2026-001 has payments; remove them or issue a credit note',
  ])
  expect(await stateOf(books)).toBe(before)
})

test('200 a draft changes as a whole, an issued invoice in its texts and due date', async () => {
  const books = await aBooks()
  const one = await anInvoice(books)

  const draft = await books.put(one, {
    lineItems: [
      { description: 'Banner', quantity: 1.5, unitPrice: 10_000, discountRate: 10 },
      { description: 'Delivery', quantity: 1, unitPrice: 500, taxable: false },
    ],
    vatRate: 0,
  })
  const issued = await books.put(one, { status: 'unsent', notes: 'Thank you' })
  const late = await books.put(one, { dueDate: '2026-08-01' })

  expect(draft.body.data).toMatchObject({ subtotal: 14_000, vatRate: 0, vatAmount: 0 })
  expect(draft.body.data.lineItems.map((line: { taxable: boolean }) => line.taxable)).toEqual([
    true,
    false,
  ])
  expect([issued.body.data.status, issued.body.data.notes]).toEqual(['unsent', 'Thank you'])
  expect(late.body.data.dueDate).toBe('2026-08-01T00:00:00.000Z')
})

test('409 the lines of an issued invoice do not change', async () => {
  const books = await aBooks()
  const one = await anInvoice(books, 'finalize')
  const before = await stateOf(books)

  const refused = await books.put(one, {
    lineItems: [{ description: 'Other', quantity: 1, unitPrice: 1 }],
  })

  expect(errorOf(refused)).toEqual([
    409,
    'CONFLICT',
    'Invoice INV-2026-001 is sent; only drafts can be changed in this way',
  ])
  expect(await stateOf(books)).toBe(before)
})

test('400 every wrong field is named in the order of the fields', async () => {
  const books = await aBooks()
  const before = await stateOf(books)

  const both = await books.post(path, {
    ...posters,
    lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: -5 }],
    dueDate: '2026-04-10',
  })
  const none = await books.post(path, {})
  const half = await books.post(path, { ...posters, customerName: undefined })
  const early = await books.post(path, {
    ...posters,
    invoiceDate: undefined,
    dueDate: '2026-06-15',
  })
  const vat = await books.post(path, { ...posters, vatRate: 20 })

  expect([both.status, both.body.error.details]).toEqual([
    400,
    [
      { field: 'lineItems[0].unitPrice', message: 'must be a positive number' },
      { field: 'dueDate', message: 'must be after invoiceDate' },
    ],
  ])
  expect(none.body.error.details).toEqual([
    { field: 'customerId', message: 'is required' },
    { field: 'lineItems', message: 'is required' },
  ])
  expect(half.body.error.details).toEqual([{ field: 'customerName', message: 'is required' }])
  expect(early.body.error.details).toEqual([
    { field: 'dueDate', message: 'must be after invoiceDate' },
  ])
  expect(vat.body.error.details).toEqual([{ field: 'vatRate', message: 'must be one of: 7.5, 0' }])
  expect(await stateOf(books)).toBe(before)
})

test('404 an absent invoice and an absent customer', async () => {
  const books = await aBooks()
  const absent = 'cust_01jygw4000e008000000001g01'

  const one = await books.get(`${path}/inv_01jygw4000e008000000001r01`)
  const other = await books.post(path, { ...posters, customerId: absent })

  expect(errorOf(one)).toEqual([404, 'NOT_FOUND', 'Invoice not found'])
  expect(errorOf(other)).toEqual([404, 'NOT_FOUND', 'Customer not found'])
})

test('422 finalizing into a locked month posts nothing and names the first open day', async () => {
  const books = await aBooks()
  const one = await anInvoice(books)
  const lock = { lockDate: '2026-04-30', reason: 'Filed' }
  await books.put('/v1/period-locks/sales', lock)
  const before = await stateOf(books)

  const refused = await books.post(`${one}/finalize`)

  expect(errorOf(refused)).toEqual([
    422,
    'BUSINESS_LOGIC_ERROR',
    '2026-04-10 is locked for sales; the earliest open date is 2026-05-01',
  ])
  expect(refused.body.error.details).toEqual([
    { field: 'invoiceDate', message: 'must be on or after 2026-05-01' },
  ])
  expect(await stateOf(books)).toBe(before)
})

test('200 the list is sorted, and narrowed to what changed since', async () => {
  const business = await aBusiness(nigeria)
  const books = booksOf(business)
  const cheap = { ...posters, lineItems: [{ description: 'Flyer', quantity: 1, unitPrice: 5 }] }
  const first = (await books.post(path, posters)).body.data.id
  business.clock.set('2026-06-16T09:00:00.000Z')
  const second = (await books.post(path, cheap)).body.data.id
  const ids = async (query: string) => {
    const { status, body } = await books.get(`${path}?${query}`)
    return [status, ...body.data.invoices.map(({ id = '' }) => id)]
  }

  expect(await ids('sort=total')).toEqual([200, second, first])
  expect(await ids('sort=-total')).toEqual([200, first, second])
  expect(await ids('sort=invoiceNumber')).toEqual([200, first, second])
  expect(await ids('updatedSince=2026-06-16')).toEqual([200, second])
  await books.put(`${path}/${first}`, { notes: 'Thanks' })
  expect(await ids('updatedSince=2026-06-16T09:00:00Z&sort=createdAt')).toEqual([
    200,
    first,
    second,
  ])
})

test('200 an issued invoice shows the address of its page', async () => {
  const books = await aBooks()
  const issued = await anInvoice(books, 'finalize')

  expect((await books.get(issued)).body.data.hostedUrl).toMatch(/\/i\/[\w-]{43}$/)
})

test('200 the list is narrowed by status, customer and date', async () => {
  const books = await aBooks()
  await anInvoice(books)
  await anInvoice(books, 'finalize')
  await anInvoice(books, 'send')
  await anInvoice(books, 'mark-paid')
  const countOf = async (query: string): Promise<number> =>
    (await books.get(`${path}?${query}`)).body.data.count

  const counts = await Promise.all(
    ['draft', 'unsent', 'sent', 'paid', 'overdue', 'cancelled'].map((status) =>
      countOf(`status=${status}`),
    ),
  )

  expect(counts).toEqual([1, 1, 1, 1, 0, 0])
  expect(await countOf('startDate=2026-04-11')).toBe(0)
  expect(await countOf('endDate=2026-04-10&limit=2')).toBe(2)
})

test('200 a copy is a draft of today; a draft can be deleted', async () => {
  const books = await aBooks()
  const one = await anInvoice(books, 'finalize')

  const copy = await books.post(`${one}/duplicate`)
  const gone = await books.delete(`${path}/${copy.body.data.id}`)

  expect([copy.status, copy.body.data.status, copy.body.data.dueDate]).toEqual([
    201,
    'draft',
    '2026-06-25T00:00:00.000Z',
  ])
  expect(gone.body.data).toEqual({ id: copy.body.data.id, deleted: true })
  expect((await books.get(path)).body.data.count).toBe(1)
})
