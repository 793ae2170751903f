import { expect, test } from 'vitest'
import { aBusiness, type Business } from '../../harness.ts'
import { pathOf, visit } from './pages.ts'

const item = { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 }

async function anInvoice(business: Business, more: object = {}): Promise<{ id: string }> {
  const customer = await business.invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'ap@lanternrye.example',
    city: 'Bristol',
    notes: 'pays late',
    metadata: { internal: 'secret-of-the-seller' },
  })
  const invoice = await business.invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    items: [item],
    due_date: '2026-07-15',
    status: 'sent',
    metadata: { internal: 'secret-of-the-seller' },
    ...more,
  })
  expect(invoice.status, invoice.text).toBe(201)
  return invoice.body
}

test('200 the page says how much, until when and what for, and nothing internal', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const page = await visit(business, pathOf(id))
  expect(page.status).toBe(200)
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'private, no-store',
    'x-robots-tag': 'noindex',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  for (const text of [
    'INV-00001',
    '$387.00',
    'Due 15 July 2026',
    'Lantern &amp; Rye Ltd',
    'Site survey',
  ]) {
    expect(page.text).toContain(text)
  }
  for (const text of ['pays late', 'secret-of-the-seller', id, '<script']) {
    expect(page.text).not.toContain(text)
  }
})

test('200 the first view is noted, and HEAD is none', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const viewedAt = (): Promise<unknown> =>
    business.read(async (db) => {
      const [row] = await db.query<{ at: unknown }>({
        text: `select details -> 'link' ->> 'viewedAt' as at from document where document_id = $1`,
        values: [id],
      })
      return row?.at
    })
  const head = await visit(business, pathOf(id), { method: 'HEAD' })
  expect([head.status, head.text, await viewedAt()]).toEqual([200, '', null])
  await visit(business, pathOf(id))
  business.clock.set('2026-06-16T12:00:00.000Z')
  await visit(business, pathOf(id))
  expect(await viewedAt()).toBe('2026-06-15T12:00:00.000Z')
})

test('200 the page speaks the language of its reader', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const read = (lang: string): Promise<string> =>
    visit(business, pathOf(id), { headers: { 'accept-language': lang } }).then(({ text }) => text)
  expect(await read('de-CH, en;q=0.5')).toContain('Fällig am 15. Juli 2026')
  expect(await read('sv, fr;q=0.8')).toContain('À payer le 15 juillet 2026')
  expect(await read('ar')).toContain('<html lang="ar" dir="rtl">')
  expect(await read('xx')).toContain('<html lang="en" dir="ltr">')
  const asked = await visit(business, `${pathOf(id)}?lang=es`, {
    headers: { 'accept-language': 'de' },
  })
  expect(asked.text).toContain('Vence el 15 de julio de 2026')
})

test('200 a cancelled invoice says so and asks for no payment', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  await business.invoicing.patch(`/api/v1/invoices/${id}`, { status: 'cancelled' })
  const { status, text } = await visit(business, pathOf(id))
  expect(status).toBe(200)
  expect(text).toContain('This invoice was cancelled. Nothing is owed.')
  expect(text).not.toContain('Amount due')
})

test('200 a paid invoice shows what was paid', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business, { status: 'paid' })
  const { text } = await visit(business, pathOf(id))
  expect(text).toContain('Nothing left to pay')
  expect(text).toContain('\u2212$387.00')
})

test('200 texts of strangers stay texts', async () => {
  const business = await aBusiness()
  const hostile = `"><img src=x onerror=alert(1)>\u202Egnp.exe`
  const { id } = await anInvoice(business, {
    items: [{ ...item, description: hostile, unit: hostile }],
    notes: hostile,
    terms: '</main><script>alert(1)</script>',
  })
  const { text } = await visit(business, pathOf(id))
  expect(text).not.toMatch(/<img|<script|\u202e/)
  expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;gnp.exe')
})

test('404 drafts, strange tokens and other paths all show the same page', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business, { status: 'draft' })
  const token = pathOf(id)
  const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  const paths = [
    token,
    forged,
    pathOf(id, 2),
    `/i/${'A'.repeat(43)}`,
    '/i/',
    '/i',
    '/i/nothing',
    `${token}/xml`,
  ]
  const pages = await Promise.all(paths.map((path) => visit(business, path)))
  expect(pages.map(({ status }) => status)).toEqual(paths.map(() => 404))
  expect(new Set(pages.map(({ text }) => text)).size).toBe(1)
  expect(pages[0]?.text).toContain('This page does not exist')
})

test('405 an invoice takes no answer, and a page no other method', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const put = await visit(business, pathOf(id), { method: 'PUT' })
  expect([put.status, put.headers['allow']]).toEqual([405, 'GET, HEAD'])
  const get = await visit(business, `${pathOf(id)}/accept`)
  expect([get.status, get.headers['allow']]).toEqual([405, 'POST'])
  const answer = await visit(business, `${pathOf(id)}/accept`, { form: { name: 'Ada' } })
  expect(answer.status).toBe(404)
})

test('429 one token opens sixty times a minute', async () => {
  const business = await aBusiness()
  const [one, other] = [await anInvoice(business), await anInvoice(business)]
  business.clock.set('2026-06-15T13:00:00.000Z')
  const statuses: number[] = []
  for (let i = 0; i < 61; i += 1) statuses.push((await visit(business, pathOf(one.id))).status)
  expect(statuses.filter((status) => status === 200).length).toBe(60)
  const refused = await visit(business, pathOf(one.id))
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
  expect((await visit(business, pathOf(other.id))).status).toBe(200)
})

test('200 the invoice says where its page is, and the page is there', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const { body } = await business.invoicing.get(`/api/v1/invoices/${id}`)
  expect(body.hosted_url).toBe(`http://127.0.0.1:4400${pathOf(id)}`)
  expect(body.hosted_url).toMatch(/\/i\/[A-Za-z0-9_-]{43}$/)
  const { body: list } = await business.invoicing.get('/api/v1/invoices')
  expect(list.data[0].hosted_url).toBe(body.hosted_url)
  const draft = await anInvoice(business, { status: 'draft' })
  expect(draft).toMatchObject({ hosted_url: null })
})

test('200 events say where the page is, as the invoice does', async () => {
  const business = await aBusiness()
  const { id } = await anInvoice(business)
  const webhooks = await business.clientOf('invoicing', { scopes: ['webhooks'] })
  const { body } = await webhooks.get('/api/v1/events?limit=100')
  const sent = body.data.find(({ type }: { type: string }) => type === 'invoice.sent')
  expect(sent.data.invoice.hosted_url).toBe(`http://127.0.0.1:4400${pathOf(id)}`)
})
