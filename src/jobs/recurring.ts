import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import type { Action, Ctx } from '../db/write.ts'
import type { Instant } from '../kernel/dates.ts'
import type { Id } from '../kernel/ids.ts'
import { runPeriod } from '../modules/sales/recurring.actions.ts'
import { listWaiting } from '../modules/sales/recurring.queries.ts'

/** Sessions of the owner's role, and the gate of all writes of businesses. */
export type SalesParts = Readonly<{
  adminPool: Pool
  clock: () => Instant
  write: <Input, Result>(
    command: Readonly<{
      tenant: Readonly<{ organizationId: Id<'organization'>; businessId: Id<'business'> }>
      action: Action<Ctx, Input, Result>
      input: Input
      actor: string
      now: Instant
    }>,
  ) => Promise<unknown>
}>

const periodsMax = 200
/** Most rounds of one run; what is left then waits for the next run. */
const roundsMax = 50

/**
 * Makes the invoices of every period whose day has come, each in the lane of its business. A period
 * that was missed is made up for, oldest first. Any number of workers may do the same at once: the
 * lane lets one of them through, and the others find nothing to do.
 */
export async function runRecurringInvoices({ adminPool, clock, write }: SalesParts): Promise<void> {
  const stuck = new Set<string>()
  let first: unknown
  for (let round = 0; round < roundsMax; round += 1) {
    const now = clock()
    const limit = periodsMax + stuck.size
    const waiting = await asOwner(adminPool, (tx) => listWaiting(tx, { now, limit }))
    const due = waiting.filter(({ recurringId }) => !stuck.has(recurringId))
    if (due.length === 0) break
    for (const { organizationId, businessId, recurringId, period } of due) {
      try {
        await write({
          tenant: { organizationId, businessId },
          action: runPeriod,
          input: { recurringId, period },
          actor: 'system',
          now,
        })
      } catch (error) {
        // One template that cannot be written now keeps no other from its invoices.
        stuck.add(recurringId)
        first ??= error
      }
    }
  }
  if (first !== undefined) throw first
}
