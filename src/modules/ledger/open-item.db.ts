import { nullableArray, plainArray } from '../../db/arrays.ts'
import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Allocation, ItemChange, NewItem } from './open-item.ts'

/** Inserts items that are wholly open. */
export async function insertItems(
  tx: Tx,
  businessId: Id<'business'>,
  items: readonly NewItem[],
): Promise<void> {
  if (items.length === 0) return
  await tx.query({
    name: 'insert_items',
    text: `
      insert into open_item (business_id, item_id, side, party_id, document_id, currency,
        original_amount, original_base, open_amount, open_base, tax_amount, tax_base,
        document_date, due_date)
      select $1, t.item_id, t.side, t.party_id, t.document_id, t.currency, t.amount, t.base,
        t.amount, t.base, t.tax, t.tax_base, t.document_date, t.due_date
      from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::date[], $12::date[])
        as t (item_id, side, party_id, document_id, currency, amount, base, tax, tax_base,
          document_date, due_date)`,
    values: [
      businessId,
      plainArray(items.map(({ id }) => id)),
      plainArray(items.map(({ side }) => side)),
      plainArray(items.map(({ partyId }) => partyId)),
      plainArray(items.map(({ documentId }) => documentId)),
      plainArray(items.map(({ currency }) => currency)),
      plainArray(items.map(({ originalAmount }) => originalAmount)),
      plainArray(items.map(({ originalBase }) => originalBase)),
      plainArray(items.map(({ taxAmount }) => taxAmount ?? 0n)),
      plainArray(items.map(({ taxBase }) => taxBase ?? 0n)),
      plainArray(items.map(({ documentDate }) => documentDate)),
      nullableArray(items.map(({ dueDate }) => dueDate)),
    ],
  })
}

const applyAllocationsSql = `
  with added as (
    select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::date[], $7::bigint[],
      $8::bigint[], $9::uuid[], $10::uuid[])
      as t (allocation_id, item_id, document_id, leg, day, amount, base, entry_id, undoes)
  ), inserted as (
    insert into allocation (business_id, allocation_id, item_id, document_id, leg, accounting_date,
      amount, base, entry_id, undoes, recorded_at)
    select $1, allocation_id, item_id, document_id, leg, day, amount, base, entry_id, undoes, $11
    from added
  ), change as (
    select * from unnest($12::uuid[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
      $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[])
      as t (item_id, amount, base, settled, credited, tax, tax_base, tax_moved, withheld)
  ), movement as (
    select item_id, day, amount from added
    union all
    select a.item_id, a.accounting_date, a.amount
    from change as c
    join allocation as a on a.business_id = $1 and a.item_id = c.item_id
  ), closing as (
    select item_id, max(day) as day
    from (select item_id, day from movement group by item_id, day having sum(amount) <> 0) as moved
    group by item_id
  )
  update open_item as i
  set open_amount = i.open_amount - c.amount, open_base = i.open_base - c.base,
    settled_amount = i.settled_amount + c.settled, credited_amount = i.credited_amount + c.credited,
    tax_amount = i.tax_amount - c.tax, tax_base = i.tax_base - c.tax_base,
    tax_moved_base = i.tax_moved_base + c.tax_moved, withheld_amount = i.withheld_amount + c.withheld,
    closed_on = case when i.open_amount = c.amount then coalesce(closing.day, i.closed_on) end
  from change as c left join closing on closing.item_id = c.item_id
  where i.business_id = $1 and i.item_id = c.item_id`

/**
 * Appends allocations and takes them off their items, in one statement. `closed_on` becomes the day
 * after which the rest stays zero, or null.
 */
export async function applyAllocations(
  tx: Tx,
  businessId: Id<'business'>,
  {
    allocations,
    changes,
    at,
  }: Readonly<{
    allocations: readonly Allocation[]
    changes: readonly ItemChange[]
    at: Instant
  }>,
): Promise<void> {
  if (allocations.length === 0 && changes.length === 0) return
  await tx.query({
    name: 'apply_allocations',
    text: applyAllocationsSql,
    values: [
      businessId,
      plainArray(allocations.map(({ id }) => id)),
      plainArray(allocations.map(({ itemId }) => itemId)),
      plainArray(allocations.map(({ documentId }) => documentId)),
      plainArray(allocations.map(({ leg }) => leg)),
      plainArray(allocations.map(({ accountingDate }) => accountingDate)),
      plainArray(allocations.map(({ amount }) => amount)),
      plainArray(allocations.map(({ base }) => base)),
      nullableArray(allocations.map(({ entryId }) => entryId)),
      nullableArray(allocations.map(({ undoes }) => undoes)),
      at,
      plainArray(changes.map(({ itemId }) => itemId)),
      plainArray(changes.map(({ amount }) => amount)),
      plainArray(changes.map(({ base }) => base)),
      plainArray(changes.map(({ settled }) => settled)),
      plainArray(changes.map(({ credited }) => credited)),
      plainArray(changes.map(({ tax }) => tax)),
      plainArray(changes.map(({ taxBase }) => taxBase)),
      plainArray(changes.map(({ taxMovedBase }) => taxMovedBase)),
      plainArray(changes.map(({ withheld }) => withheld)),
    ],
  })
}
