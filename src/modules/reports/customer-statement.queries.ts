import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { getParty } from '../parties/party.queries.ts'
import {
  type CustomerStatement,
  type Movement,
  statementLinesMax,
  toStatementLines,
} from './customer-statement.ts'

type Asked = Readonly<{
  businessId: Id<'business'>
  customerId: string
  currency: string
  from: CalendarDate
  to: CalendarDate
}>

/** Lines `l` of what a customer owes or has paid ahead. */
const own = `
  from journal_line as l
  join account as a on a.business_id = l.business_id and a.account_id = l.account_id
    and a.role in ('receivables', 'customer_deposits')
  where l.business_id = $1 and l.party_id = $2 and l.currency = $3`

/**
 * What a customer owed at the start, what changed it, and what it owes at the end, in one currency:
 * straight from the control accounts, so that it agrees with the books to the minor unit.
 * Refuses, in this order: resource.not_found, request.query_invalid (more than 10,000 lines).
 * Source: Invoicing specification 6, statement.
 */
export async function getCustomerStatement(
  db: Db,
  { businessId, customerId, currency, from, to }: Asked,
): Promise<CustomerStatement> {
  const party = await getParty(db, businessId, customerId)
  const values = [businessId, party.id, currency, from]
  const [start] = await db.query<{ opening: bigint }>({
    name: 'sum_before_statement',
    text: `select coalesce(sum(l.amount), 0)::bigint as opening ${own} and l.accounting_date < $4`,
    values,
  })
  const movements = await db.query<Movement>({
    name: 'list_statement_movements',
    text: `
      with moved as (
        select l.entry_id, sum(l.amount)::bigint as amount
        ${own} and l.accounting_date between $4 and $5
        group by l.entry_id having sum(l.amount) <> 0
      )
      select e.accounting_date as date, e.kind, e.source_type as "sourceType",
        coalesce(d.number, e.number) as number, m.amount
      from moved as m
      join journal_entry as e on e.business_id = $1 and e.entry_id = m.entry_id
      left join document as d on d.business_id = $1 and d.document_id = e.source_id
      order by e.accounting_date, e.entry_seq limit $6`,
    values: [...values, to, statementLinesMax + 1],
  })
  if (movements.length > statementLinesMax) {
    const reason = `a statement has at most ${statementLinesMax} lines; ask for fewer days`
    throw new Refusal('request.query_invalid', { parameter: 'from', reason })
  }
  const opening = start?.opening ?? 0n
  const lines = toStatementLines(opening, movements)
  const closing = lines.at(-1)?.balance ?? opening
  return { customerId: party.id, currency, from, to, opening, lines, closing }
}
