import { assert } from '../kernel/assert.ts'
import { Refusal } from '../kernel/errors.ts'
import type { Id } from '../kernel/ids.ts'
import type { SecretPlace } from '../kernel/secret-place.ts'
import type { Pool, PoolClient } from './pool.ts'
import type { Safe } from './vault.ts'

/** One SQL statement; a name makes it a prepared statement of the connection. */
export type Statement = Readonly<{ name?: string; text: string; values: readonly unknown[] }>

/** What reads take: statements on one connection, in one snapshot. */
export type Db = Readonly<{
  query: <Row>(statement: Statement) => Promise<Row[]>
  /**
   * Seals and opens fields of the tenant's organization with the keys of this snapshot or
   * transaction, which are read once. Absent where no tenant is known. On a connection of the owner,
   * which sees every tenant, also those of another organization.
   */
  safe?: (organizationId?: Id<'organization'>) => Promise<Safe>
}>

declare const writing: unique symbol

/** What writes and locks take. Only the gate makes one. */
export type Tx = Db & { readonly [writing]: true }

/** Whose rows a transaction may see: a business, or an organization as a whole. */
export type Tenant = Readonly<{
  organizationId: Id<'organization'>
  businessId?: Id<'business'>
}>

/** Whose fields a transaction may open, and where a first key is made when it writes. */
type Holder = Readonly<{ pool: Pool; tenant: Tenant; isWriting: boolean }>

/** Statements of one connection as a `Tx`; for the gate and for `readSnapshot` alone. */
export function toTx(client: PoolClient, holder?: Holder): Tx {
  let last: Promise<unknown> = Promise.resolve()
  // One after the other, also where commands that run side by side ask at the same moment.
  const query = async <Row>({ name, text, values }: Statement): Promise<Row[]> => {
    const config = { ...(name !== undefined && { name }), text, values: [...values] }
    const answer = last.then(() => client.query(config))
    last = answer.catch(() => undefined)
    return (await answer).rows as Row[] // the statement's own columns; each caller names its row
  }
  let opened: Promise<Safe> | undefined
  const safe = (organizationId?: Id<'organization'>): Promise<Safe> => {
    assert(holder !== undefined, 'a safe has a holder')
    if (organizationId !== undefined && organizationId !== holder.tenant.organizationId) {
      return openSafe(query, { pool: holder.pool, tenant: { organizationId }, isWriting: false })
    }
    opened ??= openSafe(query, holder).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  const db: Db = holder?.pool.vault === undefined ? { query } : { query, safe }
  return db as Tx // the brand has no value; this is the one place that gives it
}

/** The same statements; `onQuery` hears of each. */
export const watched = (tx: Tx, onQuery: () => void): Tx => ({
  ...tx,
  query: (statement) => {
    onQuery()
    return tx.query(statement)
  },
})

/** The safe of a transaction's organization, or of another. A bug where there is none. */
export function safeOf({ safe }: Db, organizationId?: Id<'organization'>): Promise<Safe> {
  assert(safe !== undefined, 'fields are opened in a transaction of their tenant')
  return safe(organizationId)
}

/**
 * An organization's first key is made when something is first sealed for it, in a commit of its own,
 * so that no rollback takes back a key that others already use.
 */
async function openSafe(query: Db['query'], { pool, tenant, isWriting }: Holder): Promise<Safe> {
  const { organizationId } = tenant
  const { vault } = pool
  assert(vault !== undefined, 'a pool whose tenants have secrets has a vault')
  const rows = await vault.readKeys(query, organizationId)
  if (rows.length > 0 || !isWriting) return vault.toSafe(organizationId, rows)
  const client = await pool.connect()
  let isBroken = false
  try {
    const own = toTx(client).query
    await client.query(`begin; ${tenantSettings({ organizationId })}`)
    await vault.makeKey(own, organizationId, 1)
    await client.query('commit')
  } catch (error) {
    isBroken = await rollback(client)
    throw error
  } finally {
    client.release(isBroken)
  }
  const made = await vault.readKeys(query, organizationId)
  // None was made: the master key of this process has been replaced.
  if (made.length === 0) throw new Refusal('platform.database_unavailable')
  return vault.toSafe(organizationId, made)
}

/** The settings that row-level security compares with; ids are uuids, so quoting is safe. */
export function tenantSettings({ organizationId, businessId }: Tenant): string {
  const settings = [
    `set local tallystick.organization_id = '${organizationId}'`,
    `set local tallystick.tenant_id = '${businessId ?? organizationId}'`,
  ]
  if (businessId !== undefined) settings.push(`set local tallystick.business_id = '${businessId}'`)
  return settings.join('; ')
}

/** Lets each statement of this snapshot or transaction take so long. */
export const allowStatementMs = (db: Db, timeoutMs: number): Promise<unknown> =>
  db.query({ text: `set local statement_timeout = ${timeoutMs}`, values: [] })

/**
 * Runs reads in one REPEATABLE READ READ ONLY snapshot of one tenant, so that every figure of an
 * answer comes from one state of the books.
 */
export async function readSnapshot<Result>(
  pool: Pool,
  tenant: Tenant,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query(`begin isolation level repeatable read read only; ${tenantSettings(tenant)}`)
    const result = await work(toTx(client, { pool, tenant, isWriting: false }))
    await client.query('commit')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
}

/** Opens one field of any organization, outside of anybody's transaction. */
export function openAlone(pool: Pool, place: SecretPlace, sealed: Uint8Array): Promise<Uint8Array> {
  assert(pool.vault !== undefined, 'a pool that opens secrets has a vault')
  const query = async <Row>({ name, text, values }: Statement): Promise<Row[]> => {
    const { rows } = await pool.query({
      ...(name !== undefined && { name }),
      text,
      values: [...values],
    })
    return rows as Row[] // the statement's own columns
  }
  return pool.vault.openAlone(query, place, sealed)
}

/** Rolls back; true when the connection is lost and must leave the pool. */
export async function rollback(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return false
  } catch {
    return true
  }
}
