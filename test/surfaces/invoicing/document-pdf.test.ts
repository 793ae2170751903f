import { crc32, deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Answer, aBusiness, type Business } from '../../harness.ts'
import { ask } from '../../pdf.ts'

const unknownId = '0197a1c2-0000-7000-8000-0000000000e1'

const items = [
  { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5, unit: 'day' },
  { description: 'Printed report', quantity: 1, unit_price: 45.5 },
]

async function anInvoice({ invoicing }: Business, more: object = {}): Promise<Answer> {
  const customer = await invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    address: '7 Quay Street',
    city: 'Bristol',
    country: 'GB',
    tax_id: 'GB123456789',
  })
  const customer_id = customer.body.id
  return invoicing.post('/api/v1/invoices', { customer_id, items, status: 'sent', ...more })
}

test('200 an issued invoice is a tagged PDF with all that it must say', async ({ skip }) => {
  const business = await aBusiness()
  await business.invoicing.patch('/api/v1/business', {
    legal_name: 'Adire Studio Limited',
    tax_id: 'US 12-3456789',
  })
  const { body: invoice } = await anInvoice(business, {
    due_date: '2026-07-15',
    notes: 'Thank you',
    terms: 'Thirty days',
    purchase_order: 'PO-7',
  })
  const reply = await business.invoicing.get(`/api/v1/invoices/${invoice.id}/pdf`)
  expect(reply.status).toBe(200)
  expect(reply.headers).toMatchObject({
    'content-type': 'application/pdf',
    'content-disposition': 'inline; filename="INV-00001.pdf"',
  })
  const info = ask(skip, 'pdfinfo', reply.bytes)
  expect(info).toMatch(/Title: +Invoice INV-00001\n/)
  expect(info).toMatch(/Author: +Adire Studio Limited\n/)
  expect(info).toMatch(/Tagged: +yes/)
  expect(info).toMatch(/CreationDate: +Mon Jun 15 12:00:00 2026/)
  expect(reply.bytes.toString('latin1')).toContain('<pdfaid:part>3</pdfaid:part>')
  const text = ask(skip, 'pdftotext', reply.bytes)
  for (const said of [
    ...['Invoice', 'INV-00001', '15 June 2026', '15 July 2026', 'PO-7', 'USD'],
    ...['Adire Studio Limited', 'US 12-3456789', 'Lantern & Rye Ltd', '7 Quay Street', 'Bristol'],
    ...['United Kingdom', 'GB123456789', 'Site survey', 'day', 'Printed report', '120', '45.5'],
    ...['7.5%', '360.00', '27.00', '405.50', '$432.50', 'Thank you', 'Thirty days'],
  ]) {
    expect(text).toContain(said)
  }
  expect(text).not.toMatch(/DRAFT|VOID|TEST/)
})

test('200 the same bytes on every call, also after seller and customer have changed', async () => {
  const business = await aBusiness()
  const { body: invoice } = await anInvoice(business)
  const path = `/api/v1/invoices/${invoice.id}/pdf`
  const first = await business.invoicing.get(path)
  await business.invoicing.patch('/api/v1/business', { name: 'Another name', tax_id: '1' })
  await business.invoicing.patch(`/api/v1/customers/${invoice.customer_id}`, { name: 'Renamed' })
  await business.invoicing.patch(`/api/v1/invoices/${invoice.id}`, { status: 'paid' })
  const second = await business.invoicing.get(`${path}?download=true`)
  const { rows } = await business.owner.query(
    'select count(*)::int as count from document_file where business_id = $1',
    [business.businessId],
  )
  expect(second.headers['content-disposition']).toBe('attachment; filename="INV-00001.pdf"')
  expect(second.bytes.equals(first.bytes)).toBe(true)
  expect(rows).toEqual([{ count: 1 }])
})

test.for(['modern', 'classic', 'compact', 'letterhead', 'minimal'])(
  '200 a draft and a cancelled invoice say what they are: %s',
  async (template, { skip }) => {
    const business = await aBusiness()
    const look = { status: 'draft', template_type: template }
    const { body: draft } = await anInvoice(business, look)
    const path = `/api/v1/invoices/${draft.id}`
    const drafted = await business.invoicing.get(`${path}/pdf`)
    await business.invoicing.patch(path, { status: 'sent' })
    const sent = await business.invoicing.get(`${path}/pdf`)
    await business.invoicing.patch(path, { status: 'cancelled' })
    const cancelled = await business.invoicing.get(`${path}/pdf`)
    const marks = [drafted, sent, cancelled].map(
      ({ bytes }) => /DRAFT|VOID/.exec(ask(skip, 'pdftotext', bytes))?.[0],
    )
    expect(marks).toEqual(['DRAFT', undefined, 'VOID'])
  },
)

test('200 a test business prints nothing that could pass for an invoice', async ({ skip }) => {
  const business = await aBusiness({ environment: 'test' })
  const { body: invoice } = await anInvoice(business)
  const { bytes } = await business.invoicing.get(`/api/v1/invoices/${invoice.id}/pdf`)
  expect(ask(skip, 'pdftotext', bytes)).toContain('TEST – not an invoice')
})

