import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printedInvoice } from '../../test/printed-invoice.ts'
import type { BankDetail } from '../modules/access/business.ts'
import type { DocumentInput } from '../modules/sales/document-input.ts'
import { isIban, toPaymentCode } from './payment-code.ts'

const account: BankDetail = {
  ...{ label: null, bankName: null, accountNumber: null, sortCode: null },
  name: 'Adire Studio GmbH',
  iban: 'DE89 3704 0044 0532 0130 00',
  bic: 'cobadeffxxx',
}
const payable: DocumentInput = { ...printedInvoice, bank: [account] }

test('a transfer names account, amount and invoice, a line each', () => {
  expect(toPaymentCode(payable)?.split('\n')).toEqual([
    ...['BCD', '002', '1', 'SCT', 'COBADEFFXXX', 'Adire Studio GmbH', 'DE89370400440532013000'],
    ...['EUR1339.58', '', '', 'INV-00042'],
  ])
})

test('the first account with an IBAN is paid into, in the name of the seller if it has none', () => {
  const others = [
    { ...account, iban: null },
    { ...account, iban: 'DE00370400440532013000' },
    { ...account, name: null, bic: 'unknown', iban: 'GB33BUKB20201555555555' },
  ]
  expect(
    toPaymentCode({ ...payable, bank: others })
      ?.split('\n')
      .slice(4, 7),
  ).toEqual([...['', 'Adire Studio', 'GB33BUKB20201555555555']])
})

const gross = (amount: string) => ({ totals: { ...payable.totals, gross: amount } })

test.each<[string, Partial<DocumentInput>]>([
  ['another currency', { currency: 'USD' }],
  ['a draft', { state: 'draft' }],
  ['a cancelled invoice', { state: 'void' }],
  ['a credit note', { kind: 'credit_note' }],
  ['a quotation', { kind: 'quotation' }],
  ['no account', { bank: [] }],
  ['an account without an IBAN', { bank: [{ ...account, iban: null }] }],
  ['an IBAN that is none', { bank: [{ ...account, iban: 'DE88370400440532013000' }] }],
  ['nothing to pay', gross('0.00')],
  ['money back', gross('-1.00')],
  ['a thousand million', gross('1000000000.00')],
])('%s has no code', (_what, changes) => {
  expect(toPaymentCode({ ...payable, ...changes })).toBeNull()
})

test.each(['0.01', '999999999.99'])('EUR %s can be paid', (amount) => {
  expect(toPaymentCode({ ...payable, ...gross(amount) })).toContain(`\nEUR${amount}\n`)
})

test('no text breaks into another line, or beyond what a code may hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (name, number) => {
      const code = toPaymentCode({ ...payable, number, bank: [{ ...account, name }] })
      if (code === null) return
      expect(code.split('\n')).toHaveLength(11)
      expect(Buffer.byteLength(code)).toBeLessThanOrEqual(331)
      expect([...(code.split('\n')[5] ?? '')].length).toBeLessThanOrEqual(70)
    }),
  )
})

test('one wrong digit makes an IBAN none', () => {
  const iban = 'DE89370400440532013000'
  expect(isIban(iban)).toBe(true)
  for (let at = 2; at < iban.length; at += 1) {
    const other = (Number(iban[at]) + 1) % 10
    expect(isIban(`${iban.slice(0, at)}${other}${iban.slice(at + 1)}`)).toBe(false)
  }
})
