import { expect, test } from 'vitest'
import { asOwner } from '../../../src/db/owner.ts'
import { orderMaintenance } from '../../../src/modules/access/maintenance.actions.ts'
import { aBusiness, type Business, noon } from '../../harness.ts'
import { pathOf, visit } from './pages.ts'

async function aQuotation(business: Business, more: object = {}): Promise<string> {
  const customer = await business.invoicing.post('/api/v1/customers', { name: 'Lantern & Rye Ltd' })
  const quotation = await business.invoicing.post('/api/v1/quotations', {
    customer_id: customer.body.id,
    items: [{ description: 'Fit-out, phase one', quantity: 1, unit_price: 640, tax_rate: 20 }],
    valid_until: '2026-06-30',
    status: 'sent',
    ...more,
  })
  expect(quotation.status, quotation.text).toBe(201)
  return quotation.body.id
}

const read = async ({ invoicing }: Business, id: string) =>
  (await invoicing.get(`/api/v1/quotations/${id}`)).body

test('303 a customer accepts with a name and a note, and sees it', async () => {
  const business = await aBusiness()
  const id = await aQuotation(business)
  const page = await visit(business, pathOf(id))
  expect(page.text).toContain('Valid until 30 June 2026')
  expect(page.text).toContain('$768.00')
  expect((await read(business, id)).hosted_url).toBe(`http://127.0.0.1:4400${pathOf(id)}`)
  const answer = await visit(business, `${pathOf(id)}/accept`, {
    form: { name: ' Ada  Rye ', note: 'Please begin in July.' },
  })
  expect([answer.status, answer.headers['location'], answer.text]).toEqual([303, pathOf(id), ''])
  expect(await read(business, id)).toMatchObject({
    status: 'accepted',
    accepted_at: '2026-06-15T12:00:00.000Z',
    decision_note: 'Please begin in July.',
  })
  const after = await visit(business, pathOf(id))
  expect(after.text).toContain('You accepted this quotation on 15 June 2026. Thank you.')
  expect(after.text).not.toContain('<form')
  const [audit] = await business.read((db) =>
    db.query<{ after: string; actor: string }>({
      text: `select after, actor from audit_row where action = 'sales.quotation.answered' and resource_id = $1`,
      values: [id],
    }),
  )
  expect([audit?.actor, JSON.parse(audit?.after ?? '{}')]).toEqual([
    'customer',
    { decision: 'accepted', name: 'Ada Rye', note: 'Please begin in July.', address: '127.0.0.1' },
  ])
})

test('303 a customer declines, in the language of the page', async () => {
  const business = await aBusiness()
  const id = await aQuotation(business)
  const path = `${pathOf(id)}/reject?lang=de`
  const answer = await visit(business, path, { form: { name: 'Ada', note: '' } })
  expect([answer.status, answer.headers['location']]).toEqual([303, `${pathOf(id)}?lang=de`])
  const { text } = await visit(business, `${pathOf(id)}?lang=de`)
  expect(text).toContain('Sie haben dieses Angebot am 15. Juni 2026 abgelehnt.')
  expect(await read(business, id)).toMatchObject({ status: 'rejected', decision_note: null })
})

test('400 an answer without a name is shown again, with what was written', async () => {
  const business = await aBusiness()
  const id = await aQuotation(business)
  const form = { name: '  ', note: '"><script>' }
  const { status, text } = await visit(business, `${pathOf(id)}/accept`, { form })
  expect(status).toBe(400)
  expect(text).toContain('role="alert"')
  expect(text).toContain('aria-invalid="true"')
  expect(text).toContain('&quot;&gt;&lt;script&gt;</textarea>')
  expect(await read(business, id)).toMatchObject({ status: 'sent' })
})

test('409 what was answered, expired or converted takes no other answer', async () => {
  const business = await aBusiness()
  const [accepted, expired, converted] = [
    await aQuotation(business),
    await aQuotation(business, { issue_date: '2026-05-01', valid_until: '2026-06-14' }),
    await aQuotation(business),
  ]
  const accept = (id: string) => visit(business, `${pathOf(id)}/accept`, { form: { name: 'Ada' } })
  await accept(accepted)
  await accept(converted)
  await business.invoicing.post(`/api/v1/quotations/${converted}/convert`, {})
  for (const id of [accepted, expired, converted]) {
    const before = await read(business, id)
    const again = await visit(business, `${pathOf(id)}/reject`, { form: { name: 'Bo' } })
    expect(again.status).toBe(409)
    expect(again.text).toContain('this quotation can no longer be answered')
    expect(await read(business, id)).toEqual(before)
  }
})

test('409 of two answers at once one counts', async () => {
  const business = await aBusiness()
  const id = await aQuotation(business)
  const answers = await Promise.all(
    ['accept', 'reject', 'accept', 'reject'].map((step) =>
      visit(business, `${pathOf(id)}/${step}`, { form: { name: step } }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409, 409])
})

test('413 and 415 a form that is too long or is none', async () => {
  const business = await aBusiness()
  const path = `${pathOf(await aQuotation(business))}/accept`
  const long = await visit(business, path, { form: { name: 'Ada', note: 'x'.repeat(20_000) } })
  const json = await visit(business, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  expect([long.status, json.status]).toEqual([413, 415])
  expect(json.text).toContain('The form could not be read.')
})

test('503 during maintenance a page says so, and reading goes on where only writes are closed', async () => {
  const business = await aBusiness()
  const id = await aQuotation(business)
  const order = (mode: 'full' | 'read_only' | undefined): Promise<void> => {
    const asked = mode && { mode, message: null, until: null }
    return asOwner(business.owner, (tx) =>
      orderMaintenance(tx, asked, { orderedBy: 'operator', at: noon }),
    )
  }
  await order('read_only')
  await expect
    .poll(
      async () => (await visit(business, `${pathOf(id)}/accept`, { form: { name: 'Ada' } })).status,
    )
    .toBe(503)
  expect((await visit(business, pathOf(id))).status).toBe(200)
  await order('full')
  await expect.poll(async () => (await visit(business, pathOf(id))).status).toBe(503)
  await order(undefined)
  await expect.poll(async () => (await visit(business, pathOf(id))).status).toBe(200)
})
