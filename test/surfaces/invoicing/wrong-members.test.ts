import { expect, test } from 'vitest'
import type { RouteRecord } from '../../../src/api/http/route.ts'
import { invoicing as surface } from '../../../src/api/invoicing/surface.ts'
import { Dice } from '../../fuzz/dice.ts'
import { type Schema as Drawn, validValue } from '../../fuzz/values.ts'
import { aBusiness } from '../../harness.ts'
import { changed, digest, nobody } from '../../matrix/world.ts'

/*
 * Every member of every body, wrong in every way that its type, format and range exclude. The ways
 * follow from the schemas, so that a new member is asked for as well.
 * Source: Invoicing specification 1, 3.1 (steps 14 to 16), 3.3.
 */

type Schema = Drawn &
  Readonly<{
    items?: Schema
    properties?: Readonly<Record<string, Schema>>
    maxLength?: number
    maxItems?: number
    exclusiveMinimum?: number
    notZero?: boolean
  }>

/** What is sent in the place of a member, and what is said of it. */
type Wrong = readonly [value: unknown, message: string]

const significantMax = 999_999_999_999_999
const amountMax = 9_999_999_999_999.99
const long = (length: number): string => 'x'.repeat(length)

const formats: Readonly<Record<string, readonly [message: string, ...texts: string[]]>> = {
  uuid: ['must be a valid UUID', 'x', `${nobody}0`, 'INV-00001'],
  date: [
    'must be a valid date (YYYY-MM-DD)',
    '2026-02-30',
    '26-1-1',
    '1899-12-31',
    '2026-06-01T00:00:00Z',
  ],
  'date-or-time': ['must be a valid date (YYYY-MM-DD)', '2026-02-30', 'tomorrow'],
  timestamp: ['must be an ISO 8601 timestamp', '2026-06-01', 'now', '2026-06-01T25:00:00Z'],
  currency: ['must be an ISO 4217 currency code', 'usd', 'US', 'ABC', 'EURO'],
  country: ['must be an ISO 3166-1 alpha-2 country code', 'gb', 'GBR', '7'],
  email: ['must be a valid email address', 'a', 'a@b', 'a b@c.example', 'a@b.example,c@d.example'],
  url: ['must be a valid URL', 'x', 'ftp://a.example/b'],
  network: ['must be an IP address or a network in CIDR notation', '10.0.0.0/33', 'localhost'],
  'time-zone': ['must be a time zone of the IANA database', 'Mars/Olympus', '+25'],
}

function wrongChoices(values: readonly unknown[], type: string | undefined): readonly Wrong[] {
  const choice = `must be one of: ${values.filter((value) => value !== null).join(', ')}`
  if (type === 'boolean')
    return [
      [!values[0], choice],
      ['true', 'must be true or false'],
    ]
  const kind = type === undefined ? choice : 'must be a string'
  return [...[7, true, [], {}].map((value) => [value, kind] as const), ['none of these', choice]]
}

function wrongTexts({ format, pattern, maxLength = significantMax }: Schema): readonly Wrong[] {
  const types = [7, true, [], {}].map((value) => [value, 'must be a string'] as const)
  if (pattern !== undefined) return types
  if (format !== undefined) {
    const [message, ...texts] = formats[format] ?? [`has a format without a test: ${format}`, '']
    return [...types, ...texts.map((text) => [text, message] as const)]
  }
  const tooLong = [long(maxLength + 1), `must not be longer than ${maxLength} characters`] as const
  const unfit = ['a\u0000b', 'contains characters that are not allowed'] as const
  return [...types, ...(maxLength < 10_000 ? [tooLong] : []), unfit]
}

function wrongNumbers(schema: Schema): readonly Wrong[] {
  const { minimum, exclusiveMinimum, maximum, decimalsMax = 0, notZero = false } = schema
  const types = ['x', '1', true, [], {}].map((value) => [value, 'must be a number'] as const)
  const between = `must be between ${minimum} and ${maximum ?? amountMax}`
  const range: readonly Wrong[] =
    minimum === undefined
      ? []
      : [
          [minimum - 1, between],
          [(maximum ?? amountMax) * 10, between],
        ]
  return [
    ...types,
    ...range,
    ...(exclusiveMinimum === undefined
      ? []
      : [0, -1].map((value) => [value, 'must be a positive number'] as const)),
    ...(notZero ? [[0, 'must not be 0'] as const] : []),
    [1 + 10 ** -(decimalsMax + 1), `must not have more than ${decimalsMax} decimals`],
    [1.234_567_890_123_456_7, 'has more than 15 significant digits'],
  ]
}

