import { expect, test } from 'vitest'
import { aBusiness, type Business } from '../../harness.ts'
import { aCustomer, items } from '../../till.ts'

const kinds = [
  ['Invoice', '/api/v1/invoices'],
  ['Quotation', '/api/v1/quotations'],
] as const

async function aDocument(business: Business, path: string, status: string) {
  const customer_id = await aCustomer(business)
  const { body } = await business.invoicing.post(path, { customer_id, items, status })
  return body
}

test.each(kinds)(
  '%s: a new link closes the old one, a revoked one closes the page, and sending opens another',
  async (_kind, path) => {
    const business = await aBusiness()
    const { invoicing, app } = business
    const { id, hosted_url: first } = await aDocument(business, path, 'sent')
    const link = `${path}/${id}/link`
    const open = async (url: string): Promise<number> =>
      (await app.server.inject({ method: 'GET', url: new URL(url).pathname })).statusCode
    expect(await open(first)).toBe(200)
    const renewed = await invoicing.post(link)
    const second = renewed.body.hosted_url
    expect([renewed.status, second === first]).toEqual([200, false])
    expect([await open(first), await open(second)]).toEqual([404, 200])
    const revoked = await invoicing.delete(link)
    expect([revoked.status, revoked.text, await open(second)]).toEqual([204, '', 404])
    expect((await invoicing.delete(link)).status).toBe(204)
    const { body } = await invoicing.get(`${path}/${id}`)
    expect(body.hosted_url).toBeNull()
    const sent = await invoicing.post(`${path}/${id}/send`, { to: ['ap@lanternrye.example'] })
    const third = sent.body.hosted_url
    expect(new Set([first, second, third]).size).toBe(3)
    expect([await open(second), await open(third)]).toEqual([404, 200])
  },
)

test.each(kinds)('400 %s: a draft has no page to give an address to', async (kind, path) => {
  const business = await aBusiness()
  const { id } = await aDocument(business, path, 'draft')
  const { status, body } = await business.invoicing.post(`${path}/${id}/link`)
  expect([status, body]).toEqual([400, { error: `${kind} cannot change from draft to linked` }])
})

test.each(kinds)('404 %s: a stranger’s is not linked', async (kind, path) => {
  const [business, stranger] = [await aBusiness(), await aBusiness()]
  const { id, hosted_url } = await aDocument(stranger, path, 'sent')
  const replies = [
    await business.invoicing.post(`${path}/${id}/link`),
    await business.invoicing.delete(`${path}/${id}/link`),
  ]
  for (const { status, body } of replies) {
    expect([status, body]).toEqual([404, { error: `${kind} not found` }])
  }
  const { body } = await stranger.invoicing.get(`${path}/${id}`)
  expect(body.hosted_url).toBe(hosted_url)
})
