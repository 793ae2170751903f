import type { RouteRecord } from '../../src/api/http/route.ts'
import type { Surface } from '../../src/modules/access/api-key.ts'

/** Who calls, by what is wrong with it; scopes are actors of their own. */
export type Actor =
  | 'no key'
  | 'an empty header'
  | 'another scheme'
  | 'garbage'
  | 'a wrong checksum'
  | 'an unknown key'
  | 'a key of another surface'
  | 'a revoked key'
  | 'a disabled key'
  | 'an expired key'
  | 'a rotated key after its overlap'
  | 'a key from a forbidden network'
  | 'a key of a suspended organization'
  | 'a key of a suspended business'
  | 'a key of an archived business'
  | 'a test key'
  | 'a key narrowed to another business'
  | 'a key of another organization'
  | 'a key without a subscription'
  | 'a key from before a downgrade'
  | 'a key of an expired subscription'
  | 'a key of a lower tier'
  | 'a key of an expired account'
  | 'a key without quota'
  | 'a key whose trial is used up'
  | 'a key without credits'
  | 'a live key on a test business'
  | Readonly<{ scope: string }>

/** What a cell must answer. */
export type Expected = Readonly<{ status: number; code: string }>

type Statuses = Readonly<Record<Surface, number>>
type Rule = Readonly<{
  code: string
  on?: readonly Surface[]
  when?: (route: RouteRecord, surface: Surface) => boolean
}>

const ofBusiness = ({ tenant }: RouteRecord): boolean => tenant === 'business'
/** Every call of a metered surface is paid for; enterprise routes ask for the plan before. */
const isPaid = ({ isFree, tag }: RouteRecord): boolean => isFree !== true && tag !== 'Enterprise'
const isWrite = ({ method }: RouteRecord): boolean => method !== 'GET'

/** Source: platform specification 5.1, and the check order of each surface. */
const rules: Readonly<Record<Extract<Actor, string>, Rule>> = {
  'no key': { code: 'key.header_missing' },
  'an empty header': { code: 'key.header_missing' },
  'another scheme': { code: 'key.format_invalid' },
  garbage: { code: 'key.format_invalid' },
  'a wrong checksum': { code: 'key.checksum_invalid' },
  'an unknown key': { code: 'key.unknown' },
  'a key of another surface': { code: 'key.wrong_surface' },
  'a revoked key': { code: 'key.revoked' },
  'a disabled key': { code: 'key.disabled' },
  'an expired key': { code: 'key.expired' },
  'a rotated key after its overlap': { code: 'key.rotated_out' },
  'a key from a forbidden network': { code: 'key.ip_not_allowed' },
  'a key of a suspended organization': { code: 'access.organization_suspended' },
  // Invoicing keeps reads of a closed business open, Books those of an archived one.
  'a key of a suspended business': {
    code: 'access.business_suspended',
    on: ['invoicing', 'books'],
    when: (route, surface) => ofBusiness(route) && (surface === 'books' || isWrite(route)),
  },
  'a key of an archived business': {
    code: 'access.business_archived',
    on: ['invoicing', 'books'],
    when: (route) => ofBusiness(route) && isWrite(route),
  },
  'a test key': { code: 'access.business_forbidden', on: ['books'], when: ofBusiness },
  'a key narrowed to another business': {
    code: 'access.business_forbidden',
    on: ['books'],
    when: ofBusiness,
  },
  'a key of another organization': {
    code: 'access.business_forbidden',
    on: ['books'],
    when: ofBusiness,
  },
  'a key without a subscription': { code: 'plan.no_subscription', on: ['books'] },
  'a key from before a downgrade': { code: 'plan.downgraded', on: ['books'] },
  'a key of an expired subscription': {
    code: 'plan.subscription_expired',
    on: ['books'],
    when: ofBusiness,
  },
  'a key of a lower tier': {
    code: 'access.enterprise_only',
    on: ['books'],
    when: ({ tag }) => tag === 'Enterprise',
  },
  'a key of an expired account': { code: 'plan.account_expired', on: ['connect'] },
  'a key without quota': { code: 'limit.rate_exceeded' },
  'a key whose trial is used up': { code: 'plan.trial_exhausted', on: ['books'], when: isPaid },
  'a key without credits': { code: 'plan.credits_insufficient', on: ['books'], when: isPaid },
  'a live key on a test business': {
    code: 'access.business_forbidden',
    on: ['books'],
    when: ofBusiness,
  },
}

export const namedActors = Object.keys(rules) as Extract<Actor, string>[] // the keys of the record

/** The scopes a key may have, and what each opens. Source: platform specification 3.3. */
const opened: Readonly<Record<string, readonly string[]>> = {
  all: ['all', 'read', 'write', 'webhooks'],
  read: ['read'],
  write: ['write', 'read'],
  webhooks: ['webhooks'],
  full: ['full', 'read', 'push', 'manage'],
  push: ['push', 'read'],
  manage: ['manage', 'read'],
}

export const scopesOf: Readonly<Record<Surface, readonly string[]>> = {
  invoicing: ['read', 'write', 'webhooks'],
  books: [],
  connect: ['read', 'push', 'manage'],
}

/** Status by surface, of what is not 401 everywhere. Source: platform specification 9.8. */
const statuses: Readonly<Record<string, Statuses>> = {
  'key.revoked': { invoicing: 401, books: 401, connect: 403 },
  'key.disabled': { invoicing: 401, books: 401, connect: 403 },
  'key.rotated_out': { invoicing: 401, books: 401, connect: 403 },
  'key.expired': { invoicing: 401, books: 401, connect: 403 },
  'key.ip_not_allowed': { invoicing: 403, books: 403, connect: 403 },
  'key.scope_insufficient': { invoicing: 403, books: 403, connect: 403 },
  'access.organization_suspended': { invoicing: 403, books: 403, connect: 403 },
  'access.business_suspended': { invoicing: 403, books: 403, connect: 403 },
  'access.business_archived': { invoicing: 403, books: 403, connect: 403 },
  'access.business_forbidden': { invoicing: 404, books: 403, connect: 404 },
  'access.enterprise_only': { invoicing: 403, books: 403, connect: 403 },
  'plan.no_subscription': { invoicing: 403, books: 403, connect: 402 },
  'plan.downgraded': { invoicing: 403, books: 403, connect: 402 },
  'plan.subscription_expired': { invoicing: 403, books: 403, connect: 402 },
  'plan.account_expired': { invoicing: 403, books: 403, connect: 402 },
  'plan.trial_exhausted': { invoicing: 403, books: 402, connect: 402 },
  'plan.credits_insufficient': { invoicing: 403, books: 402, connect: 402 },
  'limit.rate_exceeded': { invoicing: 429, books: 429, connect: 429 },
}

/** What the cell must answer; undefined: the actor is not wrong on this route. */
export function expected(actor: Actor, route: RouteRecord, surface: Surface): Expected | undefined {
  if (route.tenant === 'none') return undefined
  if (typeof actor === 'object') {
    const wanted = [route.scope, route.otherScope].filter((scope) => typeof scope === 'string')
    const isOpen = wanted.length === 0 || wanted.some((s) => opened[actor.scope]?.includes(s))
    return isOpen ? undefined : toExpected('key.scope_insufficient', surface)
  }
  const { code, on, when } = rules[actor]
  if (on?.includes(surface) === false || when?.(route, surface) === false) return undefined
  return toExpected(code, surface)
}

const toExpected = (code: string, surface: Surface): Expected => ({
  code,
  status: statuses[code]?.[surface] ?? 401,
})
