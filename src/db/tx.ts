import type { Id } from '../kernel/ids.ts'
import type { Pool, PoolClient } from './pool.ts'

/** One SQL statement; a name makes it a prepared statement of the connection. */
export type Statement = Readonly<{ name?: string; text: string; values: readonly unknown[] }>

/** What reads take: statements on one connection, in one snapshot. */
export type Db = Readonly<{
  query: <Row>(statement: Statement) => Promise<Row[]>
}>

declare const writing: unique symbol

/** What writes and locks take. Only the gate makes one. */
export type Tx = Db & { readonly [writing]: true }

/** Whose rows a transaction may see: a business, or an organization as a whole. */
export type Tenant = Readonly<{
  organizationId: Id<'organization'>
  businessId?: Id<'business'>
}>

/** Statements of one connection as a `Tx`; for the gate and for `readSnapshot` alone. */
export function toTx(client: PoolClient): Tx {
  const query = async <Row>({ name, text, values }: Statement): Promise<Row[]> => {
    const { rows } = await client.query(
      name === undefined ? { text, values: [...values] } : { name, text, values: [...values] },
    )
    return rows as Row[] // the statement's own columns; each caller names its row
  }
  return { query } as Tx // the brand has no value; this is the one place that gives it
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
    const result = await work(toTx(client))
    await client.query('commit')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
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
