import { createHash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { aLedger, newUuid, noon } from '../../../test/lane.ts'
import { readSnapshot } from '../../db/tx.ts'
import type { Action, OrganizationCtx } from '../../db/write.ts'
import type { Instant } from '../../kernel/dates.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { asId, type Id } from '../../kernel/ids.ts'
import { openBusiness } from '../ledger/account.actions.ts'
import { listAccounts } from '../ledger/account.queries.ts'
import { setPlans } from '../plans/plan.actions.ts'
import { createKey, type NewKey, revokeKey, rotateKey } from './api-key.actions.ts'
import { getKey, listKeys } from './api-key.queries.ts'
import { keyRandomBytes, requireUsableKey } from './api-key.ts'
import { closeBusiness, resumeBusiness, suspendBusiness } from './business.actions.ts'
import { getBusiness, listBusinesses } from './business.queries.ts'
import {
  createOrganization,
  resumeOrganization,
  suspendOrganization,
} from './organization.actions.ts'
import { getOrganization, listOrganizations } from './organization.queries.ts'

const ledger = await aLedger()
afterAll(ledger.close)

type OrganizationId = Id<'organization'>

async function run<Input, Result>(
  organizationId: OrganizationId,
  action: Action<OrganizationCtx, Input, Result>,
  input: Input,
  now: string = noon,
): Promise<Result> {
  const tenant = { organizationId }
  const at = now as Instant // literals of this file
  const done = await ledger.gate.write({ tenant, action, input, actor: 'operator:test', now: at })
  if (!('value' in done)) throw new Error('replayed')
  return done.value
}

async function anOrganization(): Promise<OrganizationId> {
  const organizationId = asId('organization', newUuid())
  await run(organizationId, createOrganization, { name: 'Ada Traders' })
  return organizationId
}

async function aBusiness(organizationId: OrganizationId, environment: 'live' | 'test' = 'live') {
  const businessId = asId('business', newUuid())
  await ledger.write(
    openBusiness,
    { name: 'Shop', environment, baseCurrency: 'NGN', country: 'NG' },
    { tenant: { organizationId, businessId } },
  )
  return businessId
}

const outcomeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

let drawn = 0

/** A maker whose keys differ from call to call. */
function maker(): Pick<NewKey, 'random' | 'hashKey' | 'pepperVersion'> {
  drawn += 1
  return {
    random: new Uint8Array(keyRandomBytes).fill(drawn),
    hashKey: (text) => createHash('sha256').update(text).digest(),
    pepperVersion: 1,
  }
}

test('an organization of the operator starts on the highest plans, and can be suspended and resumed', async () => {
  const id = await anOrganization()
  const read = () =>
    readSnapshot(ledger.pool, { organizationId: id }, (db) => getOrganization(db, id))

  expect(await read()).toMatchObject({ name: 'Ada Traders', status: 'active', createdAt: noon })
  expect((await run(id, setPlans, { plans: {} })).plans).toEqual({
    invoicing: 'pro',
    books: 'enterprise',
    connect: 'growth',
  })
  await run(id, suspendOrganization, { reason: 'unpaid' })
  expect((await read()).status).toBe('suspended')
  await run(id, resumeOrganization, {})
  expect((await read()).status).toBe('active')
})

test('an organization sees itself and no other', async () => {
  const id = await anOrganization()

  const seen = await readSnapshot(ledger.pool, { organizationId: id }, listOrganizations)

  expect(seen.map((organization) => organization.id)).toEqual([id])
})

test('a plan changes at once, twice at the same instant too', async () => {
  const id = await anOrganization()

  await run(id, setPlans, { plans: { books: 'premium' } })
  const changed = await run(id, setPlans, { plans: { connect: 'trial' }, booksStatus: 'past_due' })

  expect(changed).toEqual({
    plans: { invoicing: 'pro', books: 'premium', connect: 'trial' },
    booksStatus: 'past_due',
    validFrom: '2026-06-15',
  })
})

test('a business comes with its chart in one commit, and its status follows the operator', async () => {
  const organizationId = await anOrganization()
  const businessId = await aBusiness(organizationId)
  const tenant = { organizationId, businessId }
  const read = () =>
    readSnapshot(ledger.pool, tenant, async (db) => ({
      business: await getBusiness(db, organizationId, businessId),
      accounts: await listAccounts(db, { businessId }),
    }))

  const { business, accounts } = await read()
  expect(business).toMatchObject({
    chart: 'nigeria',
    timeZone: 'Africa/Lagos',
    booksStart: '2025-01-01',
    status: 'active',
  })
  expect(accounts).toHaveLength(82)

  await ledger.write(suspendBusiness, { reason: 'unpaid' }, { tenant })
  expect((await read()).business).toMatchObject({ status: 'suspended', suspendedAt: noon })
  await ledger.write(resumeBusiness, {}, { tenant })
  expect((await read()).business).toMatchObject({ status: 'active', suspendedAt: null })
  await ledger.write(closeBusiness, { reason: 'sold' }, { tenant })
  expect((await read()).business.status).toBe('closing')
})

test('live businesses stop at the limit of the plan, counted one at a time', async () => {
  const id = await anOrganization()
  await run(id, setPlans, { plans: { books: 'premium' } })

  const outcomes = await Promise.all(Array.from({ length: 5 }, () => outcomeOf(aBusiness(id))))
  const ofTest = await outcomeOf(aBusiness(id, 'test'))

  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(3)
  expect(outcomes.filter((outcome) => outcome === 'plan.business_limit')).toHaveLength(2)
  expect(ofTest).toBe('accepted')
  const rows = await readSnapshot(ledger.pool, { organizationId: id }, (db) =>
    listBusinesses(db, id),
  )
  expect(rows).toHaveLength(4)
})

test('a key is kept as its hash and the characters that lists show', async () => {
  const organizationId = await anOrganization()
  const made = await run(organizationId, createKey, {
    ...maker(),
    surface: 'books',
    environment: 'live',
    name: 'Shop plug-in',
    allowedNetworks: ['192.0.2.77/24'],
  })

  const kept = await readSnapshot(ledger.pool, { organizationId }, (db) =>
    getKey(db, organizationId, made.key.id),
  )

  expect(made.text).toMatch(/^live_sk_[0-9a-f]{48}$/)
  expect(kept).toEqual({ ...made.key, allowedNetworks: ['192.0.2.0/24'] })
  expect(kept).toMatchObject({
    visibleStart: made.text.slice(0, 12),
    visibleEnd: made.text.slice(-4),
    expiresAt: '2026-09-13T12:00:00.000Z',
    planAtIssue: 'enterprise',
    scopes: [],
  })
  const traces = await ledger.owner.query('select payload::text from event')
  expect(JSON.stringify(traces.rows)).not.toContain(made.text)
})

test('an Invoicing key belongs to a business of the organization and takes its environment', async () => {
  const organizationId = await anOrganization()
  const businessId = await aBusiness(organizationId, 'test')
  const stranger = await aBusiness(await anOrganization())
  const key = { ...maker(), surface: 'invoicing', environment: 'live', name: 'Shop' } as const

  const made = await run(organizationId, createKey, { ...key, businessId })
  const refused = run(organizationId, createKey, { ...key, businessId: stranger })

  expect(made.key).toMatchObject({ environment: 'test', scopes: ['all'], expiresAt: null })
  expect(await outcomeOf(refused)).toBe('resource.not_found')
})

test.each([
  ['a scope of another surface', { surface: 'books', scopes: ['read'] }, 'validation.failed'],
  ['91 days on Books', { surface: 'books', expiresInDays: 91 }, 'key.expiry_invalid'],
] as const)('%s is refused', async (_name, input, code) => {
  const id = await anOrganization()
  const work = run(id, createKey, { ...maker(), environment: 'live', name: 'Shop', ...input })

  expect(await outcomeOf(work)).toBe(code)
})

test('Connect takes ten keys; a revoked or rotated one makes room', async () => {
  const id = await anOrganization()
  const make = () =>
    run(id, createKey, { ...maker(), surface: 'connect', environment: 'live', name: 'Sync' })
  const keys = await Promise.all(Array.from({ length: 10 }, make))
  const [first, second] = keys.map(({ key }) => key.id)
  if (first === undefined || second === undefined) throw new Error('no keys')

  expect(await outcomeOf(make())).toBe('key.limit_reached')
  await run(id, revokeKey, { keyId: first, reason: 'leaked' })
  expect(await outcomeOf(make())).toBe('accepted')
  await run(id, rotateKey, { ...maker(), keyId: second })
  expect(await outcomeOf(make())).toBe('key.limit_reached')
})

test('the free tier of Books makes no key, except by hand', async () => {
  const id = await anOrganization()
  await run(id, setPlans, { plans: { books: 'free' } })
  const key = { surface: 'books', environment: 'live', name: 'Shop' } as const

  expect(await outcomeOf(run(id, createKey, { ...maker(), ...key }))).toBe('plan.no_subscription')
  expect(await outcomeOf(run(id, createKey, { ...maker(), ...key, isOperator: true }))).toBe(
    'accepted',
  )
})

test('a revoked key is refused from that instant, and stays on record', async () => {
  const id = await anOrganization()
  const input = { ...maker(), surface: 'connect', environment: 'live', name: 'Sync' } as const
  const { key } = await run(id, createKey, input)

  expect(await outcomeOf(run(id, revokeKey, { keyId: key.id, keepsLast: true }))).toBe(
    'key.last_key',
  )
  const revoked = await run(id, revokeKey, { keyId: key.id, reason: 'leaked' })
  expect(await outcomeOf(run(id, revokeKey, { keyId: key.id }))).toBe('key.already_revoked')

  expect(() => requireUsableKey(revoked, noon)).toThrow('key.revoked')
  const rows = await readSnapshot(ledger.pool, { organizationId: id }, (db) =>
    listKeys(db, { organizationId: id, surface: 'connect' }),
  )
  expect(rows).toEqual([revoked])
})

test('a rotated key works on for its overlap and is rotated once', async () => {
  const id = await anOrganization()
  const input = { ...maker(), surface: 'books', environment: 'test', name: 'Shop' } as const
  const { key: old } = await run(id, createKey, input)
  const later = '2026-07-15T12:00:00.000Z'

  const { key, text } = await run(id, rotateKey, { ...maker(), keyId: old.id }, later)
  const again = run(id, rotateKey, { ...maker(), keyId: old.id }, later)

  expect(text).toMatch(/^test_sk_/)
  expect(key).toMatchObject({ rotatedFrom: old.id, expiresAt: '2026-10-13T12:00:00.000Z' })
  expect(await outcomeOf(again)).toBe('resource.invalid_transition')
  const kept = await readSnapshot(ledger.pool, { organizationId: id }, (db) =>
    getKey(db, id, old.id),
  )
  expect(kept.overlapUntil).toBe('2026-07-16T12:00:00.000Z')
})
