import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, packageRoot } from './config.ts'
import { asOwner } from './db/owner.ts'
import type { Pool } from './db/pool.ts'
import { assert } from './kernel/assert.ts'
import { type ParsedVersions, type PlanVersion, parsePlanVersions } from './modules/plans/limit.ts'
import { addPlanVersions } from './modules/plans/plan-version.actions.ts'

/**
 * Brings the plan versions of this release, and those of the operator's file, into the database;
 * what is there stays. Throws ConfigError when the operator's file is wrong.
 * Source: platform specification 4.
 *
 * pool       sessions of the owner's role
 * plansFile  empty: none
 */
export async function loadPlanVersions(pool: Pool, plansFile: string): Promise<number> {
  const versions = [...readShippedPlans(), ...(plansFile === '' ? [] : readGiven(plansFile))]
  return await asOwner(pool, (tx) => addPlanVersions(tx, versions))
}

/** The plan versions of this release. */
export function readShippedPlans(): readonly PlanVersion[] {
  const parsed = parseFile(join(packageRoot, 'plans.json'))
  assert('versions' in parsed, 'plans.json is a list of plan versions')
  return parsed.versions
}

function readGiven(path: string): readonly PlanVersion[] {
  const parsed = parseFile(path)
  if ('problem' in parsed) {
    throw new ConfigError('TALLYSTICK_PLANS_FILE', `${parsed.problem}.`)
  }
  return parsed.versions
}

function parseFile(path: string): ParsedVersions {
  try {
    return parsePlanVersions(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return { problem: 'names a file that cannot be read as JSON' }
  }
}
