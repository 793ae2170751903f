import { randomBytes } from 'node:crypto'
import { assert } from '../../src/kernel/assert.ts'
import { asId } from '../../src/kernel/ids.ts'
import { revokeKey, rotateKey } from '../../src/modules/access/api-key.actions.ts'
import { generateKey, keyRandomBytes, type Surface } from '../../src/modules/access/api-key.ts'
import { suspendBusiness } from '../../src/modules/access/business.actions.ts'
import { suspendOrganization } from '../../src/modules/access/organization.actions.ts'
import { grantCredits } from '../../src/modules/plans/credit.actions.ts'
import { setPlans } from '../../src/modules/plans/plan.actions.ts'
import { operatorPlans } from '../../src/modules/plans/plan.ts'
import { aBusiness, type Business, type Client, keyHasher, noon } from '../harness.ts'
import type { Actor } from './expect.ts'

/** A caller and the business that it names. `at`: when it calls, where that matters. */
export type Caller = Readonly<{ authorization: string; business: Business; at?: string }>

/** Makes the caller that an actor is, in the world of `mine` or in one of its own. */
export async function aCaller(actor: Actor, surface: Surface, mine: Business): Promise<Caller> {
  const schemed = (key: string): string =>
    surface === 'connect' ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`
  const as = (authorization: string): Caller => ({ authorization, business: mine })
  const withKey = async (key: Parameters<Business['clientOf']>[1]): Promise<Caller> =>
    as((await mine.clientOf(surface, key)).authorization)
  if (typeof actor === 'object') return withKey({ scopes: [actor.scope] })
  switch (actor) {
    case 'no key':
    case 'an empty header':
      return as('')
    case 'another scheme':
      return as('Digest username="a"')
    case 'garbage':
      return as(schemed('garbage'))
    case 'a wrong checksum':
      return as(schemed(withWrongEnd(generateKey(surface, 'live', randomBytes(keyRandomBytes)))))
    case 'an unknown key':
      return as(schemed(generateKey(surface, 'live', randomBytes(keyRandomBytes))))
    case 'a key of another surface': {
      const other = surface === 'books' ? 'invoicing' : 'books'
      return as(schemed(generateKey(other, 'live', randomBytes(keyRandomBytes))))
    }
    case 'a revoked key':
    case 'a disabled key':
    case 'a rotated key after its overlap':
      return as((await anEndedKey(actor, surface, mine)).authorization)
    case 'an expired key':
      return { ...(await withKey({ expiresInDays: 1 })), at: '2026-06-18T12:00:00.000Z' }
    case 'a key from a forbidden network':
      return withKey({ allowedNetworks: ['203.0.113.0/24'] })
    case 'a test key':
      return withKey({ environment: 'test' })
    case 'a key narrowed to another business':
      return withKey({ businessIds: [await mine.addBusiness()] })
    case 'a key of another organization':
      return as((await aBusiness())[surface].authorization)
    default:
      return anotherWorld(actor, surface)
  }
}

/** Less than any call costs. */
const pennies = { asset: 'NGN', amount: 1n, reason: 'top up' } as const

/** Actors whose whole organization is different from that of all others. */
async function anotherWorld(actor: Extract<Actor, string>, surface: Surface): Promise<Caller> {
  const free = { plans: { ...operatorPlans, books: 'free' as const } }
  const business = await aBusiness(actor === 'a key without a subscription' ? free : {})
  const { organizationId, businessId, owner, write } = business
  const ofAll = { organizationId }
  const found: Caller = { authorization: business[surface].authorization, business }
  switch (actor) {
    case 'a key of a suspended organization':
      await write(suspendOrganization, {}, ofAll)
      return found
    case 'a key of a suspended business':
      await write(suspendBusiness, {})
      return found
    case 'a key of an archived business':
      await owner.query(`update business set status = 'archived' where business_id = $1`, [
        businessId,
      ])
      return found
    case 'a key from before a downgrade':
      await write(setPlans, { plans: { books: 'free' } }, ofAll)
      return found
    case 'a key of an expired subscription':
      await write(setPlans, { plans: { books: 'premium' }, booksStatus: 'expired' }, ofAll)
      return found
    case 'a key of a lower tier':
      await write(setPlans, { plans: { books: 'premium' } }, ofAll)
      return found
    case 'a key of an expired account':
      await write(setPlans, { plans: { connect: 'trial' } }, ofAll)
      return { ...found, at: '2028-06-15T12:00:00.000Z' }
    case 'a key whose trial is used up':
    case 'a key without credits':
      await write(setPlans, { plans: { books: 'premium' } }, ofAll)
      await owner.query(
        `insert into limit_override
           (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
         values ($1, 'books', 'trialCalls', '0', '2000-01-01', 'no trial', '2000-01-01')`,
        [organizationId],
      )
      if (actor === 'a key without credits') await write(grantCredits, pennies, ofAll)
      return found
    case 'a live key on a test business': {
      const { authorization } = await business.clientOf(surface, { environment: 'live' })
      const ofTest = await business.addBusiness({ environment: 'test' })
      return { authorization, business: { ...business, businessId: ofTest } }
    }
    case 'a key without quota': {
      await owner.query(
        `update limit_override set value = '0'::jsonb
         where organization_id = $1 and limit_name like 'requestsPer%'`,
        [organizationId],
      )
      return found
    }
    default:
      return found
  }
}

type Ended = 'a revoked key' | 'a disabled key' | 'a rotated key after its overlap'

async function anEndedKey(actor: Ended, surface: Surface, mine: Business): Promise<Client> {
  const { organizationId, owner, write } = mine
  const client = await mine.clientOf(surface, { name: actor })
  const { rows } = await owner.query<{ id: string }>(
    'select key_id as id from api_key where organization_id = $1 and surface = $2 and name = $3',
    [organizationId, surface, actor],
  )
  const [row] = rows
  assert(row, 'the key was made')
  const keyId = asId('key', row.id)
  if (actor === 'a revoked key') await write(revokeKey, { keyId }, { organizationId })
  else if (actor === 'a disabled key') {
    await owner.query('update api_key set disabled_at = $1 where key_id = $2', [noon, keyId])
  } else {
    const maker = { random: randomBytes(keyRandomBytes), ...keyHasher }
    await write(rotateKey, { keyId, overlapHours: 0, ...maker }, { organizationId })
  }
  return client
}

const withWrongEnd = (key: string): string => `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
