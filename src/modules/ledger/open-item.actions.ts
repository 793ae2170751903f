import type { Ctx, Together } from '../../db/write.ts'
import type { Id } from '../../kernel/ids.ts'
import { markPaid } from './document.db.ts'
import { applyAllocations, insertItems } from './open-item.db.ts'
import type { Allocation, ItemChange, NewItem } from './open-item.ts'

/** Opens the receivable or payable side of documents. Refuses: nothing. */
export const openItems = (ctx: Ctx, items: readonly NewItem[]): Promise<void> =>
  ctx.writeTogether(addItems, items)

const addItems: Together<readonly NewItem[], undefined> = async ({ tx, businessId }, sets) => {
  await insertItems(tx, businessId, sets.flat())
  return sets.map(() => undefined)
}

/**
 * Appends allocations, takes them off their items and marks paid documents, in step with the entry
 * that was posted for them.
 * Refuses: nothing; the caller has compared amounts with what is open.
 * Source: ledger specification 5.3 and 8.1.
 */
export async function allocateItems(
  ctx: Ctx,
  {
    allocations,
    changes,
    documentIds,
  }: Readonly<{
    allocations: readonly Omit<Allocation, 'id'>[]
    changes: readonly ItemChange[]
    documentIds: readonly string[]
  }>,
): Promise<void> {
  const rows = allocations.map((row) => ({ ...row, id: ctx.newId('allocation') }))
  const { businessId, tx, recordedAt: at } = ctx
  await applyAllocations(tx, businessId, { allocations: rows, changes: merged(changes), at })
  if (documentIds.length > 0) await markPaid(tx, businessId, { documentIds, at: ctx.recordedAt })
}

/** One change per item, because a statement may touch a row once. */
function merged(changes: readonly ItemChange[]): readonly ItemChange[] {
  const changeByItemId = new Map<Id<'item'>, ItemChange>()
  for (const change of changes) {
    const before = changeByItemId.get(change.itemId)
    changeByItemId.set(change.itemId, before === undefined ? change : sum(before, change))
  }
  return [...changeByItemId.values()]
}

const sum = (a: ItemChange, b: ItemChange): ItemChange => ({
  itemId: a.itemId,
  amount: a.amount + b.amount,
  base: a.base + b.base,
  settled: a.settled + b.settled,
  credited: a.credited + b.credited,
  tax: a.tax + b.tax,
  taxBase: a.taxBase + b.taxBase,
  taxMovedBase: a.taxMovedBase + b.taxMovedBase,
  withheld: a.withheld + b.withheld,
})