test('200 in Arabic on letter paper', async ({ skip }) => {
  const business = await aBusiness()
  const { body: invoice } = await anInvoice(business)
  const path = `/api/v1/invoices/${invoice.id}/pdf?language=ar&paper=us-letter`
  const { bytes } = await business.invoicing.get(path)
  expect(ask(skip, 'pdfinfo', bytes)).toMatch(/Page size: +612 x 792 pts/)
  expect(ask(skip, 'pdffonts', bytes)).toMatch(/NotoSansArabic-Regular.* yes yes yes/)
})

test('200 an invoice in another currency says its tax in that of the books', async ({ skip }) => {
  const business = await aBusiness()
  const foreign = { currency: 'EUR', exchange_rate: 1.25 }
  const { body: invoice } = await anInvoice(business, foreign)
  const path = `/api/v1/invoices/${invoice.id}`
  const issued = await business.invoicing.get(`${path}/pdf`)
  const credited = await business.invoicing.post(`${path}/credit-notes`)
  const corrected = await business.invoicing.get(`/api/v1/credit-notes/${credited.body.id}/pdf`)
  expect([issued.status, corrected.status]).toEqual([200, 200])
  for (const { bytes } of [issued, corrected]) {
    expect(ask(skip, 'pdftotext', bytes)).toMatch(/Total tax in USD\s+\$?33\.75/)
  }
})

test('400 a language or a paper that nobody has', async () => {
  const business = await aBusiness()
  const { body: invoice } = await anInvoice(business)
  const path = `/api/v1/invoices/${invoice.id}/pdf`
  const language = await business.invoicing.get(`${path}?language=xx`)
  const paper = await business.invoicing.get(`${path}?paper=a0`)
  expect([language, paper].map(({ status, body }) => [status, body])).toEqual([
    [400, { error: 'Language xx is not available' }],
    [400, { error: 'Paper size a0 is not available' }],
  ])
})

test('404 documents that are not there, or another business’s', async () => {
  const business = await aBusiness()
  const other = await aBusiness()
  const { body: invoice } = await anInvoice(other)
  for (const [path, error] of [
    [`invoices/${invoice.id}`, 'Invoice not found'],
    [`invoices/${unknownId}`, 'Invoice not found'],
    [`credit-notes/${unknownId}`, 'Credit note not found'],
    [`quotations/${unknownId}`, 'Quotation not found'],
  ]) {
    const reply = await business.invoicing.get(`/api/v1/${path}/pdf`)
    expect([reply.status, reply.body]).toEqual([404, { error }])
  }
})

test('200 a credit note names the invoice that it corrects', async ({ skip }) => {
  const business = await aBusiness()
  const { body: invoice } = await anInvoice(business)
  const credit = await business.invoicing.post(`/api/v1/invoices/${invoice.id}/credit-notes`, {
    reason: 'Survey shortened',
    items: [{ invoice_item_id: invoice.items[0].id, quantity: 1 }],
  })
  const path = `/api/v1/credit-notes/${credit.body.id}/pdf`
  const first = await business.invoicing.get(path)
  await business.invoicing.patch(`/api/v1/customers/${invoice.customer_id}`, { name: 'Renamed' })
  const second = await business.invoicing.get(path)
  const text = ask(skip, 'pdftotext', first.bytes)
  for (const said of ['Credit note', credit.body.credit_note_number, 'INV-00001 · 15 June 2026']) {
    expect(text).toContain(said)
  }
  expect(text).toContain('Survey shortened')
  expect(text).toContain('$129.00')
  expect(second.bytes.equals(first.bytes)).toBe(true)
})

test('200 a quotation says until when it holds, and keeps its bytes when it is accepted', async ({
  skip,
}) => {
  const business = await aBusiness()
  const customer = await business.invoicing.post('/api/v1/customers', { name: 'Lantern & Rye' })
  const quotation = await business.invoicing.post('/api/v1/quotations', {
    customer_id: customer.body.id,
    valid_until: '2026-07-15',
    status: 'sent',
    items,
  })
  const path = `/api/v1/quotations/${quotation.body.id}`
  const first = await business.invoicing.get(`${path}/pdf`)
  const accepted = await business.invoicing.post(`${path}/accept`, {})
  await business.invoicing.patch('/api/v1/business', { name: 'Another name' })
  const second = await business.invoicing.get(`${path}/pdf`)
  const text = ask(skip, 'pdftotext', first.bytes)
  for (const said of ['Quotation', 'Valid until', '15 July 2026', '$432.50', 'View online']) {
    expect(text).toContain(said)
  }
  expect([accepted.status, second.bytes.equals(first.bytes)]).toEqual([200, true])
})

/** A picture of one colour. */
function aPicture(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const row = Buffer.concat([Buffer.alloc(1), Buffer.alloc(3 * width, 90)])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const parts = [chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([signature, ...parts])
}

test('200 the logo that was there at issue is shown ever after', async () => {
  const business = await aBusiness()
  const logo = '/api/v1/business/logo'
  const plain = await anInvoice(business)
  const put = await business.invoicing.send('PUT', logo, aPicture(60, 20), {
    'content-type': 'image/png',
  })
  const shown = await anInvoice(business)
  await business.invoicing.delete(logo)
  const [without, withLogo] = await Promise.all(
    [plain, shown].map(({ body }) => business.invoicing.get(`/api/v1/invoices/${body.id}/pdf`)),
  )
  const images = [without, withLogo].map(
    (reply) => reply?.bytes.toString('latin1').match(/\/Subtype ?\/Image/g)?.length ?? 0,
  )
  expect([put.status, without?.status, withLogo?.status, images]).toEqual([200, 200, 200, [0, 1]])
})
