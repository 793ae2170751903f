import pg from 'pg'
import { assert } from '../kernel/assert.ts'
import type { Vault } from './vault.ts'

/** Where a pool connects and as which database role; the role is set by the server at connect. */
export type PoolOptions = Readonly<{
  connectionString?: string
  host?: string
  port?: number
  user?: string
  database?: string
  role: 'tallystick_app' | 'tallystick_owner'
  connectionsMax: number
  /** Values as the driver reads them, for packages that bring their own statements. */
  hasDriverTypes?: boolean
  /** Keys of organizations, for transactions that seal or open fields. */
  vault?: Vault
}>

export type Pool = pg.Pool & Readonly<{ vault?: Vault }>
export type PoolClient = pg.PoolClient

const oid = { int8: 20, numeric: 1700, date: 1082, timestamptz: 1184 } as const

const parserByOid = new Map<number, (text: string) => unknown>([
  [oid.int8, (text) => BigInt(text)],
  [oid.numeric, (text) => text],
  [oid.date, (text) => text],
  [oid.timestamptz, toInstantText],
])

/** `2026-05-02 08:00:00.1+00` to `2026-05-02T08:00:00.100Z`; sessions run in UTC. */
function toInstantText(text: string): string {
  if (text.endsWith('infinity')) return text
  const fraction = text.indexOf('.')
  const zone = text.lastIndexOf('+')
  assert(zone > 0, `timestamptz ${text} is not in UTC`)
  const ms =
    fraction < 0
      ? '000'
      : text
          .slice(fraction + 1, zone)
          .padEnd(3, '0')
          .slice(0, 3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${ms}Z`
}

const exactTypes = {
  getTypeParser: ((id: number, format?: 'text' | 'binary') =>
    parserByOid.get(id) ?? pg.types.getTypeParser(id, format ?? 'text')) as never, // the driver's overloads
}

/**
 * Opens a pool whose sessions run in UTC as the given role, with exact types: int8 as bigint,
 * numeric and date as text, timestamptz as ISO text with milliseconds.
 * Source: dependency notes of the driver; platform specification 20 (timeouts).
 */
export function openPool({
  role,
  connectionsMax,
  hasDriverTypes = false,
  vault,
  ...where
}: PoolOptions): Pool {
  const pool = new pg.Pool({
    ...where,
    max: connectionsMax,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    application_name: 'tallystick',
    options: `-c role=${role} -c TimeZone=UTC -c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=10000`,
    ...(!hasDriverTypes && { types: exactTypes }),
  })
  // An idle connection that the server closes is replaced at the next use. One in use fails its
  // next statement; without a listener the loss between two statements would end the process.
  pool.on('error', ignoreLoss)
  pool.on('connect', (client) => client.on('error', ignoreLoss))
  return vault === undefined ? pool : Object.assign(pool, { vault })
}

function ignoreLoss(): void {
  // Deliberately empty: who uses the connection learns of the loss, and the pool drops it.
}
