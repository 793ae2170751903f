import type { Tx } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Crossing, Grant } from './credit.ts'

/** Adds a grant and its entry, and forgets what was told of the one before; answers the balance. */
export async function insertGrant(
  tx: Tx,
  organizationId: Id<'organization'>,
  grant: Grant,
): Promise<bigint> {
  const { id, asset, amount, priority, expiresAt, reason, createdAt } = grant
  await lockMeter(tx, organizationId, createdAt)
  await tx.query({
    name: 'insert_meter_grant',
    text: `
      insert into meter_grant (organization_id, grant_id, asset, amount, remaining, priority,
        expires_at, reason, created_at)
      values ($1, $2, $3, $4, $4, $5, $6, $7, $8)`,
    values: [organizationId, id, asset, amount, priority, expiresAt, reason, createdAt],
  })
  await tx.query({
    name: 'post_meter_grant',
    text: `select post_meter($1, 'grant', 'grant:' || $2, $3, $4, $5, 'granted', 'available', $6)`,
    values: [organizationId, id, reason, createdAt, asset, amount],
  })
  const [row] = await tx.query<{ balance: bigint }>({
    name: 'update_meter_notice',
    text: `update meter_account set notice = 0, announced = 0
      where organization_id = $1 and code = 'available' and asset = $2 returning balance`,
    values: [organizationId, asset],
  })
  assert(row !== undefined, 'a grant makes its account')
  return row.balance
}

async function lockMeter(
  tx: Tx,
  organizationId: Id<'organization'>,
  moment: Instant,
): Promise<void> {
  await tx.query({
    name: 'lock_meter',
    text: 'select lock_meter($1, 0, $2)',
    values: [organizationId, moment],
  })
}

/** Takes the crossings that nobody was told of: the last one told, the last one made, the balance. */
export async function updateAnnounced(
  tx: Tx,
  organizationId: Id<'organization'>,
): Promise<readonly Crossing[]> {
  return await tx.query({
    name: 'update_announced',
    text: `
      with untold as (
        select asset, announced from meter_account
        where organization_id = $1 and code = 'available' and announced < notice for update
      )
      update meter_account as a set announced = a.notice
      from untold as u
      where a.organization_id = $1 and a.code = 'available' and a.asset = u.asset
      returning a.asset, u.announced as told, a.notice, a.balance`,
    values: [organizationId],
  })
}
