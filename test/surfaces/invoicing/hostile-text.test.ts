import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { invoicing as surface } from '../../../src/api/invoicing/surface.ts'
import { MailEngine } from '../../../src/jobs/mail.ts'
import { aBusiness, noon } from '../../harness.ts'
import { ask } from '../../pdf.ts'
import { temporaryFolder, testLog } from '../../postgres.ts'
import { aMailServer, decoded } from '../../smtp-sink.ts'
import { visit } from '../hosted/pages.ts'

/*
 * What people write into a shop to break it: a clear error, or nothing worse than what they wrote.
 * Source: Invoicing specification 1; documents specification 3, 7; platform specification 31.
 */

const v1 = '/api/v1'
const business = await aBusiness()
const { invoicing } = business
const customer: string = (await invoicing.post(`${v1}/customers`, { name: 'Ada' })).body.id
const item = { description: 'Survey', quantity: 1, unit_price: 100 }
const owed = async (more: object = {}): Promise<string> => {
  const body = { customer_id: customer, items: [item], status: 'sent', ...more }
  const { status, body: invoice, text } = await invoicing.post(`${v1}/invoices`, body)
  expect(status, text).toBe(201)
  return invoice.id
}
const invoice = await owed()
const { items: owedItems } = (await invoicing.get(`${v1}/invoices/${invoice}`)).body
const credited = { items: [{ invoice_item_id: owedItems[0].id, amount: 0.01 }] }

type Route = Readonly<{ path: string; base: object; texts: readonly string[] }>

const contact = ['phone', 'address', 'city', 'state', 'postal_code', 'tax_id', 'notes']
const paid = { amount: 0.01, currency: 'USD' }

/** The routes that create, with every text that the caller is free in. */
const routes: readonly Route[] = [
  { path: '/customers', base: {}, texts: ['name', ...contact] },
  { path: '/products', base: { unit_price: 1 }, texts: ['name', 'description', 'unit'] },
  {
    path: '/invoices',
    base: { customer_id: customer, items: [item] },
    texts: ['notes', 'terms', 'purchase_order', 'items.description', 'items.unit'],
  },
  {
    path: '/quotations',
    base: { customer_id: customer, items: [item] },
    texts: ['notes', 'terms', 'purchase_order', 'items.description', 'items.unit'],
  },
  {
    path: '/recurring-invoices',
    base: {
      ...{ customer_id: customer, items: [item], frequency: 'monthly' },
      ...{ start_date: '2030-01-01' },
    },
    texts: ['name', 'notes', 'terms', 'items.description', 'items.unit'],
  },
  {
    path: '/expenses',
    base: { amount: 5 },
    texts: ['description', 'category', 'supplier_name', 'reference'],
  },
  { path: '/payments', base: { customer_id: customer, ...paid }, texts: ['reference', 'notes'] },
  { path: `/invoices/${invoice}/payments`, base: paid, texts: ['reference', 'notes'] },
  {
    path: `/invoices/${invoice}/credit-notes`,
    base: credited,
    texts: ['reason'],
  },
  { path: '/keys', base: { scope: 'read' }, texts: ['name'] },
  {
    path: '/webhooks',
    base: { url: 'https://shop.example/in', events: ['*'] },
    texts: ['description'],
  },
]

/** The body of a route with one text in every place. */
function bodyOf({ base, texts }: Route, text: string): Record<string, unknown> {
  const own = texts.filter((name) => !name.startsWith('items.')).map((name) => [name, text])
  const ofItem = texts
    .filter((name) => name.startsWith('items.'))
    .map((name) => [name.slice('items.'.length), text])
  return {
    ...base,
    ...Object.fromEntries(own),
    ...(ofItem.length > 0 && { items: [{ ...item, ...Object.fromEntries(ofItem) }] }),
    metadata: { said: text },
  }
}

type Schema = Readonly<{
  type?: string
  format?: string
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, Schema>>
  items?: Schema
}>

/** Names that stand for something; each has tests of its own. */
const isIdentifier = (name: string): boolean =>
  /(account_code|_number|^external_id|^sku|^url)$/.test(name.replace(/^items\./, ''))

test('the texts are all that the routes which create have', () => {
  const freeTexts = ({ properties = {} }: Schema, before = ''): readonly string[] =>
    Object.entries(properties).flatMap(([name, member]) => {
      if (name === 'items') return freeTexts(member.items ?? {}, 'items.')
      const { type, format, enum: values } = member
      const isFree = type === 'string' && format === undefined && values === undefined
      return isFree && !isIdentifier(name) ? [`${before}${name}`] : []
    })
  const known = routes.map(({ path, texts }) => [path.replace(invoice, '{id}'), [...texts].sort()])
  const found = surface.routes
    .filter(({ method, answers }) => method === 'POST' && answers[201] !== undefined)
    .map(({ path, body }) => [path.slice(v1.length), [...freeTexts(body ?? {})].sort()] as const)
    .filter(([, texts]) => texts.length > 0)
  expect(found.sort()).toEqual(known.sort())
})

