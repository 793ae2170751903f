import { type Instant, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'

/** `read_only` lets reads through, `full` nothing. */
export type MaintenanceMode = 'read_only' | 'full'

/** What the operator has ordered for the whole installation. It holds until it is taken back. */
export type Maintenance = Readonly<{
  mode: MaintenanceMode
  /** For colleagues who look at the installation; callers see the sentence of the code. */
  message: string | null
  /** When it is expected to end. */
  until: Instant | null
}>

export const maintenanceMessageMax = 250

const waitSeconds = 120

/**
 * The installation answers requests of this kind.
 * Refuses: platform.maintenance, platform.read_only; both say when to come back: in the seconds
 * left until the expected end, else in 120.
 * Source: platform specification 11.1.
 */
export function requireOpen(
  maintenance: Maintenance | undefined,
  { isRead, now }: Readonly<{ isRead: boolean; now: Instant }>,
): void {
  if (maintenance === undefined) return
  const { mode, until } = maintenance
  if (mode === 'read_only' && isRead) return
  const leftMs = until === null ? 0 : msOf(until) - msOf(now)
  const retryAfterSeconds = leftMs > 0 ? Math.ceil(leftMs / 1_000) : waitSeconds
  const params = { until: until ?? undefined, retryAfterSeconds }
  if (mode === 'full') throw new Refusal('platform.maintenance', params)
  throw new Refusal('platform.read_only', params)
}
