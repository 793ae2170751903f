import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MailEngine } from '../src/jobs/mail.ts'
import { aBusiness, type Business, noon } from './harness.ts'
import { ask } from './pdf.ts'
import { temporaryFolder, testLog } from './postgres.ts'
import { aMailServer, bodyOf, headerOf, subjectOf } from './smtp-sink.ts'

/** Sends every message that waits, and answers what the mail server got. */
async function received({ owner }: Business): Promise<readonly string[]> {
  const sink = await aMailServer()
  const engine = new MailEngine({
    adminPool: owner,
    clock: () => noon,
    random: (bytes) => randomBytes(bytes),
    settings: {
      ...{ smtpUrl: sink.url, mailFrom: 'books@tally.example', testMailAllow: [] },
      outbox: join(temporaryFolder(), 'outbox'),
    },
    print: (_tenant, { language }) => Promise.resolve({ pdf: Buffer.from(`PDF in ${language}`) }),
    toPageUrl: () => 'https://tally.example/i/page',
    log: testLog,
  })
  onTestFinished(() => engine.stop())
  await engine.sendDue()
  return sink.received.map(({ raw }) => raw)
}

type Choice = Readonly<{ business?: string; customer?: string; document?: string }>

/** Sends an invoice whose language each of the three may name. */
async function anInvoice(business: Business, choice: Choice): Promise<string> {
  const { invoicing } = business
  await business.owner.query(
    "update mail_message set state = 'suppressed', due_at = null where state = 'queued'",
  )
  const document_options = choice.business === undefined ? {} : { language: choice.business }
  await invoicing.patch('/api/v1/business', { legal_name: 'Adire Studio', document_options })
  const customer = await invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'ap@lanternrye.example',
    ...(choice.customer !== undefined && { language: choice.customer }),
  })
  const invoice = await invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    due_date: '2026-07-15',
    items: [{ description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 }],
  })
  const sent = await invoicing.post(`/api/v1/invoices/${invoice.body.id}/send`, {
    ...(choice.document !== undefined && { language: choice.document }),
  })
  expect(sent.status, sent.text).toBe(200)
  return invoice.body.id
}

test.each([
  ['en', 'ltr', 'Invoice INV-00001 – Adire Studio – $387.00 due 15 July 2026', 'View invoice'],
  [
    ...['fr', 'ltr', 'Facture INV-00001 – Adire Studio – 387,00 $ à payer le 15 juillet 2026'],
    'Voir la facture',
  ],
  [
    ...['de', 'ltr', 'Rechnung INV-00001 – Adire Studio – 387,00 $ fällig am 15. Juli 2026'],
    'Rechnung ansehen',
  ],
  [
    ...['es', 'ltr', 'Factura INV-00001 – Adire Studio – 387,00 $ vence el 15 de julio de 2026'],
    'Ver factura',
  ],
  [
    ...['pt', 'ltr', 'Fatura INV-00001 – Adire Studio – 387,00 $ vence em 15 de julho de 2026'],
    'Ver fatura',
  ],
  [
    ...['ar', 'rtl', 'فاتورة INV-00001 – Adire Studio – $ 387.00 تستحق في 15 يوليو 2026'],
    'عرض الفاتورة',
  ],
])('a message in %s says the same in its subject, its text and its HTML', async (...said) => {
  const [language = '', direction = '', subject = '', view = ''] = said
  const business = await aBusiness()
  await anInvoice(business, { document: language })
  const [raw = ''] = await received(business)
  const [text, html] = [bodyOf(raw, 'text/plain'), bodyOf(raw, 'text/html')]
  expect(subjectOf(raw).replaceAll('\u00a0', ' ')).toBe(subject)
  expect(html).toContain(`<html lang="${language}" dir="${direction}">`)
  for (const body of [text, html]) {
    expect(body).toContain(view)
    expect(body).toContain('https://tally.example/i/page')
  }
  expect(html).not.toMatch(/<img|<script|src=/)
  expect(bodyOf(raw, 'application/pdf')).toBe(`PDF in ${language}`)
  expect(headerOf(raw, 'Auto-Submitted')).toBe('auto-generated')
})

test.each<[Choice, string]>([
  [{}, 'en'],
  [{ business: 'fr' }, 'fr'],
  [{ business: 'fr', customer: 'de' }, 'de'],
  [{ business: 'fr', customer: 'de', document: 'es' }, 'es'],
])('of %j the language %s is chosen', async (choice, language) => {
  const business = await aBusiness()
  await anInvoice(business, choice)
  const [raw = ''] = await received(business)
  expect(bodyOf(raw, 'text/html')).toContain(`<html lang="${language}"`)
})

test('a PDF keeps the languages that customer and business had when it was issued', async ({
  skip,
}) => {
  const business = await aBusiness()
  const id = await anInvoice(business, { business: 'fr', customer: 'de' })
  const { invoicing } = business
  const { body: invoice } = await invoicing.get(`/api/v1/invoices/${id}`)
  await invoicing.patch(`/api/v1/customers/${invoice.customer_id}`, { language: 'es' })
  await invoicing.patch('/api/v1/business', {
    document_options: { language: 'pt', second_language: 'en', brand_colour: '#00ff00' },
  })
  const titleOf = async (query: string): Promise<string> => {
    const { bytes } = await invoicing.get(`/api/v1/invoices/${id}/pdf${query}`)
    return /^Title: +(.+)$/m.exec(ask(skip, 'pdfinfo', bytes))?.[1] ?? ''
  }
  expect(await titleOf('')).toBe('Rechnung INV-00001')
  expect(await titleOf('?language=fr')).toBe('Facture INV-00001')
})

test('an issued document tells of characters that its print cannot show', async () => {
  const business = await aBusiness()
  const { invoicing } = business
  const customer = await invoicing.post('/api/v1/customers', { name: '株式会社 Lantern' })
  const items = [{ description: 'Café 😀 ☂', quantity: 1, unit_price: 10 }]
  const content = { customer_id: customer.body.id, items, notes: 'Merci' }
  const draft = await invoicing.post('/api/v1/invoices', content)
  const issued = await invoicing.patch(`/api/v1/invoices/${draft.body.id}`, { status: 'sent' })
  const sent = await invoicing.post(`/api/v1/invoices/${draft.body.id}/send`, {
    to: ['ap@lanternrye.example'],
  })
  const quoted = await invoicing.post('/api/v1/quotations', { ...content, status: 'sent' })
  const warnings = [
    {
      code: 'documents.characters_unsupported',
      message: 'No bundled font has the characters 株 式 会 社 😀 ☂',
    },
  ]
  expect(draft.body).not.toHaveProperty('warnings')
  for (const reply of [issued, sent, quoted]) expect(reply.body).toMatchObject({ warnings })
  const other = await invoicing.post('/api/v1/customers', { name: 'Ærø & Şirket فاتورة' })
  const clear = await invoicing.post('/api/v1/invoices', {
    ...{ customer_id: other.body.id, items: [{ ...items[0], description: 'Café' }] },
    status: 'sent',
  })
  expect(clear.body).not.toHaveProperty('warnings')
})
