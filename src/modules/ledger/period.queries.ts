import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { CloseCounts, Lock } from './period.ts'

/** A lock in force with who set it, and why. */
export type ShownLock = Lock &
  Readonly<{ through: CalendarDate; reason: string; setBy: string; updatedAt: Instant }>

/** The soft and hard locks in force, hard first, then by scope; at most 20. */
export function listShownLocks(db: Db, businessId: Id<'business'>): Promise<readonly ShownLock[]> {
  return db.query<ShownLock>({
    name: 'list_shown_locks',
    text: `
      with newest as (
        select distinct on (kind, scope) kind, scope, through_date as through, reason,
          set_by as "setBy", recorded_at as "updatedAt"
        from period_lock where business_id = $1 and kind in ('soft', 'hard')
        order by kind, scope, seq desc
      )
      select * from newest where through is not null order by kind, scope limit 20`,
    values: [businessId],
  })
}

/** Something that is dated in a period and posts nothing yet. */
export type DatedDraft = Readonly<{ kind: string; id: string; date: CalendarDate }>

/** Drafts of journals and documents dated up to a day, oldest first, at most 1,000. */
export function listDraftsThrough(
  db: Db,
  businessId: Id<'business'>,
  through: CalendarDate,
): Promise<readonly DatedDraft[]> {
  return db.query<DatedDraft>({
    name: 'list_drafts_through',
    text: `
      select 'journal_entry' as kind, draft_id::text as id, accounting_date as date
      from journal_draft
      where business_id = $1 and entry_id is null and accounting_date <= $2
      union all
      select kind, document_id::text, issue_date from document
      where business_id = $1 and lifecycle = 'draft' and issue_date <= $2
      order by date, kind, id limit 1000`,
    values: [businessId, through],
  })
}

/** What a close reaches to, the end of a month, and what was closed before it. */
type Closing = Readonly<{ through: CalendarDate; closed: CalendarDate | undefined }>

/**
 * Sub-ledgers are compared as they are now, because open items have one state; everything else up
 * to the day, from roll-ups. Entries are looked at where no close has sealed them yet.
 */
export async function countClose(
  db: Db,
  businessId: Id<'business'>,
  { through, closed }: Closing,
): Promise<CloseCounts> {
  const [row] = await db.query<CloseCounts>({
    name: 'count_close',
    text: `
      with item as (
        select case side when 'AR' then 'receivables' when 'AP' then 'payables'
            when 'DEP' then 'customer_deposits' else 'supplier_deposits' end as role,
          currency,
          sum(case when side in ('AR', 'SDP') then open_amount else -open_amount end) as amount,
          sum(case when side in ('AR', 'SDP') then open_base else -open_base end) as base
        from open_item where business_id = $1 group by 1, 2
      ), edge as (
        select max(month) as newest, least(max(month), date_trunc('month', $2::date)::date) as ended
        from balance_month where business_id = $1
      ), held as (
        select a.account_id, a.role, a.currency as own_currency, b.month, b.currency,
          sum(b.debit - b.credit) as amount, sum(b.debit_base - b.credit_base) as base
        from edge
        join balance_month as b on b.business_id = $1 and b.month in (edge.newest, edge.ended)
        join account as a on a.business_id = $1 and a.account_id = b.account_id
        where a.role is not null or a.currency is not null
        group by 1, 2, 3, 4, 5
      ), control as (
        select role, currency, sum(amount) as amount, sum(base) as base
        from held join edge on held.month = edge.newest
        where role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits')
        group by 1, 2
      ), ended as (
        select held.* from held join edge on held.month = edge.ended
      )
      select
        (select count(*)::int from item full join control using (role, currency)
          where coalesce(item.amount, 0) <> coalesce(control.amount, 0)
            or coalesce(item.base, 0) <> coalesce(control.base, 0)) as subledgers,
        (select count(*)::int from (
          select from journal_entry as e
          join journal_line as l on l.business_id = e.business_id and l.entry_id = e.entry_id
          where e.business_id = $1 and e.accounting_date <= $2
            and e.accounting_date > coalesce($3::date, date '1899-12-31')
          group by e.entry_id having sum(l.base_amount) <> 0) as entry) as "unbalancedEntries",
        (select count(*)::int from (
          select from ended where role = 'opening_equity'
          group by account_id having sum(base) <> 0) as opening) as "openingBalances",
        (select count(*)::int from ended
          where amount <> 0
            and currency <> (select base_currency from business where business_id = $1)
            and (own_currency = currency or role in ('cash', 'bank', 'gateway_clearing',
              'receivables', 'payables', 'customer_deposits', 'supplier_deposits'))
            and not exists (
              select from journal_entry as e where e.business_id = $1 and e.kind = 'fx'
                and e.source_type = 'revaluation' and e.accounting_date = $2)) as revaluations`,
    values: [businessId, through, closed ?? null],
  })
  return row ?? { subledgers: 0, unbalancedEntries: 0, openingBalances: 0, revaluations: 0 }
}

/** The newest close of each business that closed a period since an instant, and the link it is in. */
export async function listClosedSince(
  db: Db,
  since: Instant,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db.query<{ businessId: string; link: bigint }>({
    name: 'list_closed_since',
    text: `select business_id as "businessId", max(link) as link from period_close
      where business_id is not null and recorded_at >= $1
      group by business_id order by business_id`,
    values: [since],
  })
  return new Map(rows.map(({ businessId, link }) => [businessId, link]))
}
