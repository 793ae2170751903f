import { createPrivateKey, createPublicKey } from 'node:crypto'
import { renderEvent as renderBooksEvent } from './api/books/webhook-events.ts'
import { toFailureOf } from './api/connect/push.ts'
import { buildRenderer } from './api/connect/webhook-events.ts'
import type { Outside } from './api/http/outside.ts'
import { buildEventRenderer } from './api/invoicing/webhook-events.ts'
import type { Config } from './config.ts'
import { manifests } from './connectors/registry.ts'
import type { Gate } from './db/lane.ts'
import type { Pool } from './db/pool.ts'
import { SecretBox } from './db/secret-box.ts'
import { openAlone } from './db/tx.ts'
import { parseAllowList } from './jobs/address.ts'
import { Outbound, type Resolve } from './jobs/outbound.ts'
import { toPrivateKey } from './jobs/signer.ts'
import type { WorkerParts } from './jobs/worker.ts'
import { assert } from './kernel/assert.ts'
import type { Instant } from './kernel/dates.ts'
import { Refusal } from './kernel/errors.ts'
import type { EventRenderers } from './modules/webhooks/event.ts'

/** What the ways out of the installation are built from. */
export type OutsideParts = Readonly<{
  config: Pick<Config, 'environment' | 'egressAllow' | 'egressPorts' | 'webhookAuthorities'>
  adminPool: Pool
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  masterKey: Uint8Array
  resolve?: Resolve
  log: WorkerParts['log']
}>

/** The one client to the outside, as the operator has set it. */
export function buildOutbound({ config, resolve, log }: OutsideParts): Outbound {
  const allowed = parseAllowList(config.egressAllow)
  assert(allowed !== undefined, 'the configuration has looked at its networks')
  const { webhookAuthorities: authorities, egressAllow: networks } = config
  if (networks.length > 0) log.info({ networks }, 'addresses that are not public may be called')
  const policy = {
    allowed,
    ports: config.egressPorts,
    isProduction: config.environment === 'production',
    ...(authorities !== '' && { authorities }),
  }
  return resolve === undefined ? new Outbound(policy) : new Outbound(policy, resolve)
}

/** What handlers see of it. */
export function buildOutside(
  { random, masterKey }: OutsideParts,
  outbound: Outbound,
  doors: Pick<Outside, 'print' | 'toPageUrl'>,
): Outside {
  const box = new SecretBox(masterKey)
  return {
    random,
    seal: (place, secret) => box.seal(place, secret),
    unseal: (place, sealed) => box.open(place, sealed),
    keyPair: () => toKeyPair(random(32)),
    ...doors,
    requireReachable: async (url, environment) => {
      const verdict = await outbound.check(url, { mayUseHttp: environment === 'test' })
      if (verdict.isAllowed) return
      // Whether an address is private, unknown or out of reach is nobody's business but the operator's.
      const isScheme = verdict.reason === 'scheme'
      throw new Refusal(isScheme ? 'webhooks.url_not_https' : 'webhooks.url_refused')
    },
  }
}

function toKeyPair(seed: Uint8Array) {
  const { x } = createPublicKey(createPrivateKey(toPrivateKey(seed))).export({ format: 'jwk' })
  return { seed, publicKey: new Uint8Array(Buffer.from(x ?? '', 'base64url')) }
}

type Addresses = Readonly<{ origin: () => string; toPageUrl: Outside['toPageUrl'] }>

/** Each surface brings its own words for events. */
export const buildRenderers = ({ origin, toPageUrl }: Addresses): Required<EventRenderers> => ({
  invoicing: buildEventRenderer(toPageUrl),
  books: renderBooksEvent,
  connect: buildRenderer({ manifests, origin }),
})

type WorkerNeeds = Readonly<{
  gate: Gate
  outbound: Outbound
  jobsPool: Pool | undefined
  origin: () => string
  renderers: EventRenderers
}>

/** What the worker works with. */
export const buildWorkerParts = (
  { adminPool, clock, random, log }: OutsideParts,
  { gate, outbound, jobsPool, origin, renderers }: WorkerNeeds,
): Omit<WorkerParts, 'requestLogDays' | 'eventDays'> => ({
  adminPool,
  jobsPool,
  clock,
  random,
  openSecret: (place, sealed) => openAlone(adminPool, place, sealed),
  outbound,
  renderers,
  write: (command) => gate.write(command),
  manifests,
  toPushFailure: (requestId) => toFailureOf({ requestId, origin: origin() }),
  log,
})
