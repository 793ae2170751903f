import { afterAll, expect, test } from 'vitest'
import { aShop, minor } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { archiveParty } from '../parties/party.actions.ts'
import { createBill, updateBill, voidBill } from './bill.actions.ts'
import { getBill, listBills } from './bill.queries.ts'
import type { NewBill } from './bill.ts'
import { payBills, reverseBillPayment } from './bill-payment.actions.ts'
import { listCertificates, listPaymentsOfBill } from './bill-payment.queries.ts'
import type { NewBillPayment } from './bill-payment.ts'
import { createExpense, payExpense, voidExpense } from './expense.actions.ts'
import { listExpenses } from './expense.queries.ts'
import type { NewExpense } from './expense.ts'

const shop = await aShop()
afterAll(shop.close)
const supplier = await shop.party({ name: 'Obalende Legal', isSupplier: true, isCustomer: false })

const line = { description: 'Advice', quantity: '1', unitPrice: '100000', accountCode: '5041' }
const billOf = (given: Partial<NewBill> = {}): NewBill => ({
  ...{ surface: 'books', supplierId: supplier.id, currency: 'NGN', reference: null, notes: null },
  ...{ issueDate: asDate('2026-06-10'), dueDate: asDate('2026-07-10') },
  lines: [{ ...line, taxPercent: '7.5' }],
  ...given,
})

const paymentOf = (billId: string, amount: string, given: Partial<NewBillPayment> = {}) => ({
  ...{ surface: 'books' as const, date: asDate('2026-06-12'), currency: 'NGN' },
  ...{ method: 'bank_transfer', allocations: [{ billId, amount: minor(amount) }] },
  ...given,
})

const find = (id: string) =>
  shop.read((db) => getBill(db, shop.businessId, id, asDate('2026-06-15')))

test('a bill posts costs and input tax against the payable', async () => {
  const bill = await shop.write(createBill, billOf())

  expect([bill.number, bill.status, bill.amountDue]).toEqual([
    'BILL-2026-001',
    'unpaid',
    minor('107500'),
  ])
  expect(await shop.entry(bill.entryId)).toBe('5041 +100000.00 | 1025 +7500.00 | 2001 -107500.00')
  expect(await shop.outOfStep()).toEqual([])
})

test.each([
  [
    'tax that does not come back is cost',
    { taxPercent: '7.5', recoverablePercent: '40' },
    '5041 +104500.00 | 1025 +3000.00 | 2001 -107500.00',
  ],
  [
    'reverse charge is owed and recovered in one entry',
    { taxPercent: '7.5', taxCategory: 'AE' as const },
    '5041 +100000.00 | 1025 +7500.00 | 2026 -7500.00 | 2001 -100000.00',
  ],
])('%s', async (_name, more, expected) => {
  const bill = await shop.write(createBill, billOf({ lines: [{ ...line, ...more }] }))

  expect(await shop.entry(bill.entryId)).toBe(expected)
})

test('a payment with withholding settles in full and makes one certificate', async () => {
  const bill = await shop.write(createBill, billOf())

  const given = paymentOf(bill.id, '107500', { withheldPercent: '5' })
  const payment = await shop.write(payBills, given)

  expect([payment.withheld, payment.paid]).toEqual([minor('5000'), minor('102500')])
  expect(await shop.entry(payment.entryId)).toBe(
    '1011 -102500.00 | 2027 -5000.00 | 2001 +107500.00',
  )
  const filter = { businessId: shop.businessId, limit: 10 }
  const [certificate] = await shop.read((db) => listCertificates(db, filter))
  expect(certificate).toMatchObject({
    ...{ number: 'WHT-2026-001', gross: minor('100000'), withheld: minor('5000') },
    ...{ billId: bill.id, paymentId: payment.id, ratePercent: '5', status: 'issued' },
  })
  expect((await find(bill.id)).status).toBe('paid')

  const reason = 'wrong account'
  await shop.write(reverseBillPayment, { paymentId: payment.id, reason })
  const [voided] = await shop.read((db) => listCertificates(db, filter))
  expect([voided?.status, (await find(bill.id)).status]).toEqual(['voided', 'unpaid'])
  expect(await shop.outOfStep()).toEqual([])
})