function wrongIntegers({ minimum = 0, maximum = 0 }: Schema): readonly Wrong[] {
  const types = ['x', '1', true, [], {}, 1.5].map((value) => [value, 'must be an integer'] as const)
  const between = `must be between ${minimum} and ${maximum}`
  return [...types, [minimum - 1, between], [maximum + 1, between]]
}

function wrongObjects(): readonly Wrong[] {
  const names = Array.from({ length: 51 }, (_, index) => [`name ${index}`, 'a'])
  return [
    ...['x', 7, true, []].map((value) => [value, 'must be an object'] as const),
    [Object.fromEntries(names), 'must have at most 50 items'],
    [{ [long(41)]: 'a' }, 'must not be longer than 40 characters'],
  ]
}

/** Ways in which a value of the schema may be wrong, itself or in what it holds. */
function wrongsOf(schema: Schema, dice: Dice): readonly (readonly [place: string, ...Wrong])[] {
  const own = (wrongs: readonly Wrong[]) => wrongs.map((wrong) => ['', ...wrong] as const)
  const { enum: values, type, items, maxItems, properties } = schema
  if (values !== undefined) return own(wrongChoices(values, type))
  if (type === 'string') return own(wrongTexts(schema))
  if (type === 'number') return own(wrongNumbers(schema))
  if (type === 'integer') return own(wrongIntegers(schema))
  if (type === 'boolean') {
    return own(['true', 1, 0, [], {}].map((value) => [value, 'must be true or false']))
  }
  if (type === 'array' && items !== undefined) {
    const one = wholeValue(items, dice)
    const many = Array.from({ length: (maxItems ?? 0) + 1 }, () => one)
    return [
      ...own(['x', 7, true, {}].map((value) => [value, 'must be an array'])),
      ...own([[many, `must have at most ${maxItems} items`]]),
      ...wrongsOf(items, dice).map(
        ([place, value, message]) => [`[1]${place}`, [one, value], message] as const,
      ),
    ]
  }
  if (properties === undefined || Object.keys(properties).length === 0) return own(wrongObjects())
  const whole = wholeValue(schema, dice)
  return Object.entries(properties).flatMap(([name, member]) =>
    wrongsOf(member, dice).map(
      ([place, value, message]) =>
        [`.${name}${place}`, { ...Object(whole), [name]: value }, message] as const,
    ),
  )
}

/** A value that fits, with the members alone that must be there. */
function wholeValue(schema: Schema, dice: Dice, name = ''): unknown {
  const { properties, required = [], type, items, minimum = 1 } = schema
  if (type === 'array' && items !== undefined) return [wholeValue(items, dice)]
  if (type === 'number' || type === 'integer') return Math.max(1, minimum)
  if (properties === undefined) return validValue(schema, dice, () => undefined, name)
  const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1)
  return Object.fromEntries(names.map((own) => [own, wholeValue(properties[own] ?? {}, dice, own)]))
}

const withBody = surface.routes.filter(
  ({ body }) => Object.keys((body as Schema | undefined)?.properties ?? {}).length > 0,
)

const isUpdate = ({ method }: RouteRecord): boolean => method === 'PATCH' || method === 'PUT'

const pathOf = ({ path }: RouteRecord): string =>
  path
    .replace('{currency}', 'USD')
    .replace('{date}', '2026-06-01')
    .replaceAll(/\{\w+\}/g, nobody)

type Case = Readonly<{ body: object; error: string }>

/** One body for each member and each way in which it may be wrong. */
function casesOf(route: RouteRecord, dice: Dice): readonly Case[] {
  const schema = route.body as Schema // TypeBox makes JSON schemas
  const { required = [], properties = {} } = schema
  const base = isUpdate(route) ? {} : Object(wholeValue(schema, dice))
  return Object.entries(properties).flatMap(([name, member]) => {
    // A list that must be there and is none is missing, which has a text of its own.
    const isList = member.type === 'array' && required.includes(name)
    return wrongsOf(member, dice)
      .filter(([place, _value, message]) => !(isList && place === '' && /array$/.test(message)))
      .map(([place, value, message]) => ({
        body: { ...base, [name]: value },
        error: `${name}${place} ${message}`,
      }))
  })
}

