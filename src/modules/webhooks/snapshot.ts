import type { Party } from '../parties/party.ts'
import type { Expense } from '../purchases/expense.ts'
import type { Invoice } from '../sales/invoice.ts'
import type { Quotation } from '../sales/quotation.ts'
import type { Recurring } from '../sales/recurring.ts'
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
export const parseInvoice = (payload: Payload): Invoice =>
  parseLined(payload, invoiceAmounts) as unknown as Invoice // written by `toImage` of an invoice

/** The quotation behind the payload of its events. */
export const parseQuotation = (payload: Payload): Quotation =>
  parseLined(payload, ['subtotal', 'tax', 'total', 'version']) as unknown as Quotation // written by `toImage` of a quotation

/** The expense behind the payload of its events. */
export function parseExpense(payload: Payload): Expense {
  const amounts = parseAmounts(payload, ['amount', 'tax', 'total', 'withheld', 'version'])
  return { ...payload, ...amounts } as unknown as Expense // written by `toImage` of an expense
}

/** The recurring invoice behind the payload of its events; its lines are not computed yet. */
export const parseRecurring = (payload: Payload): Recurring =>
  ({ ...payload, ...parseAmounts(payload, ['total']) }) as unknown as Recurring // written by `toImage` of a recurring invoice

function parseLined(payload: Payload, amounts: readonly string[]): Payload {
  const lines = (payload['lines'] ?? []) as readonly Payload[] // as `sales` took the snapshot
  return {
    ...payload,
    ...parseAmounts(payload, amounts),
    lines: lines.map((line) => ({ ...line, ...parseAmounts(line, ['net', 'tax']) })),
  }
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