const shown: readonly (readonly [name: string, text: string])[] = [
  ['markup', `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;`],
  ['Typst', '#panic("x") $x^2$ *b* _i_ @r <l> `r`'],
  ['a formula', '=HYPERLINK("http://a","b")'],
  ['a sum', '+1-2*@SUM(A1)'],
  ['an override', 'invoice \u202efdp.exe\u202c'],
  ['control characters', 'a\u0007b\u001b[31mc\u0085d'],
  ['a template', '${' + 'process.exit()} {{7*7}} %s %n'],
  ['SQL', `'; drop table party; --`],
  ['signs of many letters', 'e\u0301\u0323'.repeat(12)],
]

test.each(shown)('201 %s is kept as it was written, by every route', async (_name, text) => {
  for (const route of routes) {
    const { path, texts } = route
    const wanted = path === '/keys' ? text.slice(0, 50) : text
    const {
      status,
      body,
      text: answer,
    } = await invoicing.post(
      `${v1}${path}`,
      path === '/webhooks'
        ? { ...bodyOf(route, wanted), url: `https://shop.example/${encodeURIComponent(wanted)}` }
        : bodyOf(route, wanted),
    )
    expect([path, status, answer]).toEqual([path, 201, expect.any(String)])
    for (const name of texts) {
      const found = name.startsWith('items.') ? body.items[0][name.slice(6)] : body[name]
      expect([path, name, found]).toEqual([path, name, wanted])
    }
  }
})

test.each([
  ['NUL', 'a\u0000b'],
  ['half a sign', 'a\ud800b'],
])('400 %s is refused by its place, by every route', async (_name, text) => {
  for (const route of routes) {
    const { status, body } = await invoicing.post(`${v1}${route.path}`, bodyOf(route, text))
    const place = /^[\w.[\]]+ contains characters that are not allowed(; |$)/
    expect([route.path, status, body]).toEqual([
      route.path,
      400,
      { error: expect.stringMatching(place) },
    ])
  }
})

/** Texts that a page, a PDF or a message may show as they are, and none of what does harm. */
const hostile = shown.map(([, text]) => text).join(' ')
const harm = /<script|<img|[\u202a-\u202e]|(?![\n\r])\p{Cc}/u

const everywhere = {
  ...{ notes: hostile, terms: hostile, purchase_order: hostile.slice(0, 255) },
  items: [{ ...item, description: hostile, unit: hostile.slice(0, 255) }],
}

const aHostileCustomer = async (): Promise<string> => {
  const text = hostile.slice(0, 255)
  const fields = Object.fromEntries(contact.map((name) => [name, text]))
  const made = await invoicing.post(`${v1}/customers`, { ...fields, name: hostile.slice(0, 500) })
  expect(made.status, made.text).toBe(201)
  return made.body.id
}

test('200 documents say it and do nothing of it', async ({ skip }) => {
  const customer_id = await aHostileCustomer()
  const id = await owed({ ...everywhere, customer_id, invoice_number: '#1 "a"\r\n<b>\u202e/../x' })
  const quotation = await invoicing.post(`${v1}/quotations`, {
    ...{ customer_id, ...everywhere, status: 'sent' },
  })
  const credit = await invoicing.post(`${v1}/invoices/${id}/credit-notes`, {
    reason: hostile.slice(0, 255),
  })
  for (const path of [
    `/invoices/${id}`,
    `/quotations/${quotation.body.id}`,
    `/credit-notes/${credit.body.id}`,
  ]) {
    const { status, headers, bytes } = await invoicing.get(`${v1}${path}/pdf`)
    const printed = ask(skip, 'pdftotext', bytes).replaceAll(/[\s\u200b]/g, '')
    expect([path, status]).toEqual([path, 200])
    expect(headers['content-disposition']).toMatch(
      /^inline; filename="[\w.-]+"(; filename\*=\S+)?$/,
    )
    for (const text of ['<script>alert(1)</script>', '#panic("x")', '=HYPERLINK("http://a","b")']) {
      expect(printed).toContain(text)
    }
    expect(printed).not.toMatch(/[\u202a-\u202e]|\p{Cc}/u)
  }
})

test('200 pages show it and run nothing of it', async () => {
  const customer_id = await aHostileCustomer()
  const id = await owed({ ...everywhere, customer_id, invoice_number: '#2 <img>\u202e' })
  const { hosted_url } = (await invoicing.get(`${v1}/invoices/${id}`)).body
  const page = await visit(business, new URL(hosted_url).pathname)
  expect(page.status).toBe(200)
  expect(page.text).not.toMatch(harm)
  expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
})