test('400 every member of every body, of every wrong type, format and range', async () => {
  const business = await aBusiness()
  const before = await digest(business)
  const wrong: unknown[] = []
  let sent = 0
  for (const route of withBody) {
    for (const { body, error } of casesOf(route, new Dice(7))) {
      const { status, text } = await business.invoicing.send(route.method, pathOf(route), body)
      sent += 1
      if (status === 400 && text === JSON.stringify({ error })) continue
      wrong.push({ operation: route.operation, body: JSON.stringify(body), error, status, text })
    }
  }
  process.stdout.write(`wrong members: ${sent} bodies of ${withBody.length} routes\n`)
  expect(wrong.slice(0, 20)).toEqual([])
  expect(changed(before, await digest(business))).toEqual([])
}, 300_000)

/** The field tables of the contract. Source: Invoicing specification 6 to 11. */
const content =
  'currency notes terms template_type exchange_rate prices_include_tax discount_rate purchase_order'
const labels = 'external_id metadata'
test.each([
  [
    '/api/v1/customers',
    `name email phone address city state postal_code country tax_id notes currency ${labels}`,
  ],
  [
    '/api/v1/products',
    `name unit_price description sku currency tax_rate unit revenue_account_code ${labels}`,
  ],
  [
    '/api/v1/invoices',
    `customer_id items invoice_number issue_date due_date status ${content} ${labels}`,
  ],
  [
    '/api/v1/quotations',
    `customer_id items quotation_number issue_date valid_until status ${content} ${labels}`,
  ],
  [
    '/api/v1/expenses',
    `description amount expense_date currency tax_rate tax_recoverable category expense_account_code supplier_name supplier_id payment_account_code reference status receipt_url ${labels}`,
  ],
  [
    '/api/v1/recurring-invoices',
    `customer_id items frequency start_date interval end_date max_occurrences due_days currency notes terms template_type auto_send status name ${labels}`,
  ],
  [
    '/api/v1/payments',
    `amount customer_id payment_date method currency reference deposit_account_code wht_amount exchange_rate allocations notes ${labels}`,
  ],
  ['/api/v1/keys', 'name scope expires_at allowed_ips'],
  ['/api/v1/webhooks', 'url events description'],
])('400 three faults of %s are told in the order of its fields', async (path, fields) => {
  const { invoicing } = await aBusiness()
  const route = withBody.find((one) => one.path === path && one.method === 'POST')
  const schema = (route?.body ?? {}) as Schema // TypeBox makes JSON schemas
  const { properties = {}, required = [] } = schema
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(fields.split(' ')))
  const lists = ['items', 'events'].filter((name) => required.includes(name))
  const whole = lists.map((name) => [name, wholeValue(properties[name] ?? {}, new Dice(7))])
  const wrongs = fields
    .split(' ')
    .filter((name) => !lists.includes(name))
    .map((name) => {
      const [place = '', value, message] = wrongsOf(properties[name] ?? {}, new Dice(7))[0] ?? []
      return { name, value, error: `${name}${place} ${message}` }
    })
  for (let from = 0; from + 3 <= wrongs.length; from += 1) {
    const three = wrongs.slice(from, from + 3)
    const sent = [...three, ...wrongs.slice(from + 3)].reverse()
    const base = Object(wholeValue(schema, new Dice(7)))
    const body = {
      ...base,
      ...Object.fromEntries([...whole, ...sent.map(({ name, value }) => [name, value])]),
    }
    const { status, body: said } = await invoicing.post(path, body)
    expect([status, said]).toEqual([400, { error: three.map(({ error }) => error).join('; ') }])
  }
})

type Ids = Readonly<{ customer: string; invoice: string; payment: string }>
type Foreign = (ids: Ids, id: string) => readonly [path: string, body: object]

const work = { description: 'Survey', quantity: 1, unit_price: 10 }
const schedule = { frequency: 'monthly', start_date: '2026-07-01' }

