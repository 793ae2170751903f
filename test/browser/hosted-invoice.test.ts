import { expect, type TestContext, test } from 'vitest'
import { aBusiness, type Business } from '../harness.ts'
import { barriersOf } from './axe.ts'
import { chromiumPath, desktop, keepPicture, openPage, phone, whyNot } from './chromium.ts'

let origin: Promise<string> | undefined

/** A business whose pages are reached over a real port. */
async function served({ skip }: TestContext, options = {}): Promise<Business> {
  if (chromiumPath === undefined) skip(whyNot)
  const business = await aBusiness({ name: 'Lumen & Oak Interiors', ...options })
  origin ??= business.app.listen()
  await origin
  return business
}

async function anInvoice(
  business: Business,
  more: object = {},
): Promise<{ id: string; hosted_url: string }> {
  const customer = await business.invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'ap@lanternrye.example',
    address: '18 Quay Street',
    city: 'Bristol',
    country: 'GB',
    postal_code: 'BS1 4AA',
    tax_id: 'GB987654321',
  })
  const invoice = await business.invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    currency: 'USD',
    due_date: '2026-07-15',
    status: 'sent',
    purchase_order: 'PO-7719',
    notes: 'Thank you for your trust. We are glad to answer questions about the survey.',
    terms: 'Payment within 30 days. Please name the invoice number in your transfer.',
    items: [
      {
        description: 'Site survey, two storeys with attic',
        quantity: 3,
        unit_price: 120,
        tax_rate: 7.5,
        unit: 'day',
      },
      { description: 'Printed report', quantity: 1, unit_price: 45.5 },
      {
        description: 'Oak shelving, made to measure, delivered and fitted',
        quantity: 12,
        unit_price: 189.99,
        tax_rate: 7.5,
        discount_rate: 10,
      },
    ],
    ...more,
  })
  expect(invoice.status, invoice.text).toBe(201)
  return invoice.body
}

const widths = { phone, desktop }

for (const name of ['phone', 'desktop'] as const) {
  test(`an invoice is readable on a ${name}, without barriers and without other hosts`, async (context) => {
    const business = await served(context)
    const { hosted_url: url } = await anInvoice(business)
    const { page, foreign, complaints } = await openPage(url, { viewport: widths[name] })
    await keepPicture(page, `invoice-${name}`)
    expect(await page.title()).toBe('Invoice INV-00001 · Lumen & Oak Interiors')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Invoice INV-00001')
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width, 'nothing is wider than the page').toBeLessThanOrEqual(widths[name].width)
    expect(await barriersOf(page)).toEqual([])
    expect([foreign, complaints]).toEqual([[], []])
  })
}

test('an invoice is readable in the dark, in Arabic, on paper, and at 320 pixels', async (context) => {
  const business = await served(context)
  const { hosted_url: url } = await anInvoice(business)
  const dark = await openPage(url, { viewport: phone, colorScheme: 'dark' })
  await keepPicture(dark.page, 'invoice-dark')
  expect(await barriersOf(dark.page)).toEqual([])
  const arabic = await openPage(url, { viewport: desktop, locale: 'ar' })
  await keepPicture(arabic.page, 'invoice-arabic')
  expect(await arabic.page.locator('html').getAttribute('dir')).toBe('rtl')
  expect(await barriersOf(arabic.page)).toEqual([])
  const arabicPhone = await openPage(url, { viewport: phone, locale: 'ar' })
  await keepPicture(arabicPhone.page, 'invoice-arabic-phone')
  const paper = await openPage(url)
  await paper.page.emulateMedia({ media: 'print' })
  await keepPicture(paper.page, 'invoice-print')
  const narrow = await openPage(url, { viewport: { width: 320, height: 600 }, locale: 'de' })
  expect(
    await narrow.page.evaluate<number>('document.documentElement.scrollWidth'),
  ).toBeLessThanOrEqual(320)
})

test('a reader without script and without mouse chooses the language', async (context) => {
  const business = await served(context)
  const { hosted_url: url } = await anInvoice(business)
  const { page } = await openPage(url, { javaScriptEnabled: false })
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').textContent()).toBe('Skip to the document')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await keepPicture(page, 'invoice-languages')
  await page.getByRole('link', { name: 'Français' }).press('Enter')
  await page.waitForURL('**?lang=fr')
  expect(await page.locator('html').getAttribute('lang')).toBe('fr')
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Facture INV-00001')
})

test('paid, overdue, cancelled and unknown look like what they are', async (context) => {
  const business = await served(context)
  const [paid, overdue, cancelled] = [
    await anInvoice(business, { status: 'paid' }),
    await anInvoice(business, {
      issue_date: '2026-05-01',
      due_date: '2026-06-01',
      status: 'overdue',
    }),
    await anInvoice(business),
  ]
  await business.invoicing.patch(`/api/v1/invoices/${cancelled.id}`, { status: 'cancelled' })
  const shown = { paid, overdue, cancelled }
  for (const name of ['paid', 'overdue', 'cancelled'] as const) {
    const { page } = await openPage(shown[name].hosted_url, { viewport: phone })
    await keepPicture(page, `invoice-${name}`)
    expect(await barriersOf(page)).toEqual([])
  }
  const unknown = paid.hosted_url.replace(/.{10}$/, 'AAAAAAAAAA')
  const { page } = await openPage(unknown, { viewport: phone })
  await keepPicture(page, 'unknown')
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
    'This page does not exist',
  )
  expect(await barriersOf(page)).toEqual([])
})
