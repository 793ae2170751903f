import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asDate } from '../../kernel/dates.ts'
import { asId } from '../../kernel/ids.ts'
import type { Account } from './account.ts'
import { toBase } from './exchange-rate.ts'
import { releaseBase, type SettleableItem } from './open-item.ts'
import { type Payment, type Settlement, settlePayables, settleReceivables } from './settlement.ts'

const uuid = (digit: number) => `00000000-0000-7000-8000-${String(digit).padStart(12, '0')}`

const roles = [
  ...['bank', 'receivables', 'payables', 'customer_deposits', 'supplier_deposits'],
  ...['wht_receivable', 'wht_payable', 'bank_charges', 'vat_provision', 'vat_payable'],
  ...['exchange_clearing', 'fx_gain', 'fx_loss'],
]

const accountByRole = new Map(
  roles.map((role, index): [string, Account] => [
    role,
    {
      ...{ id: asId('account', uuid(index)), code: String(1000 + index), name: role },
      ...{ description: null, category: 'asset', subcategory: 'current_asset', role },
      ...{ level: 'open', currency: null, isHeader: false, isSystem: true, archivedAt: null },
      ...{ externalId: null, metadata: {} },
      ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
    } as Account,
  ]),
)
const roleById = new Map([...accountByRole].map(([role, { id }]) => [id, role]))
const bank = accountByRole.get('bank')
if (bank === undefined) throw new Error('no bank')
const books = { baseCurrency: 'NGN', mode: 'half_up', accountByRole } as const

const itemOf = (n: number, total: bigint, tax: bigint, issued: string): SettleableItem => {
  const rated = { rate: issued, mode: 'half_up' } as const
  const conversion = { currency: 'USD', baseCurrency: 'NGN', ...rated } as const
  const base = toBase(total, conversion)
  return {
    ...{ id: asId('item', uuid(100 + n)), side: 'AR', partyId: asId('party', uuid(1)) },
    ...{ documentId: asId('document', uuid(200 + n)), currency: 'USD' },
    ...{ originalAmount: total, originalBase: base, openAmount: total, openBase: base },
    ...{ settledAmount: 0n, creditedAmount: 0n, withheldAmount: 0n, taxMovedBase: 0n },
    ...{ taxAmount: tax, taxBase: toBase(tax, conversion) },
    ...{ documentDate: asDate('2026-01-01'), dueDate: null, closedOn: null },
    ...{ number: `INV-${n}`, lifecycle: 'open' },
    ...{ documentNet: total - tax, documentTax: tax, documentTotal: total },
  }
}

const paymentOf = (settled: Payment['settled'], paidAt: string): Payment => ({
  ...{ documentId: asId('document', uuid(1)), partyId: asId('party', uuid(1)) },
  ...{ date: asDate('2026-02-01'), currency: 'USD', rate: { rate: paidAt, source: 'document' } },
  ...{ moneyAccount: bank, settled, depositItemId: asId('item', uuid(2)) },
  legs: { cash: settled.reduce((sum, { paid }) => sum + paid, 0n), withheld: 0n, fee: 0n },
})

/** The item after a settlement took its part. */
function after(item: SettleableItem, { changes }: Settlement): SettleableItem {
  const change = changes.find(({ itemId }) => itemId === item.id)
  if (change === undefined) return item
  return {
    ...item,
    openAmount: item.openAmount - change.amount,
    openBase: item.openBase - change.base,
    settledAmount: item.settledAmount + change.settled,
    taxAmount: item.taxAmount - change.tax,
    taxBase: item.taxBase - change.taxBase,
  }
}

const baseOf = ({ lines }: Settlement, ...wanted: readonly string[]): bigint =>
  lines
    .filter(({ accountId }) => wanted.includes(roleById.get(accountId) ?? ''))
    .reduce((sum, { base }) => sum + base, 0n)

const amount = fc.bigInt({ min: 1n, max: 10_000_000n })
const rate = fc.integer({ min: 1, max: 20_000_000 }).map((units) => (units / 10_000).toString())

test('an item settled in any split ends at zero, and differences are what was received less what was carried', () => {
  fc.assert(
    fc.property(
      fc.record({ parts: fc.array(amount, { minLength: 1, maxLength: 8 }), rate }),
      fc.array(rate, { minLength: 8, maxLength: 8 }),
      fc.integer({ min: 0, max: 100 }),
      ({ parts, rate: issued }, rates, percent) => {
        const total = parts.reduce((sum, part) => sum + part, 0n)
        const tax = (total * BigInt(percent)) / 200n
        const first = itemOf(1, total, tax, issued)
        let item = first
        let [received, differences, moved] = [0n, 0n, 0n]
        for (const [index, part] of parts.entries()) {
          const payment = paymentOf(
            [{ item, amount: part, paid: part, withheld: 0n }],
            rates[index] ?? '1',
          )
          const settlement = settleReceivables(payment, books)
          expect(settlement.lines.reduce((sum, { base }) => sum + base, 0n)).toBe(0n)
          received += baseOf(settlement, 'bank')
          differences -= baseOf(settlement, 'fx_gain', 'fx_loss')
          moved += baseOf(settlement, 'vat_provision')
          item = after(item, settlement)
        }
        expect([item.openAmount, item.openBase, item.taxAmount, item.taxBase]).toEqual([
          0n,
          0n,
          0n,
          0n,
        ])
        expect(differences).toBe(received - first.originalBase)
        expect(moved).toBe(first.taxBase)
      },
    ),
  )
})

test('a payment is the mirror of a receipt at the same rates', () => {
  fc.assert(
    fc.property(amount, rate, rate, (total, issued, paid) => {
      const item = itemOf(1, total, 0n, issued)
      const payment = paymentOf([{ item, amount: total, paid: total, withheld: 0n }], paid)
      const [inward, outward] = [settleReceivables(payment, books), settlePayables(payment, books)]

      expect(baseOf(outward, 'bank')).toBe(-baseOf(inward, 'bank'))
      expect(baseOf(outward, 'fx_gain', 'fx_loss')).toBe(-baseOf(inward, 'fx_gain', 'fx_loss'))
    }),
  )
})

test('the order of the allocations of one command shows in no balance', () => {
  fc.assert(
    fc.property(fc.array(amount, { minLength: 2, maxLength: 6 }), rate, (totals, issued) => {
      const settled = totals.map((total, n) => {
        const item = itemOf(n, total, 0n, issued)
        return { item, amount: total, paid: total, withheld: 0n }
      })
      const [one, other] = [settled, [...settled].reverse()].map((order) =>
        settleReceivables(paymentOf(order, '1500'), books),
      )
      if (one === undefined || other === undefined) throw new Error('two settlements')

      for (const role of ['bank', 'receivables', 'fx_gain', 'fx_loss']) {
        expect(baseOf(other, role)).toBe(baseOf(one, role))
      }
    }),
  )
})

test('the last of three payments takes the remaining base', () => {
  const released: bigint[] = []
  let open = { openAmount: 100_00n, openBase: 91_07n }
  for (const part of [33_33n, 33_33n, 33_34n]) {
    const base = releaseBase(open, part, 'half_up')
    released.push(base)
    open = { openAmount: open.openAmount - part, openBase: open.openBase - base }
  }

  expect(released).toEqual([30_35n, 30_36n, 30_36n])
})