test('messages say it and show nothing of it', async () => {
  const customer_id = await aHostileCustomer()
  const number = '#3 <img src=x>\u202e'
  const id = await owed({ ...everywhere, customer_id, invoice_number: number })
  const sent = await invoicing.post(`${v1}/invoices/${id}/send`, {
    ...{
      to: ['ada@rye.example'],
      attach_pdf: false,
      message: hostile,
      subject: `Hi\u202e ${number}`,
    },
  })
  expect(sent.status, sent.text).toBe(200)
  const sink = await aMailServer()
  const engine = new MailEngine({
    adminPool: business.owner,
    clock: () => noon,
    random: (bytes) => randomBytes(bytes),
    settings: {
      ...{ smtpUrl: sink.url, mailFrom: 'books@tally.example', testMailAllow: [] },
      outbox: join(temporaryFolder(), 'outbox'),
    },
    print: () => Promise.reject(new Error('no PDF was asked for')),
    toPageUrl: () => 'https://tally.example/i/a',
    log: testLog,
  })
  onTestFinished(() => engine.stop())
  await engine.sendDue()
  const [message] = sink.received
  const said = decoded(message?.raw ?? '')
  expect(said).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(said.slice(said.indexOf('<!doctype html>'))).not.toMatch(harm)
  expect(said).not.toMatch(/[\u202a-\u202e]|(?![\n\r])\p{Cc}/u)
})

const many = <T>(one: T): readonly T[] => Array.from({ length: 10_000 }, () => one)

test.each<readonly [path: string, error: string, body: object]>([
  [
    '/invoices',
    'items must have at most 500 items',
    { items: many({ ...item, description: 'a' }) },
  ],
  ['/quotations', 'items must have at most 500 items', { items: many(item) }],
  [
    '/recurring-invoices',
    'items must have at most 500 items',
    { items: many(item), frequency: 'monthly', start_date: '2030-01-01' },
  ],
  [
    `/invoices/${invoice}/credit-notes`,
    'items must have at most 500 items',
    { items: many({ invoice_item_id: invoice, quantity: 1 }) },
  ],
  [
    '/payments',
    'allocations must have at most 500 items',
    { amount: 1, allocations: many({ invoice_id: invoice, amount: 1 }) },
  ],
  [
    '/keys',
    'allowed_ips must have at most 20 items',
    { name: 'A', scope: 'read', allowed_ips: many('10.0.0.0/8') },
  ],
  [
    '/webhooks',
    'events must have at most 100 items',
    { url: 'https://shop.example/many', events: many('invoice.paid') },
  ],
  [`/invoices/${invoice}/send`, 'to must have at most 20 items', { to: many('a@b.example') }],
])('400 %s: %s', async (path, error, body) => {
  const answer = await invoicing.post(`${v1}${path}`, { customer_id: customer, ...body })
  expect([answer.status, answer.body]).toEqual([400, { error }])
})

test('413 ten thousand items of some length are not read to their end', async () => {
  const items = many({ ...item, description: 'x'.repeat(100) })
  const answer = await invoicing.post(`${v1}/invoices`, { customer_id: customer, items })
  expect([answer.status, answer.body]).toEqual([
    413,
    { error: 'Request body is larger than 1048576 bytes' },
  ])
})

const exact = 'items[0].unit_price has more than 15 significant digits'
const range = 'must be between 0 and 9999999999999.99'
const whole = 999_999_999_999_999

/** A number in a body as it is written, beyond what JavaScript would write. */
const written = (body: object, number: string): string =>
  JSON.stringify({ customer_id: customer, ...body }).replaceAll('"<n>"', number)

const priced = { items: [{ ...item, unit_price: '<n>' }] }
const counted = { items: [{ ...item, quantity: '<n>' }] }

test.each<readonly [path: string, number: string, error: string, body: object]>([
  ['/invoices', '1e308', `items[0].unit_price ${range}`, priced],
  ['/quotations', '1e15', `items[0].unit_price ${range}`, priced],
  [
    '/invoices',
    '9999999999999.99',
    'The amount is too large',
    { items: [{ ...item, quantity: 2, unit_price: '<n>' }] },
  ],
  ['/invoices', '1e-11', 'items[0].unit_price must not have more than 10 decimals', priced],
  ['/invoices', '1234567890.123456789', exact, priced],
  ['/invoices', '-1', `items[0].unit_price ${range}`, priced],
  ['/invoices', '1e15', `items[0].quantity must be between -${whole} and ${whole}`, counted],
  ['/invoices', '1e14', 'The amount is too large', counted],
  ['/products', '1e15', `unit_price ${range}`, { name: 'A', unit_price: '<n>' }],
  ['/expenses', '1e15', `amount ${range}`, { description: 'A', amount: '<n>' }],
  ['/payments', '1e15', `amount must be between 0 and ${whole}`, { amount: '<n>' }],
  ['/payments', '1e14', 'The amount is too large', { amount: '<n>' }],
])('400 %s with %s: %s', async (path, number, error, body) => {
  const before = (await invoicing.get(`${v1}${path}`)).body.pagination.total
  const answer = await invoicing.post(`${v1}${path}`, written(body, number))
  const after = (await invoicing.get(`${v1}${path}`)).body.pagination.total
  expect([answer.status, answer.body, after]).toEqual([400, { error }, before])
})

test('400 a number that is none at all is not JSON', async () => {
  for (const number of ['1e999', 'Infinity', '0x10', '01', '.5', '1_000']) {
    const answer = await invoicing.post(`${v1}/invoices`, written(priced, number))
    expect([number, answer.status]).toEqual([number, 400])
    expect(answer.body.error).toMatch(/^(Invalid JSON in request body|items\[0\]\.unit_price .+)$/)
  }
})
