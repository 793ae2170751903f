import { toDecimalText } from '../src/kernel/money.ts'
import type { Answer, Business } from './harness.ts'

const invoices = '/api/v1/invoices'

/** A customer by its id. */
export async function aCustomer({ invoicing }: Business): Promise<string> {
  const { body } = await invoicing.post('/api/v1/customers', { name: 'Lantern & Rye Ltd' })
  return body.id
}

/** Two items of 405.50 before and 432.50 after tax. */
export const items = [
  { description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 },
  { description: 'Printed report', quantity: 1, unit_price: 45.5 },
]

/** An invoice that is sent, of a new customer unless one is given. */
export async function aSentInvoice(business: Business, more: object = {}): Promise<Answer['body']> {
  const customer_id = await aCustomer(business)
  const reply = await business.invoicing.post(invoices, {
    ...{ customer_id, items, status: 'sent' },
    ...more,
  })
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.body
}

/** What documents have posted, entry by entry: `1011 +200.00 | 1021 -200.00`. */
export async function postingsOf(
  { owner, businessId }: Business,
  documentId: string,
): Promise<readonly string[]> {
  const { rows } = await owner.query<{
    entry: string
    code: string
    currency: string
    amount: bigint
    base: bigint
    own: string
  }>(
    `select e.entry_id as entry, a.code, l.currency, l.amount, l.base_amount as base,
       b.base_currency as own
     from journal_entry as e
     join journal_line as l on l.business_id = e.business_id and l.entry_id = e.entry_id
     join account as a on a.business_id = l.business_id and a.account_id = l.account_id
     join business as b on b.business_id = e.business_id
     where e.business_id = $1 and e.source_id = $2 order by e.entry_seq, l.line_no`,
    [businessId, documentId],
  )
  const linesByEntry = new Map<string, string[]>()
  for (const { entry, code, currency, amount, base, own } of rows) {
    const text =
      currency === own
        ? `${code} ${signed(amount, currency)}`
        : `${code} ${currency} ${signed(amount, currency)} (${signed(base, own)})`
    linesByEntry.set(entry, [...(linesByEntry.get(entry) ?? []), text])
  }
  return [...linesByEntry.values()].map((lines) => lines.join(' | '))
}

const signed = (amount: bigint, currency: string): string =>
  `${amount < 0n ? '' : '+'}${toDecimalText({ minor: amount, currency })}`

/** Balances per account in base currency on a date, those at zero left out. */
export async function balancesOf(
  { owner, businessId }: Business,
  date = '2027-12-31',
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await owner.query<{ code: string; base: string }>(
    `select a.code, sum(l.base_amount)::text as base
     from journal_line as l
     join account as a on a.business_id = l.business_id and a.account_id = l.account_id
     where l.business_id = $1 and l.accounting_date <= $2
     group by a.code having sum(l.base_amount) <> 0 order by a.code`,
    [businessId, date],
  )
  return Object.fromEntries(rows.map(({ code, base }) => [code, base]))
}

/** Events of a business in their order: `invoice.paid sent`, the last word the previous status. */
export async function eventsOf({ invoicing }: Business, after = 0): Promise<readonly string[]> {
  const { body } = await invoicing.get(`/api/v1/events?after=${after}&limit=100`)
  return body.data.map(({ type, data }: Answer['body']) => `${type} ${data.previous_status ?? '-'}`)
}

/** The number of the last event. */
export async function lastEvent({ invoicing }: Business): Promise<number> {
  const { body } = await invoicing.get('/api/v1/events?limit=100')
  return body.data.at(-1)?.sequence ?? 0
}
