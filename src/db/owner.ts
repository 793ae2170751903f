import type { Pool } from './pool.ts'
import { rollback, type Tenant, type Tx, toTx } from './tx.ts'

/**
 * Runs bookkeeping of the installation itself, such as the state of deliveries, in one transaction
 * that sees every organization. Nothing of anybody's books is written this way: that is the gate's.
 *
 * pool    sessions of the owner's role
 * tenant  whose sealed fields are opened, if any are
 */
export async function asOwner<Result>(
  pool: Pool,
  work: (tx: Tx) => Promise<Result>,
  tenant?: Tenant,
): Promise<Result> {
  const client = await pool.connect()
  let isBroken = false
  try {
    await client.query('begin isolation level read committed')
    const holder = tenant && { pool, tenant, isWriting: false }
    const result = await work(toTx(client, holder))
    await client.query('commit')
    return result
  } catch (error) {
    isBroken = await rollback(client)
    throw error
  } finally {
    client.release(isBroken)
  }
}
