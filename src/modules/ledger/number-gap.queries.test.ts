import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop } from '../../../test/shop.ts'
import { createInvoice, deleteInvoice, voidInvoice } from '../sales/invoice.actions.ts'
import { changeBusiness } from './business-setting.actions.ts'
import { listGaps, listSeriesCounts } from './number-gap.queries.ts'

const shop = await aShop()
afterAll(shop.close)

test('every number without a document in force is listed with its reason, under every prefix', async () => {
  const customer = await shop.party()
  const create = (given: Parameters<typeof anInvoice>[1] = {}) =>
    shop.write(createInvoice, anInvoice(customer.id, given))
  await create()
  const draft = await create({ status: 'draft' })
  const wrong = await create()
  await create({ number: 'INV-00007' })
  await shop.write(deleteInvoice, { invoiceId: draft.id })
  await shop.write(voidInvoice, { invoiceId: wrong.id, reason: 'entered twice' })
  await shop.write(changeBusiness, { profile: { invoicePrefix: 'HJ/' } })
  const last = await create({ status: 'draft' })
  await shop.write(deleteInvoice, { invoiceId: last.id })

  const asked = { businessId: shop.businessId, kind: 'invoice' } as const
  const gaps = await shop.read((db) => listGaps(db, asked))
  const series = await shop.read((db) => listSeriesCounts(db, asked))
  const all = await shop.read((db) => listGaps(db, { businessId: shop.businessId }))

  expect(
    gaps.map((gap) => `${gap.firstNumber} ${gap.lastNumber} ${gap.state} ${gap.reason ?? ''}`),
  ).toEqual([
    'INV-00002 INV-00002 deleted ',
    'INV-00003 INV-00003 void entered twice',
    'HJ/00004 HJ/00006 skipped ',
    'HJ/00008 HJ/00008 deleted ',
  ])
  expect(gaps[1]?.documentId).toBe(wrong.id)
  expect(series).toEqual([
    { surface: 'invoicing', kind: 'invoice', year: 0, prefix: 'HJ/', next: 9n, used: 3 },
  ])
  expect(all).toEqual(gaps)
})
