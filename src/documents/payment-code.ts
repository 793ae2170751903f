import type { DocumentInput } from '../modules/sales/document-input.ts'
import { clean } from './text.ts'

/** Source: EPC069-12, version 002. */
const bounds = { nameMax: 70, textMax: 140, bytesMax: 331 } as const

/**
 * What banking apps read a transfer in euro from: the account, the amount and the number of an
 * issued invoice. Null: there is nothing to pay in euro, no account with an IBAN, or too much to say.
 * Source: documents specification 4.2.
 */
export function toPaymentCode(input: DocumentInput): string | null {
  const { kind, state, currency, totals, bank, seller, number } = input
  const isPayable =
    kind === 'invoice' && state === 'issued' && currency === 'EUR' && isAmount(totals.gross)
  const account = bank.find(({ iban }) => iban !== null && isIban(compact(iban)))
  if (!isPayable || account === undefined) return null
  const bic = compact(account.bic ?? '')
  const lines = [
    ...['BCD', '002', '1', 'SCT'],
    /^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/.test(bic) ? bic : '',
    toLine(account.name ?? seller.name, bounds.nameMax),
    compact(account.iban ?? ''),
    `EUR${totals.gross}`,
    ...['', ''],
    toLine(number ?? '', bounds.textMax),
  ]
  const payload = lines.join('\n')
  return new TextEncoder().encode(payload).length > bounds.bytesMax ? null : payload
}

/** An IBAN without blanks: its form, and its two check digits. Source: ISO 13616. */
export function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false
  const digits = [...`${text.slice(4)}${text.slice(0, 4)}`].map((sign) => Number.parseInt(sign, 36))
  return BigInt(digits.join('')) % 97n === 1n
}

const isAmount = (text: string): boolean => /^\d{1,9}\.\d{2}$/.test(text) && /[1-9]/.test(text)

const compact = (text: string): string => text.replaceAll(/\s/g, '').toUpperCase()

const toLine = (text: string, max: number): string =>
  [...clean(text).replaceAll('\n', ' ').trim()].slice(0, max).join('')
