import { expect, test } from 'vitest'
import { aBusiness, noon, theWorld } from './harness.ts'
import { aMailServer, decoded, headerOf } from './smtp-sink.ts'

test('a message reaches its customer with the PDF, the figures and the link', async () => {
  const sink = await aMailServer()
  const business = await aBusiness({ name: 'Lumen & Oak' })
  const { invoicing } = business
  const customer = await invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'AP@lanternrye.example',
  })
  const draft = await invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    items: [{ description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 }],
  })
  const { status, body: invoice } = await invoicing.post(`/api/v1/invoices/${draft.body.id}/send`, {
    message: 'Thank you for the visit.',
  })
  expect(status).toBe(200)
  expect(invoice).toMatchObject({ status: 'sent', sent_at: noon })
  const { addApp } = await theWorld()
  const app = await addApp({ smtpUrl: sink.url, mailFrom: 'Tally <books@tally.example>' })
  await app.startWorker()
  await sink.until(1)
  const [message] = sink.received
  const raw = message?.raw ?? ''
  expect(message?.from).toBe('books@tally.example')
  expect(message?.to).toEqual(['ap@lanternrye.example'])
  expect(headerOf(raw, 'From')).toBe('"Lumen & Oak" <books@tally.example>')
  expect(headerOf(raw, 'To')).toBe('AP@lanternrye.example')
  expect(headerOf(raw, 'Auto-Submitted')).toBe('auto-generated')
  expect(headerOf(raw, 'Message-ID')).toMatch(/^<[0-9a-f-]{36}@tally\.example>$/)
  expect(decoded(raw)).toContain('Lumen & Oak has sent you invoice INV-00001 over $387.00.')
  expect(decoded(raw)).toContain('Thank you for the visit.')
  expect(decoded(raw)).toContain(invoice.hosted_url)
  expect(raw).toContain('filename=Invoice-INV-00001.pdf')
  expect(Buffer.from(attachmentOf(raw), 'base64').subarray(0, 5).toString()).toBe('%PDF-')
})

const attachmentOf = (raw: string): string =>
  /application\/pdf[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(raw)?.[1] ?? ''
