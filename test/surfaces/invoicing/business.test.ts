import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const path = '/api/v1/business'
const logoPath = '/api/v1/business/logo'

const png = (widthPx: number, heightPx = 1): Buffer => {
  const bytes = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  bytes.writeUInt32BE(widthPx, 16)
  bytes.writeUInt32BE(heightPx, 20)
  return bytes
}

const jpeg = Buffer.from(
  'ffd8ffe000104a46494600010100000100010000ffc0000b080010002001011100ffda0008010100003f0000ffd9',
  'hex',
)

test('200 a fresh business is answered whole, in the documented order', async () => {
  const { invoicing, businessId } = await aBusiness()
  const reply = await invoicing.get(path)
  expect(reply.status).toBe(200)
  expect(reply.text).toBe(
    JSON.stringify({
      id: businessId,
      name: 'Test business',
      legal_name: null,
      email: null,
      phone: null,
      website: null,
      address: null,
      city: null,
      state: null,
      country: 'US',
      postal_code: null,
      tax_id: null,
      registration_number: null,
      logo_url: null,
      currency: 'USD',
      timezone: 'UTC',
      environment: 'live',
      fiscal_year_start: '01-01',
      lock_date: null,
      tax_rounding: 'document',
      number_at: 'creation',
      use_default_currency: false,
      invoice_prefix: 'INV-',
      quotation_prefix: 'QT-',
      default_terms: null,
      default_notes: null,
      default_due_days: null,
      default_deposit_account_code: null,
      bank_details: [],
      document_options: {
        language: 'en',
        second_language: 'none',
        brand_colour: 'none',
        logo_size: 'medium',
        show_quantity: true,
        show_discounts: true,
        show_tax: true,
        show_page_numbers: true,
        show_link_code: true,
        show_payment_code: true,
        show_carried_totals: false,
        show_signature_line: false,
        show_fold_marks: false,
        letterhead_top_mm: 52,
        letterhead_bottom_mm: 38,
        footer_columns: [],
      },
      plan: 'pro',
      created_at: '2026-06-15T12:00:00.000Z',
      updated_at: '2026-06-15T12:00:00.000Z',
    }),
  )
})

const everything = {
  name: 'Harbour Joinery',
  legal_name: 'Harbour Joinery Limited',
  email: 'office@harbourjoinery.example',
  phone: '+44 1326 496000',
  website: 'https://harbourjoinery.example',
  address: '4 Slip Road',
  city: 'Falmouth',
  state: 'Cornwall',
  country: 'GB',
  postal_code: 'TR11 3XX',
  tax_id: 'GB123456789',
  registration_number: '01234567',
  timezone: 'Europe/London',
  fiscal_year_start: '04-06',
  tax_rounding: 'line',
  number_at: 'issue',
  use_default_currency: true,
  invoice_prefix: 'HJ/',
  quotation_prefix: 'HJQ-',
  default_terms: 'Payable within 14 days',
  default_notes: 'Thank you',
  default_due_days: 14,
  default_deposit_account_code: '1000',
  bank_details: [
    {
      label: 'Pounds',
      name: 'Harbour Joinery Limited',
      bank_name: 'Tidal Bank',
      account_number: '55555555',
      sort_code: '20-20-15',
      iban: 'GB33BUKB20201555555555',
      bic: null,
    },
  ],
  document_options: {
    language: 'de',
    second_language: 'en',
    brand_colour: '#0f5c4d',
    logo_size: 'small',
    show_quantity: false,
    show_discounts: false,
    show_tax: false,
    show_page_numbers: false,
    show_link_code: false,
    show_payment_code: false,
    show_carried_totals: true,
    show_signature_line: true,
    show_fold_marks: true,
    letterhead_top_mm: 70,
    letterhead_bottom_mm: 25,
    footer_columns: ['Harbour Joinery', 'VAT GB123456789'],
  },
}

