import { expect, type TestContext, test } from 'vitest'
import { aBusiness, type Business } from '../harness.ts'
import { barriersOf } from './axe.ts'
import { chromiumPath, desktop, keepPicture, openPage, phone, whyNot } from './chromium.ts'

let origin: Promise<string> | undefined

async function aQuotation(
  { skip }: TestContext,
  more: object = {},
): Promise<Readonly<{ business: Business; id: string; url: string }>> {
  if (chromiumPath === undefined) skip(whyNot)
  const business = await aBusiness({ name: 'Lumen & Oak Interiors' })
  origin ??= business.app.listen()
  await origin
  const { invoicing } = business
  const profile = await invoicing.patch('/api/v1/business', {
    email: 'hello@lumenoak.example',
    phone: '+44 20 7946 0011',
    website: 'https://lumenoak.example',
    address: '7 Timber Yard',
    city: 'London',
    postal_code: 'N1 9GU',
    country: 'GB',
    tax_id: 'GB123456789',
  })
  expect(profile.status, profile.text).toBe(200)
  const customer = await invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    address: '18 Quay Street',
    city: 'Bristol',
    country: 'GB',
    postal_code: 'BS1 4AA',
  })
  const quotation = await invoicing.post('/api/v1/quotations', {
    customer_id: customer.body.id,
    valid_until: '2026-06-30',
    status: 'sent',
    items: [
      { description: 'Fit-out, phase one', quantity: 1, unit_price: 640, tax_rate: 20 },
      { description: 'Shelving', quantity: 4, unit_price: 75, tax_rate: 20, discount_rate: 10 },
    ],
    ...more,
  })
  expect(quotation.status, quotation.text).toBe(201)
  return { business, id: quotation.body.id, url: quotation.body.hosted_url }
}

test('a customer accepts a quotation by keyboard, without a script', async (context) => {
  const { business, id, url } = await aQuotation(context)
  const { page, foreign } = await openPage(url, { viewport: phone, javaScriptEnabled: false })
  await keepPicture(page, 'quotation-phone')
  await page.getByLabel('Your name').focus()
  await page.keyboard.type('Ada Rye')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Please begin in July.')
  await page.keyboard.press('Tab')
  expect(await page.locator(':focus').textContent()).toBe('Accept quotation')
  await page.keyboard.press('Enter')
  await page.getByText('You accepted this quotation on 15 June 2026.').waitFor()
  await keepPicture(page, 'quotation-accepted')
  const { body } = await business.invoicing.get(`/api/v1/quotations/${id}`)
  expect(body).toMatchObject({ status: 'accepted', decision_note: 'Please begin in July.' })
  const converted = await business.invoicing.post(`/api/v1/quotations/${id}/convert`, {})
  expect([converted.status, converted.body.total]).toEqual([201, body.total])
  await page.reload()
  expect(await page.getByText('has become an invoice').count()).toBe(1)
  expect(foreign).toEqual([])
})

test('a quotation has no barriers, waiting and declined', async (context) => {
  const { url } = await aQuotation(context)
  const { page, complaints } = await openPage(url, { viewport: desktop })
  await keepPicture(page, 'quotation-desktop')
  expect(await barriersOf(page)).toEqual([])
  await page.getByLabel('Your name').fill('Bo')
  await page.getByRole('button', { name: 'Decline quotation' }).click()
  await page.getByText('You declined this quotation').waitFor()
  await keepPicture(page, 'quotation-declined')
  expect(await barriersOf(page)).toEqual([])
  expect(complaints).toEqual([])
})

test('an answer that comes too late is told so', async (context) => {
  const { business, id, url } = await aQuotation(context)
  const { page } = await openPage(url, { viewport: phone })
  await business.invoicing.post(`/api/v1/quotations/${id}/reject`, { name: 'Bo' })
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Accept quotation' }).click()
  await page.getByRole('alert').waitFor()
  await keepPicture(page, 'quotation-conflict')
  expect(await barriersOf(page)).toEqual([])
  const { body } = await business.invoicing.get(`/api/v1/quotations/${id}`)
  expect(body.status).toBe('rejected')
})
