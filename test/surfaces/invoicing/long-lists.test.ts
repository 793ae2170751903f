import { expect, test } from 'vitest'
import { listExpenses } from '../../../src/modules/purchases/expense.queries.ts'
import { listCreditNotes } from '../../../src/modules/sales/credit-note.queries.ts'
import { listReceipts } from '../../../src/modules/sales/receipt.queries.ts'
import { aBusiness, type Business } from '../../harness.ts'

const items = [{ description: 'Survey', quantity: 3, unit_price: 100 }]

async function aCustomer({ invoicing }: Business): Promise<string> {
  return (await invoicing.post('/api/v1/customers', { name: 'Lantern' })).body.id
}

test('200 quotations are counted up to 10,000, and a part of a number finds one of them', async () => {
  const business = await aBusiness()
  const { invoicing, owner, businessId } = business
  const customer_id = await aCustomer(business)
  await invoicing.post('/api/v1/quotations', { customer_id, items })
  const { rows: columns } = await owner.query(
    `select string_agg(column_name, ', ') as names from information_schema.columns
      where table_name = 'document' and column_name not in ('document_id', 'number')`,
  )
  const { names } = columns[0]
  const insert = (count: number) =>
    owner.query(
      `insert into document (document_id, number, ${names})
        select gen_random_uuid(), 'SEED-' || n, ${names}
        from document, generate_series(1, $2::int) as n
        where business_id = $1 and number = 'QT-00001'`,
      [businessId, count],
    )
  await insert(9_999)
  const whole = await invoicing.get('/api/v1/quotations?limit=1')
  expect(whole.body.pagination).toEqual({ page: 1, limit: 1, total: 10_000, total_pages: 10_000 })
  await owner.query(
    `update document set number = replace(number, 'SEED', 'ROW')
      where business_id = $1 and kind = 'quotation' and number like 'SEED%'`,
    [businessId],
  )
  await insert(1)
  const more = await invoicing.get('/api/v1/quotations?limit=1')
  expect(more.body.pagination).toEqual({
    ...{ page: 1, limit: 1, total: 10_000, total_pages: 10_000, total_is_minimum: true },
  })
  const found = await invoicing.get('/api/v1/quotations?quotation_number=ow-7777')
  expect(found.body.data.map((one: { quotation_number: string }) => one.quotation_number)).toEqual([
    'ROW-7777',
  ])
})

test('expenses, payments and credit notes are counted up to a bound where one is given', async () => {
  const business = await aBusiness()
  const { invoicing, read, businessId } = business
  const customer_id = await aCustomer(business)
  const { body: invoice } = await invoicing.post('/api/v1/invoices', {
    ...{ customer_id, status: 'sent', items },
  })
  const [item] = invoice.items
  for (let i = 0; i < 3; i += 1) {
    await invoicing.post('/api/v1/expenses', { description: 'Van hire', amount: 80 })
    await invoicing.post('/api/v1/payments', { customer_id, amount: 10 })
    const credited = { items: [{ invoice_item_id: item.id, quantity: 0.5 }] }
    await invoicing.post(`/api/v1/invoices/${invoice.id}/credit-notes`, credited)
  }
  const countsUpTo = (countMax: number) =>
    read(async (db) => {
      const filter = { businessId, limit: 1, countMax }
      const pages = [
        await listExpenses(db, filter),
        await listReceipts(db, filter),
        await listCreditNotes(db, filter),
      ]
      return pages.map(({ total, isMinimum = false }) => [total, isMinimum])
    })
  expect(await countsUpTo(3)).toEqual(Array.from({ length: 3 }, () => [3, false]))
  expect(await countsUpTo(2)).toEqual(Array.from({ length: 3 }, () => [2, true]))
})