test('200 options of documents change one by one', async () => {
  const { invoicing } = await aBusiness()
  const first = await invoicing.patch(path, { document_options: { language: 'fr' } })
  const second = await invoicing.patch(path, {
    document_options: { brand_colour: '#ffd400', footer_columns: ['Adire\nLagos'], unknown: 1 },
  })
  const cleared = await invoicing.patch(path, { document_options: { brand_colour: 'none' } })
  const before = first.body.document_options
  const changed = { ...before, brand_colour: '#ffd400', footer_columns: ['Adire\nLagos'] }
  expect([before.language, second.body.document_options]).toEqual(['fr', changed])
  expect(cleared.body.document_options).toEqual({ ...changed, brand_colour: 'none' })
})

test.each([
  [{ language: 'xx' }, 'document_options.language'],
  [{ brand_colour: 'red' }, 'document_options.brand_colour'],
  [{ logo_size: 'huge' }, 'document_options.logo_size'],
  [{ show_tax: 'no' }, 'document_options.show_tax'],
  [{ letterhead_top_mm: 121 }, 'document_options.letterhead_top_mm'],
  [{ footer_columns: ['a', 'b', 'c', 'd'] }, 'document_options.footer_columns'],
  [{ footer_columns: ['x'.repeat(201)] }, 'document_options.footer_columns[0]'],
])('400 options %j are refused', async (document_options, member) => {
  const { invoicing } = await aBusiness()
  const reply = await invoicing.patch(path, { document_options })
  expect([reply.status, reply.body.error.split(' ')[0]]).toEqual([400, member])
})

test('200 every member but the fixed ones can be changed, and the same again changes nothing', async () => {
  const { invoicing, clock } = await aBusiness()
  const before = await invoicing.get(path)
  clock.set('2026-06-16T09:00:00.000Z')
  const body = { ...everything, id: 'x', currency: 'EUR', environment: 'test', plan: 'pro' }
  const changed = await invoicing.patch(path, body)
  const whole = { ...before.body, ...everything, updated_at: '2026-06-16T09:00:00.000Z' }
  expect([changed.status, changed.body]).toEqual([200, whole])
  clock.set('2026-06-17T09:00:00.000Z')
  const again = await invoicing.patch(path, everything)
  expect([again.status, again.body]).toEqual([200, whole])
  const cleared = await invoicing.patch(path, { phone: null, default_due_days: null })
  expect(cleared.body).toEqual({
    ...whole,
    phone: null,
    default_due_days: null,
    updated_at: '2026-06-17T09:00:00.000Z',
  })
  expect((await invoicing.get(path)).body).toEqual(cleared.body)
})

test('200 another prefix numbers what comes next and leaves what exists alone', async () => {
  const { invoicing } = await aBusiness()
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const items = [{ description: 'Survey', quantity: 1, unit_price: 10 }]
  const create = (more: object = {}) =>
    invoicing.post('/api/v1/invoices', { customer_id: customer.id, items, ...more })
  const first = await create()
  await invoicing.patch(path, { invoice_prefix: 'HJ/' })
  const second = await create()
  const explicit = await create({ invoice_number: 'HJ/00007' })
  const next = await create()
  const kept = await invoicing.get(`/api/v1/invoices/${first.body.id}`)
  const replies = [first, second, explicit, next, kept]
  expect(replies.map(({ body }) => body.invoice_number)).toEqual([
    'INV-00001',
    'HJ/00002',
    'HJ/00007',
    'HJ/00008',
    'INV-00001',
  ])
})

