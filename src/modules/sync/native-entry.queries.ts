import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import { money, toWireNumber } from '../../kernel/money.ts'
import { type Column, type Columns, inOrderOf, listPage, newValues } from './filter.queries.ts'
import type { Listed, ListQuery } from './filter.ts'
import {
  dataTypeBySource,
  journalBySource,
  journalOf,
  type NativeSource,
  toLocalMidnight,
} from './native.ts'
import { midnightSql } from './native-sql.queries.ts'
import type { CanonicalRecord } from './record.ts'

type Row = Readonly<{
  entry_id: string
  accounting_date: CalendarDate
  recorded_at: Instant
  description: string
  source_type: string
  source_id: string | null
}>

type LineRow = Readonly<{
  entry_id: string
  account_id: string
  account_name: string
  currency: string
  amount: bigint
  base_amount: bigint
  description: string | null
  party_id: string | null
  is_customer: boolean | null
  base_currency: string
}>

const byMap = (map: ReadonlyMap<string, string>, otherwise: string): string =>
  `case e.source_type ${[...map].map(([source, name]) => `when '${source}' then '${name}'`).join(' ')}
    else ${otherwise} end`

const journalSql = byMap(journalBySource, `'General'`)
const dataTypeSql = `case when e.source_id is null then null else ${byMap(dataTypeBySource, 'null')} end`

const columns: Columns = new Map<string, Column>([
  ['id', { uuid: 'e.entry_id' }],
  ['modifiedDate', 'e.recorded_at'],
  ['sourceModifiedDate', 'e.recorded_at'],
  ['metadata.isDeleted', '(e.entry_id is null)'],
  ['description', 'e.description'],
  ['postedOn', midnightSql('e.accounting_date')],
  ['createdOn', 'e.recorded_at'],
  ['updatedOn', 'e.recorded_at'],
  ['journalRef.id', `(${journalSql})`],
  ['journalRef.name', `(${journalSql})`],
  ['recordRef.id', { uuid: `(case when ${dataTypeSql} is null then null else e.source_id end)` }],
  ['recordRef.dataType', `(${dataTypeSql})`],
])

/** A page of all journal entries, automatic and manual, in the order they were posted by default. */
export async function listNativeEntries(
  db: Db,
  { organizationId, businessId }: NativeSource,
  query: ListQuery,
): Promise<Listed<CanonicalRecord>> {
  const page = await listPage(db, query, {
    from: 'from journal_entry as e where e.business_id = $1',
    id: 'e.entry_id',
    byDefault: 'e.entry_seq',
    columns,
    values: newValues(businessId),
  })
  const found = await db.query<Row>({
    name: 'native_entries',
    text: `
      select e.entry_id, e.accounting_date, e.recorded_at, e.description, e.source_type, e.source_id
      from journal_entry as e
      where e.business_id = $1 and e.entry_id = any($2::uuid[])
      order by e.entry_id limit 5000`,
    values: [businessId, page.rows],
  })
  const rows = inOrderOf(page.rows, found, ({ entry_id }) => entry_id)
  const lines = await db.query<LineRow>({
    name: 'native_entry_lines',
    text: `
      select l.entry_id, l.account_id, a.name as account_name, l.currency, l.amount, l.base_amount,
        l.description, l.party_id, p.is_customer, b.base_currency
      from journal_line as l
      join account as a on a.business_id = l.business_id and a.account_id = l.account_id
      join business as b on b.organization_id = $3 and b.business_id = l.business_id
      left join party as p on p.business_id = l.business_id and p.party_id = l.party_id
      where l.business_id = $1 and l.entry_id = any($2::uuid[])
      order by l.entry_id, l.line_no
      limit 5000000`,
    values: [businessId, page.rows, organizationId],
  })
  const linesByEntry = new Map<string, LineRow[]>(rows.map(({ entry_id }) => [entry_id, []]))
  for (const line of lines) linesByEntry.get(line.entry_id)?.push(line)
  const records = rows.map((row) => toEntry(row, linesByEntry.get(row.entry_id) ?? []))
  return { rows: records, total: page.total }
}

function toEntry(row: Row, lines: readonly LineRow[]): CanonicalRecord {
  assert(lines.length > 0, 'a posted entry has lines')
  const dataType = dataTypeBySource.get(row.source_type)
  const hasDocument = row.source_id !== null && dataType !== undefined
  return {
    id: row.entry_id,
    modifiedDate: row.recorded_at,
    sourceModifiedDate: row.recorded_at,
    description: row.description,
    postedOn: toLocalMidnight(row.accounting_date),
    createdOn: row.recorded_at,
    updatedOn: row.recorded_at,
    journalRef: journalOf(row.source_type),
    journalLines: lines.map(toLine),
    ...(hasDocument && { recordRef: { id: row.source_id, dataType } }),
    metadata: { isDeleted: false },
  }
}

/** Base amounts, debits positive; the amount of the transaction too when its currency differs. */
function toLine(line: LineRow): object {
  const isForeign = line.currency !== line.base_currency
  return {
    ...(line.description !== null && { description: line.description }),
    netAmount: toWireNumber(money(line.base_amount, line.base_currency)),
    currency: line.base_currency,
    ...(isForeign && {
      transactionAmount: toWireNumber(money(line.amount, line.currency)),
      transactionCurrency: line.currency,
    }),
    accountRef: { id: line.account_id, name: line.account_name },
    ...(line.party_id !== null && {
      contactRef: {
        id: line.party_id,
        dataType: line.is_customer === true ? 'customers' : 'suppliers',
      },
    }),
  }
}
