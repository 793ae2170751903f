import type { Db } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { listItemsAsOf } from '../ledger/open-item.queries.ts'
import { type Aged, aged } from './aged.ts'

type Input = Readonly<{ businessId: Id<'business'>; date: CalendarDate }>

/** What customers owe at the end of a date, by age. */
export const getAgedReceivables = (db: Db, input: Input): Promise<Aged> =>
  getAged(db, input, { sides: ['AR', 'DEP'], roles: ['receivables', 'customer_deposits'] })

/** What is owed to suppliers at the end of a date, by age. */
export const getAgedPayables = (db: Db, input: Input): Promise<Aged> =>
  getAged(db, input, { sides: ['AP', 'SDP'], roles: ['payables', 'supplier_deposits'] })

type Side = Readonly<{
  sides: readonly ('AR' | 'AP' | 'DEP' | 'SDP')[]
  roles: readonly [control: string, deposits: string]
}>

async function getAged(db: Db, { businessId, date }: Input, side: Side): Promise<Aged> {
  const items = await listItemsAsOf(db, { businessId, sides: side.sides, date })
  const names = await db.query<{ id: string; name: string }>({
    name: 'list_names_of_parties',
    text: `select party_id as id, name from party
      where business_id = $1 and party_id = any ($2::uuid[]) order by party_id limit 100000`,
    values: [businessId, [...new Set(items.map(({ partyId }) => partyId))]],
  })
  const nameById = new Map(names.map(({ id, name }) => [id, name]))
  const report = aged(
    items.map((item) => ({ ...item, partyName: nameById.get(item.partyId) ?? '' })),
    date,
  )
  await assertInStep(db, { businessId, date }, side, report)
  return report
}

/** The report and the control accounts are the same, month-end revaluation aside. */
async function assertInStep(
  db: Db,
  { businessId, date }: Input,
  { roles }: Side,
  { ages, deposits }: Aged,
): Promise<void> {
  const rows = await db.query<{ role: string; base: bigint }>({
    name: 'sum_control_accounts',
    text: `
      select a.role, sum(l.base_amount)::bigint as base
      from account as a
      join journal_line as l on l.business_id = a.business_id and l.account_id = a.account_id
      join journal_entry as e on e.business_id = l.business_id and e.entry_id = l.entry_id
      where a.business_id = $1 and a.role = any ($2::text[]) and l.accounting_date <= $3
        and e.source_type <> 'revaluation'
      group by a.role order by a.role limit 10`,
    values: [businessId, roles, date],
  })
  const balanceOf = (role: string): bigint => rows.find((row) => row.role === role)?.base ?? 0n
  const [control, held] = roles.map(balanceOf)
  const isInStep =
    [ages.total, -ages.total].includes(control ?? 0n) && [deposits, -deposits].includes(held ?? 0n)
  assert(isInStep, 'open items explain their control accounts')
}
