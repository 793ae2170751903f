import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { StatementLine } from './statement-line.ts'

type Filter = Readonly<{
  businessId: Id<'business'>
  accountId?: string
  isMatched?: boolean
  dateFrom?: CalendarDate
  dateTo?: CalendarDate
  limit: number
}>

/** Rows of bank statements, newest first, ties by id; at most `limit`. */
export function listStatementLines(
  db: Db,
  { businessId, accountId, isMatched, dateFrom, dateTo, limit }: Filter,
): Promise<readonly StatementLine[]> {
  return db.query<StatementLine>({
    name: 'list_statement_lines',
    text: `
      select line_id as id, account_id as "accountId", booked_on as "bookedOn", amount, currency,
        description, reference, matched_entry_id as "matchedEntryId", created_at as "createdAt"
      from bank_statement_line
      where business_id = $1 and ($2::uuid is null or account_id = $2)
        and ($3::boolean is null or $3 = (matched_entry_id is not null))
        and ($4::date is null or booked_on >= $4) and ($5::date is null or booked_on <= $5)
      order by booked_on desc, line_id desc limit $6`,
    values: [
      ...[businessId, accountId ?? null, isMatched ?? null, dateFrom ?? null, dateTo ?? null],
      limit,
    ],
  })
}

/** How many rows up to a day have no entry yet. */
export async function countUnmatchedLines(
  db: Db,
  businessId: Id<'business'>,
  through: CalendarDate,
): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    name: 'count_unmatched_lines',
    text: `select count(*)::int as count from bank_statement_line
      where business_id = $1 and booked_on <= $2 and matched_entry_id is null`,
    values: [businessId, through],
  })
  return row?.count ?? 0
}

/** A line of the ledger on an account of money. */
export type MoneyLine = Readonly<{
  entryId: Id<'entry'>
  date: CalendarDate
  amount: bigint
  description: string
  number: string
}>

/**
 * What moved money on an account in its own currency, opening balances aside; in the order it was
 * posted, at most `limit`.
 */
export function listMoneyLines(
  db: Db,
  {
    businessId,
    accountId,
    limit,
  }: Readonly<{ businessId: Id<'business'>; accountId: string; limit: number }>,
): Promise<readonly MoneyLine[]> {
  return db.query<MoneyLine>({
    name: 'list_money_lines',
    text: `
      select l.entry_id as "entryId", l.accounting_date as date, l.amount, e.description, e.number
      from journal_line as l
      join journal_entry as e on e.business_id = l.business_id and e.entry_id = l.entry_id
      where l.business_id = $1 and l.account_id = $2 and l.amount <> 0 and e.kind <> 'opening'
      order by l.entry_seq, l.line_no limit $3`,
    values: [businessId, accountId, limit],
  })
}
