import { loadConfig } from '../config.ts'
import { type Db, readSnapshot, type Tenant } from '../db/tx.ts'
import type { Action, Ctx, OrganizationCtx } from '../db/write.ts'
import { assert } from '../kernel/assert.ts'
import type { CalendarDate } from '../kernel/dates.ts'
import { dateIn, msOf } from '../kernel/dates.ts'
import { Refusal } from '../kernel/errors.ts'
import { asId, type Id, parsePrefixed, uuidV7 } from '../kernel/ids.ts'
import { buildLog } from '../log.ts'
import type { KeyMaker } from '../modules/access/api-key.actions.ts'
import { findOrganizationOfKey } from '../modules/access/api-key.queries.ts'
import { keyRandomBytes } from '../modules/access/api-key.ts'
import { findOrganizationOf } from '../modules/access/business.queries.ts'
import { type Installation, openInstallation } from '../start.ts'

/** Who acts, in audit rows. */
export const operator = 'operator'

const everybody = asId('organization', '00000000-0000-0000-0000-000000000000')

/** What commands do with the books: reads of the owner, and writes through the gate. */
export type Session = Readonly<{
  installation: Installation
  today: () => CalendarDate
  newId: <K extends string>(kind: K) => Id<K>
  newKeyMaker: () => KeyMaker
  /** Reads across all organizations, in one snapshot. */
  read: <Result>(work: (db: Db) => Promise<Result>) => Promise<Result>
  write: <C extends Ctx | OrganizationCtx, Input, Result>(
    tenant: Tenant,
    action: Action<C, Input, Result>,
    input: Input,
  ) => Promise<Result>
}>

/**
 * Opens the installation, joining the database of a running server, does the work and closes it
 * again. Errors are logged to standard error.
 */
export async function withSession<Result>(
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig()
  const logLevel = config.logLevel === 'info' ? 'error' : config.logLevel
  const log = buildLog({ ...config, logLevel }, process.stderr)
  const installation = await openInstallation(config, log, { mayJoin: true })
  try {
    return await work(toSession(installation))
  } finally {
    await installation.close()
  }
}

/** A session on an installation that somebody else opens and closes. */
export function toSession(installation: Installation): Session {
  const { app, adminPool, clock, random, keyHasher } = installation
  return {
    installation,
    today: () => dateIn(clock(), 'UTC'),
    newId: (kind) => asId(kind, uuidV7(msOf(clock()), random(10))),
    newKeyMaker: () => ({ random: random(keyRandomBytes), ...keyHasher }),
    read: (work) => readSnapshot(adminPool, { organizationId: everybody }, work),
    write: async (tenant, action, input) => {
      const done = await app.gate.write({ tenant, action, input, actor: operator, now: clock() })
      assert('value' in done, 'a command without an idempotency key is never replayed')
      return done.value
    },
  }
}

/** An id as people copy it: a UUID or the prefixed form of Books. Refuses: request.id_malformed. */
export function readId<K extends string>(kind: K, prefix: string, text: string): Id<K> {
  const uuid = parsePrefixed(prefix, text)
  if (uuid === undefined) {
    throw new Refusal('request.id_malformed', { name: kind })
  }
  return asId(kind, uuid)
}

/** The organization that an operator names. Refuses: request.id_malformed. */
export const readOrganization = (text: string): Tenant => ({
  organizationId: readId('organization', 'org', text),
})

/** The business that an operator names. Refuses: request.id_malformed, resource.not_found. */
export async function findBusinessTenant(
  session: Session,
  text: string,
): Promise<Required<Tenant>> {
  const businessId = readId('business', 'biz', text)
  const organizationId = await session.read((db) => findOrganizationOf(db, businessId))
  if (organizationId === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Business', id: text })
  }
  return { organizationId, businessId }
}

/** The key that an operator names. Refuses: request.id_malformed, resource.not_found. */
export async function findKeyTenant(
  session: Session,
  text: string,
): Promise<Tenant & Readonly<{ keyId: Id<'key'> }>> {
  const keyId = readId('key', 'key', text)
  const organizationId = await session.read((db) => findOrganizationOfKey(db, keyId))
  if (organizationId === undefined) {
    throw new Refusal('resource.not_found', { resource: 'API key', id: text })
  }
  return { organizationId, keyId }
}