test('a payable that shrank is a gain, one that grew a loss', async () => {
  const dollars = { currency: 'USD', exchangeRate: '1500', lines: [{ ...line, unitPrice: '800' }] }
  const bill = await shop.write(createBill, billOf(dollars))
  const pay = (amount: string, exchangeRate: string) => {
    const allocations = [{ billId: bill.id, amount: minor(amount) }]
    const given = { currency: 'USD', exchangeRate, allocations }
    return shop.write(payBills, paymentOf(bill.id, amount, given))
  }

  const first = await pay('300', '1490')
  const second = await pay('500', '1520')

  expect([await shop.entry(first.entryId), await shop.entry(second.entryId)]).toEqual([
    '1011 USD -300.00 (-447000.00) | 2001 USD +300.00 (+450000.00) | 4013 USD +0.00 (-3000.00)',
    '1011 USD -500.00 (-760000.00) | 2001 USD +500.00 (+750000.00) | 5053 USD +0.00 (+10000.00)',
  ])
  expect(await shop.outOfStep()).toEqual([])
})

test('an unpaid bill can be corrected and voided, a paid one cannot', async () => {
  const before = await shop.balances()
  const bill = await shop.write(createBill, billOf())
  const draft = billOf({ lines: [{ ...line, unitPrice: '80000', taxPercent: '7.5' }] })

  const changed = await shop.write(updateBill, { billId: bill.id, draft })
  expect([changed.total, changed.number, changed.amountDue]).toEqual([
    minor('86000'),
    bill.number,
    minor('86000'),
  ])
  expect(await shop.outOfStep()).toEqual([])
  const payment = await shop.write(payBills, paymentOf(bill.id, '6000'))
  expect((await find(bill.id)).status).toBe('partial')
  const payments = await shop.read((db) => listPaymentsOfBill(db, shop.businessId, bill.id))
  expect(payments.map(({ id, amount }) => [id, amount])).toEqual([[payment.id, minor('6000')]])
  expect([
    await shop.outcome(updateBill, { billId: bill.id, draft }),
    await shop.outcome(voidBill, { billId: bill.id, reason: 'x' }),
    await shop.outcome(payBills, paymentOf(bill.id, '80000.01')),
  ]).toEqual([
    'purchases.bill_not_editable',
    'purchases.bill_has_payments',
    'purchases.payment_exceeds_due',
  ])

  await shop.write(reverseBillPayment, { paymentId: payment.id, reason: 'x' })
  const voided = await shop.write(voidBill, { billId: bill.id, reason: 'entered twice' })
  expect(voided.status).toBe('voided')
  expect(await shop.outcome(voidBill, { billId: bill.id, reason: 'x' })).toBe(
    'purchases.bill_voided',
  )
  expect(await shop.balances()).toBe(before)
  expect(await shop.outOfStep()).toEqual([])
})

const expenseOf = (given: Partial<NewExpense> = {}): NewExpense => ({
  ...{ surface: 'books', status: 'paid', supplierId: null, supplierName: 'Ikeja Power' },
  ...{ accountCode: '5021', date: asDate('2026-06-12'), currency: 'NGN', amount: '50000' },
  ...{ taxPercent: '7.5', withheldPercent: '0', isTaxRecoverable: true, method: 'bank_transfer' },
  ...{ description: 'June power', category: 'Utilities', reference: null },
  ...given,
})

