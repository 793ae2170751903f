import { plainArray } from '../../db/arrays.ts'
import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'

/** Milliseconds after which what a crash left held is given back. Source: platform specification 7. */
export const heldMsMax = 120_000

/** A call whose charge was held at admission. */
export type ChargedCall = Readonly<{
  organizationId: Id<'organization'>
  requestId: string
  /** Otherwise it is given back. */
  isSettled: boolean
}>

/** Calls of one organization that have ended. */
export type CallCounts = Readonly<{
  organizationId: Id<'organization'>
  calls: number
  succeeded: number
  refused: number
  failed: number
  /** Succeeded for the first time, for real, on a route that is charged where calls are metered. */
  counted: number
}>

/**
 * Closes charges and counts calls, of many organizations in one statement, with the rights of the
 * function's owner. A charge is closed once, however often this is asked.
 */
export async function finishCalls(
  db: Pick<Db, 'query'>,
  nowMs: number,
  { charged, counts }: Readonly<{ charged: readonly ChargedCall[]; counts: readonly CallCounts[] }>,
): Promise<void> {
  await db.query({
    name: 'finish_calls',
    text: 'select finish_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    values: [
      nowMs,
      plainArray(charged.map(({ organizationId }) => organizationId)),
      plainArray(charged.map(({ requestId }) => requestId)),
      plainArray(charged.map(({ isSettled }) => String(isSettled))),
      plainArray(counts.map(({ organizationId }) => organizationId)),
      plainArray(counts.map(({ calls }) => calls)),
      plainArray(counts.map(({ succeeded }) => succeeded)),
      plainArray(counts.map(({ refused }) => refused)),
      plainArray(counts.map(({ failed }) => failed)),
      plainArray(counts.map(({ counted }) => counted)),
    ],
  })
}

/** How often a key was used since it was noted last. */
export type KeyUse = Readonly<{
  organizationId: Id<'organization'>
  keyId: Id<'key'>
  uses: number
}>

/** Notes that keys of many organizations were used, with the rights of the function's owner. */
export async function noteKeyUses(
  db: Pick<Db, 'query'>,
  nowMs: number,
  keys: readonly KeyUse[],
): Promise<void> {
  await db.query({
    name: 'note_key_uses',
    text: 'select note_key_uses($1, $2, $3, $4)',
    values: [
      nowMs,
      plainArray(keys.map(({ organizationId }) => organizationId)),
      plainArray(keys.map(({ keyId }) => keyId)),
      plainArray(keys.map(({ uses }) => uses)),
    ],
  })
}

/**
 * Gives back what was held for too long, posts what a crash left, and ends grants whose day has
 * come; of all organizations. Answers how many charges it closed. For a job, every 30 seconds.
 * Source: platform specification 7 and 29 (`charges.release`, `credits.expire`).
 */
export async function sweepCharges(db: Pick<Db, 'query'>, nowMs: number): Promise<number> {
  const [row] = await db.query<{ swept: number }>({
    name: 'sweep_charges',
    text: 'select sweep_charges($1, $2) as swept',
    values: [nowMs, heldMsMax],
  })
  return row?.swept ?? 0
}
