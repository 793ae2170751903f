import { asOwner } from '../db/owner.ts'
import { announceDue } from '../modules/sales/due.actions.ts'
import { listBusinessesWithDue } from '../modules/sales/due.queries.ts'
import type { SalesParts } from './recurring.ts'

const businessesMax = 200
/** Most rounds of one run; what is left then waits for the next run. */
const roundsMax = 100

/**
 * Tells of what became overdue or expired, each business in its own lane, a part at a time.
 *
 * limit  most documents of one commit
 */
export async function tellDue({ adminPool, clock, write }: SalesParts, limit = 500): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    const now = clock()
    const owners = await asOwner(adminPool, (tx) =>
      listBusinessesWithDue(tx, { now, limit: businessesMax }),
    )
    if (owners.length === 0) return
    for (const tenant of owners) {
      await write({ tenant, action: announceDue, input: { limit }, actor: 'system', now })
    }
  }
}
