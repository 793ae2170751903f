import type { Party } from '../parties/party.ts'
import type { Invoice } from '../sales/invoice.ts'
import type { StoredEvent } from './event.ts'

type Payload = StoredEvent['payload']

const invoiceAmounts = [
  'subtotal',
  'tax',
  'total',
  'baseTotal',
  'amountPaid',
  'amountCredited',
  'amountDue',
  'version',
] as const

/** The invoice behind the payload of its events: the same members, amounts read from their texts. */
export function parseInvoice(payload: Payload): Invoice {
  const lines = (payload['lines'] ?? []) as readonly Payload[] // as `sales` took the snapshot
  return {
    ...payload,
    ...parseAmounts(payload, invoiceAmounts),
    lines: lines.map((line) => ({ ...line, ...parseAmounts(line, ['net', 'tax']) })),
  } as unknown as Invoice // written by `toImage` of an invoice
}

/** The party behind the payload of its events. */
export function parseParty(payload: Payload): Party {
  const balances = ['receivable', 'customerCredit', 'payable', 'supplierCredit'] as const
  return { ...payload, ...parseAmounts(payload, balances) } as unknown as Party // written by `toImage` of a party
}

const parseAmounts = (
  payload: Payload,
  names: readonly string[],
): Readonly<Record<string, bigint | null>> =>
  Object.fromEntries(
    names.map((name) => {
      const text = payload[name]
      return [name, text === null || text === undefined ? null : BigInt(String(text))]
    }),
  )