test('an expense is paid at once, or owed first and paid later', async () => {
  const paid = await shop.write(createExpense, expenseOf({ withheldPercent: '2' }))
  expect(await shop.entry(paid.entryId)).toBe(
    '5021 +50000.00 | 1025 +3750.00 | 1011 -52750.00 | 2027 -1000.00',
  )

  const pending = await shop.write(createExpense, expenseOf({ status: 'pending' }))
  expect(await shop.entry(pending.entryId)).toBe('5021 +50000.00 | 1025 +3750.00 | 2002 -53750.00')
  const later = { expenseId: pending.id, date: asDate('2026-06-14'), moneyAccountCode: '1001' }
  const done = await shop.write(payExpense, later)
  expect([done.status, await shop.entry(done.paymentEntryId)]).toEqual([
    'paid',
    '2002 +53750.00 | 1001 -53750.00',
  ])
})

test('lists show the status of today', async () => {
  const other = await shop.party({ isSupplier: true })
  const bill = await shop.write(createBill, billOf({ supplierId: other.id }))
  const billIds = async (today: string, status: 'unpaid' | 'overdue') => {
    const filter = { businessId: shop.businessId, supplierId: other.id, today: asDate(today) }
    const { rows, total } = await shop.read((db) => listBills(db, { ...filter, status, limit: 9 }))
    expect(total).toBe(rows.length)
    return rows.map(({ id, status: shown }) => [id, shown])
  }

  expect(await billIds('2026-07-10', 'unpaid')).toEqual([[bill.id, 'unpaid']])
  expect(await billIds('2026-07-11', 'unpaid')).toEqual([])
  expect(await billIds('2026-07-11', 'overdue')).toEqual([[bill.id, 'overdue']])

  const draft = await shop.write(createExpense, expenseOf({ status: 'draft' }))
  const filter = { businessId: shop.businessId, status: 'draft', limit: 9 } as const
  const { rows } = await shop.read((db) => listExpenses(db, filter))
  expect(rows).toEqual([draft])
})

test('voiding an expense mirrors both of its entries', async () => {
  const before = await shop.balances()
  const pending = await shop.write(createExpense, expenseOf({ status: 'pending' }))
  await shop.write(payExpense, { expenseId: pending.id, date: asDate('2026-06-14') })

  const voided = await shop.write(voidExpense, { expenseId: pending.id, reason: 'twice' })

  expect(voided.status).toBe('cancelled')
  expect(await shop.balances()).toBe(before)
  const again = { expenseId: pending.id, reason: 'x' }
  expect(await shop.outcome(voidExpense, again)).toBe('purchases.expense_voided')
})

test('refusals come in order and change nothing', async () => {
  const gone = await shop.party({ isSupplier: true })
  await shop.write(archiveParty, { partyId: gone.id, isArchived: true })
  const customer = await shop.party()
  await shop.write(createBill, billOf({ reference: 'F-77' }))
  const before = [await shop.counts(), await shop.balances()]
  const outcomeOf = (given: Partial<NewBill>) => shop.outcome(createBill, billOf(given))

  expect([
    await outcomeOf({ supplierId: customer.id }),
    await outcomeOf({ supplierId: gone.id }),
    await outcomeOf({ lines: [{ ...line, accountCode: '9999' }] }),
    await outcomeOf({ lines: [{ ...line, accountCode: '2001' }] }),
    await outcomeOf({ reference: 'F-77' }),
    await outcomeOf({ printedTax: minor('7600') }),
    await outcomeOf({ currency: 'EUR' }),
    await shop.outcome(payBills, paymentOf('0197a1c2-0000-7000-8000-0000000000e1', '1')),
    await shop.outcome(createExpense, expenseOf({ accountCode: '9999' })),
  ]).toEqual([
    'resource.not_found',
    'purchases.supplier_inactive',
    'ledger.account_not_found',
    'ledger.account_is_control',
    'purchases.duplicate_reference',
    'tax.override_out_of_tolerance',
    'ledger.rate_missing',
    'resource.not_found',
    'ledger.account_not_found',
  ])
  expect([await shop.counts(), await shop.balances()]).toEqual(before)
})
