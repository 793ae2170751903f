import { expect, test } from 'vitest'
import { tellDue } from '../../../src/jobs/due.ts'
import type { Instant } from '../../../src/kernel/dates.ts'
import { aBusiness, type Business } from '../../harness.ts'

const items = [{ description: 'Survey', quantity: 1, unit_price: 100 }]

async function aShop(options = {}) {
  const business = await aBusiness(options)
  const { invoicing } = business
  const { body: customer } = await invoicing.post('/api/v1/customers', { name: 'Lantern' })
  const base = { customer_id: customer.id, items, issue_date: '2026-06-01' }
  const invoice = async (more: object = {}) => {
    const due = { due_date: '2026-06-15', status: 'sent' }
    return (await invoicing.post('/api/v1/invoices', { ...base, ...due, ...more })).body
  }
  const quote = async (more: object = {}) => {
    const due = { valid_until: '2026-06-15', status: 'sent' }
    return (await invoicing.post('/api/v1/quotations', { ...base, ...due, ...more })).body
  }
  return { ...business, invoice, quote }
}

async function tellAt({ owner, gate, clock }: Business, now: string): Promise<void> {
  clock.set(now)
  await tellDue({
    adminPool: owner,
    clock: () => now as Instant,
    write: (command) => gate.write(command),
  })
}

async function toldOf({ owner, businessId }: Business) {
  const { rows } = await owner.query(
    `select type, payload ->> 'number' as number, payload ->> 'status' as status,
      payload ->> 'previousStatus' as previous
    from event where tenant_id = $1 and type in ('sales.invoice.overdue', 'sales.quotation.expired')
    order by sequence`,
    [businessId],
  )
  return rows.map(({ type, number, status, previous }) => `${type} ${number} ${status} ${previous}`)
}

const told = [
  'sales.invoice.overdue INV-00001 overdue sent',
  'sales.quotation.expired QT-00001 expired sent',
]

test('what is overdue or expired is told of once, on the day after its last', async () => {
  const shop = await aShop({ timeZone: 'Africa/Lagos' })
  await shop.invoice()
  await shop.quote()
  await tellAt(shop, '2026-06-15T22:59:59.000Z')
  expect(await toldOf(shop)).toEqual([])
  await tellAt(shop, '2026-06-15T23:00:00.000Z')
  await Promise.all([
    tellAt(shop, '2026-06-16T08:00:00.000Z'),
    tellAt(shop, '2026-06-16T08:00:00.000Z'),
  ])
  expect(await toldOf(shop)).toEqual(told)
})

test('another last day that passes is told of again', async () => {
  const shop = await aShop()
  const invoice = await shop.invoice()
  const quotation = await shop.quote()
  await tellAt(shop, '2026-06-16T08:00:00.000Z')
  await shop.invoicing.patch(`/api/v1/invoices/${invoice.id}`, { due_date: '2026-06-20' })
  await shop.invoicing.patch(`/api/v1/quotations/${quotation.id}`, { valid_until: '2026-06-20' })
  await tellAt(shop, '2026-06-20T23:59:00.000Z')
  expect(await toldOf(shop)).toEqual(told)
  await tellAt(shop, '2026-06-21T08:00:00.000Z')
  expect(await toldOf(shop)).toEqual([...told, ...told])
})

test('nothing is told of drafts, of what is settled or decided, and of what said it itself', async () => {
  const shop = await aShop()
  await shop.invoice({ status: 'draft' })
  await shop.invoice({ status: 'paid' })
  await shop.invoice({ status: 'cancelled' })
  await shop.invoice({ due_date: undefined })
  await shop.quote({ status: 'draft' })
  await shop.quote({ status: 'accepted' })
  await shop.quote({ valid_until: undefined })
  await shop.invoice({ status: 'overdue', due_date: '2026-06-14' })
  await shop.quote({ status: 'expired', valid_until: '2026-06-14' })
  const before = await toldOf(shop)
  await tellAt(shop, '2026-06-20T08:00:00.000Z')
  expect([before.length, await toldOf(shop)]).toEqual([2, before])
})

test('many documents are told of in parts, until none is left', async () => {
  const shop = await aShop()
  await Promise.all(Array.from({ length: 25 }, () => shop.invoice()))
  await Promise.all(Array.from({ length: 25 }, () => shop.quote()))
  let commits = 0
  const now = '2026-06-16T08:00:00.000Z' as Instant
  shop.clock.set(now)
  const write: Parameters<typeof tellDue>[0]['write'] = (command) => {
    commits += 1
    return shop.gate.write(command)
  }
  await tellDue({ adminPool: shop.owner, clock: () => now, write }, 20)
  expect(commits).toBe(3)
  expect(new Set(await toldOf(shop)).size).toBe(50)
})