/** Every member that names something of the business, and what it names. */
const foreign: Readonly<Record<string, readonly [resource: string, ask: Foreign]>> = {
  'invoices customer_id': ['Customer', (_, id) => ['invoices', { customer_id: id, items: [work] }]],
  'invoices items.product_id': [
    'Product',
    ({ customer }, id) => [
      'invoices',
      { customer_id: customer, items: [work, { ...work, product_id: id }] },
    ],
  ],
  'quotations customer_id': [
    'Customer',
    (_, id) => ['quotations', { customer_id: id, items: [work] }],
  ],
  'quotations items.product_id': [
    'Product',
    ({ customer }, id) => [
      'quotations',
      { customer_id: customer, items: [{ ...work, product_id: id }] },
    ],
  ],
  'recurring-invoices customer_id': [
    'Customer',
    (_, id) => ['recurring-invoices', { ...schedule, customer_id: id, items: [work] }],
  ],
  'recurring-invoices items.product_id': [
    'Product',
    ({ customer }, id) => [
      'recurring-invoices',
      { ...schedule, customer_id: customer, items: [{ ...work, product_id: id }] },
    ],
  ],
  'expenses supplier_id': [
    'Supplier',
    (_, id) => ['expenses', { description: 'Van hire', amount: 5, supplier_id: id }],
  ],
  'payments customer_id': ['Customer', (_, id) => ['payments', { customer_id: id, amount: 5 }]],
  'payments allocations.invoice_id': [
    'Invoice',
    ({ customer }, id) => [
      'payments',
      { customer_id: customer, amount: 5, allocations: [{ invoice_id: id, amount: 1 }] },
    ],
  ],
  'payments/{id}/allocate allocations.invoice_id': [
    'Invoice',
    ({ payment }, id) => [
      `payments/${payment}/allocate`,
      { allocations: [{ invoice_id: id, amount: 1 }] },
    ],
  ],
  'invoices/{id}/credit-notes items.invoice_item_id': [
    'Invoice item',
    ({ invoice }, id) => [
      `invoices/${invoice}/credit-notes`,
      { items: [{ invoice_item_id: id, quantity: 1 }] },
    ],
  ],
}

/** Members that are ids, each with the list that it is in. */
const namedIn = ({ properties = {} }: Schema, around = ''): readonly string[] =>
  Object.entries(properties).flatMap(([name, { type, format, items }]) => {
    if (type === 'array') return namedIn(items ?? {}, `${name}.`)
    return format === 'uuid' ? [`${around}${name}`] : []
  })

test('404 whatever a body names and the business does not have, another’s as well', async () => {
  const found = withBody
    .filter((route) => !isUpdate(route))
    .flatMap(({ path, body }) =>
      namedIn(body as Schema).map((name) => `${path.slice('/api/v1/'.length)} ${name}`),
    )
  expect(Object.keys(foreign).sort()).toEqual(found.sort())

  const v1 = '/api/v1'
  const aWorld = async () => {
    const business = await aBusiness()
    const { invoicing } = business
    const make = async (path: string, body: object) => (await invoicing.post(path, body)).body
    const customer = (await make(`${v1}/customers`, { name: 'Ada' })).id
    const sent = { customer_id: customer, items: [work], status: 'sent' }
    const invoice = await make(`${v1}/invoices`, sent)
    const payment = (await make(`${v1}/payments`, { customer_id: customer, amount: 9 })).id
    const product = (await make(`${v1}/products`, { name: 'Day', unit_price: 1 })).id
    const ids = { customer, invoice: invoice.id, payment }
    const byResource: Readonly<Record<string, string>> = {
      ...{ Customer: customer, Supplier: customer, Invoice: invoice.id, Product: product },
      'Invoice item': invoice.items[0].id,
    }
    return { business, ids, byResource }
  }
  const [mine, theirs] = [await aWorld(), await aWorld()]
  const before = [await digest(mine.business), await digest(theirs.business)] as const
  for (const [member, [resource, ask]] of Object.entries(foreign)) {
    for (const id of [nobody, theirs.byResource[resource] ?? '']) {
      const [path, body] = ask(mine.ids, id)
      const reply = await mine.business.invoicing.post(`${v1}/${path}`, body)
      expect([member, reply.status, reply.text]).toEqual([
        member,
        404,
        JSON.stringify({ error: `${resource} not found` }),
      ])
    }
  }
  expect(changed(before[0], await digest(mine.business))).toEqual([])
  expect(changed(before[1], await digest(theirs.business))).toEqual([])
})