test('400 what the books do not allow changes nothing', async () => {
  const { invoicing, books, businessId } = await aBusiness()
  const before = await invoicing.get(path)
  const refusals: readonly (readonly [object, string])[] = [
    [{ default_deposit_account_code: '9999999' }, 'Account 9999999 does not exist'],
    [{ currency: 'EUR', plan: 'pro' }, 'No valid fields to update'],
    [{ name: null }, 'name must be a string'],
    [{ timezone: 'Moon/Base' }, 'timezone must be a time zone of the IANA database'],
    [{ fiscal_year_start: '02-29' }, 'fiscal_year_start is not valid'],
    [{ number_at: 'never' }, 'number_at must be one of: creation, issue'],
    [{ default_due_days: -1 }, 'default_due_days must be between 0 and 3650'],
    [
      { logo_url: 'https://elsewhere.example/logo.png' },
      'The logo is not valid: send the picture itself to PUT /api/v1/business/logo',
    ],
  ]
  for (const [body, error] of refusals) {
    const reply = await invoicing.patch(path, body)
    expect([reply.status, reply.body]).toEqual([400, { error }])
  }
  expect((await invoicing.get(path)).body).toEqual(before.body)
  const lock = { throughDate: '2025-12-31', reason: 'year end' }
  const locked = await books.post(`/v1/period-locks/close?businessId=${businessId}`, lock)
  expect(locked.status).toBeLessThan(300)
  const late = await invoicing.patch(path, { fiscal_year_start: '04-01' })
  expect([late.status, late.body]).toEqual([
    400,
    { error: 'Fiscal year start cannot change from 01-01 to 04-01' },
  ])
  expect((await invoicing.get(path)).body.lock_date).toBe('2025-12-31')
})

test('200 a logo is kept as it came, shown, and taken away', async () => {
  const { invoicing } = await aBusiness()
  const type = (mediaType: string) => ({ 'content-type': mediaType })
  const sent = await invoicing.send('PUT', logoPath, png(120, 40), type('image/png'))
  expect([sent.status, sent.body.logo_url]).toEqual([
    200,
    'http://127.0.0.1:4400/invoicing/api/v1/business/logo',
  ])
  const shown = await invoicing.get(logoPath)
  expect([shown.status, shown.headers['content-type']]).toEqual([200, 'image/png'])
  const other = await invoicing.send('PUT', logoPath, jpeg, type('image/jpeg'))
  expect(other.status).toBe(200)
  expect((await invoicing.get(logoPath)).headers['content-type']).toBe('image/jpeg')
  const gone = await invoicing.patch(path, { logo_url: null })
  expect([gone.status, gone.body.logo_url]).toEqual([200, null])
  const absent = await invoicing.get(logoPath)
  expect([absent.status, absent.body]).toEqual([404, { error: 'Logo not found' }])
})

test('400, 413, 415 what is no picture of the allowed size is refused', async () => {
  const { invoicing } = await aBusiness()
  const put = (bytes: Buffer, mediaType: string) =>
    invoicing.send('PUT', logoPath, bytes, { 'content-type': mediaType })
  const replies = [
    await put(png(1), 'image/jpeg'),
    await put(Buffer.from('<svg/>'), 'image/png'),
    await put(png(1).subarray(0, 40), 'image/png'),
    await put(png(4001), 'image/png'),
    await put(png(1), 'image/svg+xml'),
    await put(Buffer.alloc(1024 * 1024 + 1), 'image/png'),
    await invoicing.send('PUT', logoPath, undefined, { 'content-type': 'image/png' }),
  ]
  expect(replies.map(({ status, body }) => [status, body.error])).toEqual([
    [400, 'The file is not a image/jpeg'],
    [400, 'The file is not a image/png'],
    [400, 'The logo is not valid: the file is damaged'],
    [400, 'The logo is not valid: it may measure at most 4000 by 4000 pixels'],
    [415, expect.any(String)],
    [413, expect.any(String)],
    [400, 'A request body is required'],
  ])
  expect((await invoicing.get(path)).body.logo_url).toBe(null)
})

test('403 a reader may look and not change', async () => {
  const { clientOf } = await aBusiness()
  const reader = await clientOf('invoicing', { scopes: ['read'] })
  expect((await reader.get(path)).status).toBe(200)
  const reply = await reader.patch(path, { name: 'Mine' })
  expect([reply.status, reply.body]).toEqual([
    403,
    { error: 'Insufficient permissions. Required: write' },
  ])
})
