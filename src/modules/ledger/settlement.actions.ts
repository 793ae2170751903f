import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { loadBook } from './book.queries.ts'
import { postEntry, reverseEntry } from './journal.actions.ts'
import { listEntriesById } from './journal.queries.ts'
import type { Entry, NewEntry } from './journal.ts'
import { allocateItems, openItems } from './open-item.actions.ts'
import { listItemsById, listItemsOfDocuments, listLiveAllocations } from './open-item.queries.ts'
import { type Allocation, type ItemChange, noChange, type OpenItem } from './open-item.ts'
import type { LockScope } from './period.ts'
import { withoutResidual } from './revaluation.actions.ts'
import { accountOf, type Settlement } from './settlement.ts'

/**
 * Posts a settlement: its entry, the allocations with what they take off their items, and the
 * deposit that is left, in step.
 * Refuses: what `postEntry` refuses about dates and accounts.
 */
export async function postSettlement(
  ctx: Ctx,
  {
    settlement,
    entry,
    paidDocumentIds,
  }: Readonly<{
    settlement: Settlement
    entry: Omit<NewEntry, 'lines' | 'kind'>
    /** Invoices and bills that the settlement touches. */
    paidDocumentIds: readonly string[]
  }>,
): Promise<Entry> {
  const { allocations, changes, deposit } = settlement
  const lines = await withoutResidual(ctx, settlement.lines)
  const posted = await postEntry(ctx, { ...entry, kind: 'standard', lines })
  if (deposit !== undefined) await openItems(ctx, [deposit])
  await allocateItems(ctx, {
    allocations: allocations.map((row) => ({ ...row, entryId: posted.id })),
    changes,
    documentIds: paidDocumentIds,
  })
  return posted
}

export type Undo = Readonly<{
  documentId: Id<'document'>
  entryId: Id<'entry'>
  reason: string
  date?: CalendarDate | undefined
  scope: LockScope
}>

/** What an undone payment leaves: its reversing entry, and the documents that are open again. */
export type Undone = Readonly<{ reversal: Entry; reopenedIds: readonly Id<'document'>[] }>

/**
 * Undoes a payment with all that was made of it: later uses of its deposit first, then its own
 * entry, all on one date; items get back what was taken off them, and the deposit is closed.
 * Refuses: what `reverseEntry` refuses.
 * Source: ledger specification 8.5 (reverse).
 */
export async function undoSettlement(ctx: Ctx, undo: Undo): Promise<Undone> {
  const { tx, businessId } = ctx
  const own = await listItemsOfDocuments(tx, businessId, [undo.documentId])
  const rows = await listLiveAllocations(tx, businessId, {
    documentId: undo.documentId,
    itemIds: own.map(({ id }) => id),
  })
  const reversals = await reverseAll(ctx, undo, rows)
  const reversal = reversals.get(undo.entryId)
  assert(reversal !== undefined, 'the entry of the payment is reversed')
  const undone = rows.map((row) => {
    const by = reversals.get(row.entryId ?? undo.entryId) ?? reversal
    return {
      ...row,
      ...{ amount: -row.amount, base: -row.base, undoes: row.id },
      ...{ accountingDate: by.accountingDate, entryId: by.id },
    }
  })
  const taxBack = await taxChanges(ctx, [...reversals.values()])
  const closing = own.map((item) => closingOf(item, reversal))
  const reopenedIds = rows.flatMap(({ documentId, itemId }) =>
    documentId === undo.documentId && own.every(({ id }) => id !== itemId) ? [itemId] : [],
  )
  const reopened = await documentsOf(ctx, reopenedIds)
  await allocateItems(ctx, {
    allocations: [...undone, ...closing.map(({ allocation }) => allocation)],
    changes: [...undone.map(toChange), ...taxBack, ...closing.map(({ change }) => change)],
    documentIds: reopened,
  })
  return { reversal, reopenedIds: reopened }
}

/** Newest first; the date of the first reversal is that of all. */
async function reverseAll(
  ctx: Ctx,
  undo: Undo,
  rows: readonly Allocation[],
): Promise<ReadonlyMap<string, Entry>> {
  const entryIds = new Set([undo.entryId, ...rows.flatMap(({ entryId }) => entryId ?? [])])
  const found = await listEntriesById(ctx.tx, ctx.businessId, [...entryIds])
  const entries = found
    .map(({ entry }) => entry)
    .sort((a, b) =>
      a.accountingDate === b.accountingDate
        ? Number(b.seq - a.seq)
        : b.accountingDate.localeCompare(a.accountingDate),
    )
  const reversals = new Map<string, Entry>()
  let date = undo.date
  for (const { id: entryId } of entries) {
    const { reason, scope } = undo
    const reversal = await reverseEntry(ctx, {
      ...{ entryId, reason, scope },
      ...(date !== undefined && { date }),
    })
    date = reversal.accountingDate
    reversals.set(entryId, reversal)
  }
  return reversals
}

/** Tax that goes back into the provision of an item, from the lines that reversed its move. */
async function taxChanges(ctx: Ctx, reversals: readonly Entry[]): Promise<readonly ItemChange[]> {
  const { accountByRole } = await ctx.remember(loadBook)
  const provision = accountOf(accountByRole, 'vat_provision')
  const due = accountOf(accountByRole, 'vat_payable')
  if (provision.id === due.id) return []
  return reversals.flatMap(({ lines }) =>
    lines.flatMap(({ accountId, openItemId, amount, base }) =>
      accountId === provision.id && openItemId !== undefined
        ? [
            {
              ...noChange,
              ...{ itemId: openItemId, amount: 0n, base: 0n },
              ...{ tax: amount, taxBase: base, taxMovedBase: base },
            },
          ]
        : [],
    ),
  )
}

const toChange = ({ itemId, amount, base, leg }: Omit<Allocation, 'id'>): ItemChange => ({
  ...noChange,
  ...{ itemId, amount, base, settled: amount },
  ...(leg === 'withholding' && { withheld: amount }),
})

/** What closes a deposit whose payment never was. */
function closingOf(item: OpenItem, reversal: Entry) {
  const { id: itemId, documentId, originalAmount: amount, originalBase: base } = item
  return {
    allocation: {
      ...{ itemId, documentId, leg: 'void' as const, amount, base, undoes: null },
      ...{ accountingDate: reversal.accountingDate, entryId: reversal.id },
    },
    change: { ...noChange, itemId, amount, base },
  }
}

async function documentsOf(
  ctx: Ctx,
  itemIds: readonly Id<'item'>[],
): Promise<readonly Id<'document'>[]> {
  if (itemIds.length === 0) return []
  const items = await listItemsById(ctx.tx, ctx.businessId, itemIds)
  return [...new Set(items.map(({ documentId }) => documentId))]
}
