import type { Tx } from '../../db/tx.ts'
import type { PlanVersion } from './limit.ts'
import { insertPlanVersions } from './plan-version.db.ts'

/**
 * Adds the versions that are not there yet; a version never changes once it is stored. They belong
 * to the installation, not to a tenant. Answers how many were new.
 * Source: platform specification 4.
 */
export const addPlanVersions = (tx: Tx, versions: readonly PlanVersion[]): Promise<number> =>
  insertPlanVersions(tx, versions)
