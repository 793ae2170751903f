import type { Db } from '../../db/tx.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Allocation, ItemSide, SettleableItem } from './open-item.ts'

const itemColumns = `
  i.item_id as id, i.side, i.party_id as "partyId", i.document_id as "documentId", i.currency,
  i.original_amount as "originalAmount", i.original_base as "originalBase",
  i.open_amount as "openAmount", i.open_base as "openBase", i.settled_amount as "settledAmount",
  i.credited_amount as "creditedAmount", i.tax_amount as "taxAmount", i.tax_base as "taxBase",
  i.tax_moved_base as "taxMovedBase", i.withheld_amount as "withheldAmount",
  i.document_date as "documentDate", i.due_date as "dueDate", i.closed_on as "closedOn",
  d.number, d.lifecycle, d.subtotal as "documentNet", d.tax as "documentTax", d.total as "documentTotal"`

/** Items of documents on some sides, in order of id; at most 1,000. */
export function listItemsOfDocuments(
  db: Db,
  businessId: Id<'business'>,
  documentIds: readonly string[],
): Promise<readonly SettleableItem[]> {
  return db.query<SettleableItem>({
    name: 'list_items_of_documents',
    text: `
      select ${itemColumns}
      from open_item as i
      join document as d on d.business_id = i.business_id and d.document_id = i.document_id
      where i.business_id = $1 and i.document_id = any ($2::uuid[])
      order by i.item_id limit 1000`,
    values: [businessId, documentIds],
  })
}

/** Items by id, in order of id; at most 1,000. */
export function listItemsById(
  db: Db,
  businessId: Id<'business'>,
  itemIds: readonly string[],
): Promise<readonly SettleableItem[]> {
  return db.query<SettleableItem>({
    name: 'list_items_by_id',
    text: `
      select ${itemColumns}
      from open_item as i
      join document as d on d.business_id = i.business_id and d.document_id = i.document_id
      where i.business_id = $1 and i.item_id = any ($2::uuid[])
      order by i.item_id limit 1000`,
    values: [businessId, itemIds],
  })
}

/**
 * Items that were open at the end of a day, with what was open of them then: documents up to it,
 * less allocations up to it. In order of party and item; at most 100,000.
 * Source: ledger specification 9.4.
 */
export function listItemsAsOf(
  db: Db,
  {
    businessId,
    sides,
    date,
  }: Readonly<{
    businessId: Id<'business'>
    sides: readonly ItemSide[]
    date: CalendarDate
  }>,
): Promise<readonly SettleableItem[]> {
  return db.query<SettleableItem>({
    name: 'list_items_as_of',
    text: `
      select ${itemColumns
        .replace('i.open_amount as', 'i.original_amount - a.amount as')
        .replace('i.open_base as', 'i.original_base - a.base as')}
      from open_item as i
      join document as d on d.business_id = i.business_id and d.document_id = i.document_id
      cross join lateral (
        select coalesce(sum(s.amount), 0)::bigint as amount, coalesce(sum(s.base), 0)::bigint as base
        from allocation as s
        where s.business_id = i.business_id and s.item_id = i.item_id and s.accounting_date <= $3
      ) as a
      where i.business_id = $1 and i.side = any ($2::text[]) and i.document_date <= $3
        and (i.closed_on is null or i.closed_on > $3) and i.original_amount <> a.amount
      order by i.party_id, i.item_id limit 100000`,
    values: [businessId, sides, date],
  })
}

type AllocationRow = Allocation

/** Allocations that a document made or took part in and that were not undone, in their order. */
export function listLiveAllocations(
  db: Db,
  businessId: Id<'business'>,
  { documentId, itemIds }: Readonly<{ documentId: string; itemIds: readonly string[] }>,
): Promise<readonly Allocation[]> {
  return db.query<AllocationRow>({
    name: 'list_live_allocations',
    text: `
      select a.allocation_id as id, a.item_id as "itemId", a.document_id as "documentId", a.leg,
        a.accounting_date as "accountingDate", a.amount, a.base, a.entry_id as "entryId", a.undoes
      from allocation as a
      where a.business_id = $1 and (a.document_id = $2 or a.item_id = any ($3::uuid[]))
        and a.undoes is null
        and not exists (
          select 1 from allocation as u
          where u.business_id = $1 and u.item_id = a.item_id and u.undoes = a.allocation_id)
      order by a.recorded_at, a.allocation_id limit 5000`,
    values: [businessId, documentId, itemIds],
  })
}
