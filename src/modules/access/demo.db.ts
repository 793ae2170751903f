import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'

type Demo = Readonly<{ organizationId: Id<'organization'>; businessId: Id<'business'> }>

/** Marks a business as one that the demo made. */
export async function insertDemo(
  tx: Tx,
  { organizationId, businessId, at }: Demo & Readonly<{ at: Instant }>,
): Promise<void> {
  await tx.query({
    text: `insert into demo_business (organization_id, business_id, marked_at) values ($1, $2, $3)`,
    values: [organizationId, businessId, at],
  })
}

/** Deletes every row of a demo and answers how many; null for a business that is none. */
export async function removeDemoRows(
  tx: Tx,
  { organizationId, businessId }: Demo,
): Promise<bigint | null> {
  const [row] = await tx.query<{ removed: bigint | null }>({
    text: 'select remove_demo_business($1, $2) as removed',
    values: [organizationId, businessId],
  })
  return row?.removed ?? null
}
