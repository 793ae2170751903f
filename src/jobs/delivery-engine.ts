import { setTimeout as pause } from 'node:timers/promises'
import { asOwner } from '../db/owner.ts'
import type { Pool } from '../db/pool.ts'
import type { Tx } from '../db/tx.ts'
import { type Instant, msOf } from '../kernel/dates.ts'
import { uuidV7 } from '../kernel/ids.ts'
import type { SecretPlace } from '../kernel/secret-place.ts'
import {
  claimDeliveries,
  type EndedAttempt,
  giveBack,
  recordAttempts,
  type TakenDelivery,
} from '../modules/webhooks/delivery.actions.ts'
import {
  deliveryBounds,
  isSuccess,
  type Outcome,
  placeOfBody,
  scheduleBySurface,
  toExcerpt,
} from '../modules/webhooks/delivery.ts'
import { placeOfHeaders, placeOfSecret, placeOfSeed } from '../modules/webhooks/endpoint.ts'
import { listTenantsWithNews } from '../modules/webhooks/event.queries.ts'
import type { EventRenderers } from '../modules/webhooks/event.ts'
import { fanOutEvents } from '../modules/webhooks/outbox.actions.ts'
import type { Outbound, OutboundAnswer } from './outbound.ts'
import { toSignedHeaders } from './signer.ts'

export type EngineLog = Readonly<
  Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>
>

/** An attempt that has ended. `waitSeconds` is from the event to its first attempt. */
export type AttemptSeen = Readonly<{
  surface: string
  isDelivered: boolean
  seconds: number
  waitSeconds: number | undefined
}>

export type EngineParts = Readonly<{
  /** Sessions of the owner's role: deliveries of every organization are its bookkeeping. */
  adminPool: Pool
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  openSecret: (place: SecretPlace, sealed: Uint8Array) => Promise<Uint8Array>
  outbound: Outbound
  renderers: EventRenderers
  log: EngineLog
  /** Whether anything may leave now; without it everything may. */
  maySend?: () => Promise<boolean>
  /** Deliveries that are sent at once. */
  inFlightMax?: number | undefined
  /** Where a test makes the worker fail: between the answer and its record. */
  onAnswered?: ((taken: TakenDelivery) => Promise<void>) | undefined
  /** Hears of each attempt once it has ended. */
  onAttempt?: ((attempt: AttemptSeen) => void) | undefined
  /** How long an attempt may last in tests; else what the surface allows. */
  timeoutMs?: number
}>

const pollMs = 250
const troublePauseMs = 1_000
const heldPauseMs = 1_000
const tenantsMax = 100
const leaseSpareMs = 45_000

/**
 * Delivers events: hands what is new in the outbox to endpoints, takes what is due, sends it, and
 * records how it went. The rows are the truth, so that any number of engines may run and each may
 * die at any moment: what one had in hand is repeated by another when its lease has ended, with the
 * same event id and the same bytes. At least once, never lost.
 * Source: platform specification 13.2.
 */
export class DeliveryEngine {
  readonly #parts: EngineParts
  readonly #inFlight = new Set<Promise<void>>()
  readonly #ended: EndedAttempt[] = []
  #waiting: (() => void)[] = []
  #endedCount = 0
  #recording: Promise<void> | undefined
  #after = '00000000-0000-0000-0000-000000000000'
  #running: Promise<void> | undefined
  #stop = new AbortController()

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** Begins to work, until `stop`. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Takes nothing more and waits for what is on its way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#inFlight)
    await this.#recording
  }

  /** Hands all news of all tenants to their endpoints; answers how many events there were. */
  async fanOut(): Promise<number> {
    const { adminPool } = this.#parts
    let count = 0
    for (;;) {
      const tenants = await asOwner(adminPool, (tx) => listTenantsWithNews(tx, tenantsMax))
      let moved = 0
      for (const tenant of tenants) moved += await this.#fanOutTenant(tenant)
      count += moved
      if (moved === 0 || this.#stop.signal.aborted) return count
    }
  }

  /** Sends everything that is due at this moment and waits for all of it to be recorded. */
  async deliverDue(): Promise<number> {
    let count = 0
    for (;;) {
      const wasIdle = this.#inFlight.size === 0
      const begun = await this.#beginDue()
      count += begun
      if (begun === 0 && wasIdle) return count
      if (begun === 0 && this.#inFlight.size > 0) await this.#roomMade()
    }
  }

  async #run(): Promise<void> {
    const { log } = this.#parts
    while (!this.#stop.signal.aborted) {
      try {
        if ((await this.#parts.maySend?.()) === false) {
          await this.#rest(heldPauseMs)
          continue
        }
        const endedBefore = this.#endedCount
        const moved = await this.fanOut()
        const begun = await this.#beginDue()
        const hasRoomMade = this.#endedCount > endedBefore
        if (moved + begun === 0 && !hasRoomMade) await this.#rest(pollMs)
      } catch (error) {
        log.warn({ err: error }, 'deliveries wait for the database')
        await this.#rest(troublePauseMs)
      }
    }
  }

  /** Returns early when an attempt has ended, because that makes room, and at a stop. */
  async #rest(ms: number): Promise<void> {
    const control = new AbortController()
    const signal = AbortSignal.any([control.signal, this.#stop.signal])
    const over = pause(ms, undefined, { signal }).catch(() => undefined)
    await Promise.race([over, this.#roomMade()])
    control.abort()
  }

  #roomMade(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async #fanOutTenant(tenant: Parameters<typeof fanOutEvents>[1]): Promise<number> {
    const { adminPool, clock, renderers, log } = this.#parts
    try {
      const handOut = (tx: Tx): Promise<number> =>
        fanOutEvents(tx, tenant, {
          renderers,
          now: clock(),
          newId: () => this.#newId(),
          onFault: (error, { id, type }) =>
            log.error({ err: error, eventId: id, type }, 'an event could not be rendered'),
        })
      return await asOwner(adminPool, handOut, { organizationId: tenant.organizationId })
    } catch (error) {
      // One tenant's trouble is not its neighbours': the cursor stays, so nothing is lost.
      log.error(
        { err: error, tenantId: tenant.tenantId },
        'events could not be handed to endpoints',
      )
      return 0
    }
  }

  /** Takes and begins to send what there is room for; answers how many. */
  async #beginDue(): Promise<number> {
    const { adminPool, clock, inFlightMax = deliveryBounds.inFlightMax } = this.#parts
    const room = inFlightMax - this.#inFlight.size
    if (room <= 0 || this.#stop.signal.aborted) return 0
    const taken = await asOwner(adminPool, (tx) =>
      claimDeliveries(tx, {
        now: clock(),
        room,
        after: this.#after,
        leaseMs: leaseSpareMs + Math.max(...Object.values(scheduleBySurface).map(timeoutOf)),
        newId: () => this.#newId(),
      }),
    )
    this.#after = taken.at(-1)?.endpointId ?? this.#after
    if (this.#stop.signal.aborted && taken.length > 0) {
      await asOwner(adminPool, (tx) => giveBack(tx, taken))
      return 0
    }
    for (const one of taken) {
      const attempt: Promise<void> = this.#attempt(one).finally(() => {
        this.#inFlight.delete(attempt)
        this.#endedCount += 1
        for (const resolve of this.#waiting.splice(0)) resolve()
      })
      this.#inFlight.add(attempt)
    }
    return taken.length
  }

  async #attempt(taken: TakenDelivery): Promise<void> {
    const { clock, random, onAnswered, onAttempt, log } = this.#parts
    const startedAt = clock()
    const began = performance.now()
    try {
      const answer = await this.#send(taken, startedAt)
      await onAnswered?.(taken)
      const durationMs = Math.round(performance.now() - began)
      const outcome = toOutcome(answer, { durationMs, endedAt: clock() })
      if (!answer.isAnswered) {
        const { endpointId, deliveryId } = taken
        const { failure, detail } = answer
        log.info({ endpointId, deliveryId, failure, detail }, 'delivery attempt failed')
      }
      const isFirst = taken.attempt === 1
      const waitMs =
        msOf(startedAt) - Number.parseInt(taken.deliveryId.replace('-', '').slice(0, 12), 16)
      onAttempt?.({
        surface: taken.surface,
        isDelivered: isSuccess(outcome),
        seconds: durationMs / 1_000,
        waitSeconds: isFirst ? Math.max(0, waitMs) / 1_000 : undefined,
      })
      const [high = 0, low = 0] = random(2)
      this.#ended.push({ taken, startedAt, outcome, fraction: (high * 256 + low) / 65_536 })
      await this.#record()
    } catch (error) {
      // Without a record the lease ends, and the attempt is repeated.
      log.error(
        { err: error, deliveryId: taken.deliveryId },
        'delivery attempt could not be recorded',
      )
    }
  }

  async #send(taken: TakenDelivery, startedAt: Instant): Promise<OutboundAnswer> {
    const { openSecret, outbound, timeoutMs } = this.#parts
    const { organizationId, endpointId: id, deliveryId, surface } = taken
    const endpoint = { organizationId, id } as Parameters<typeof placeOfSeed>[0] // ids of our own rows
    const open = async (place: SecretPlace, sealed: Uint8Array): Promise<Buffer> =>
      Buffer.from(await openSecret(place, sealed))
    const placed = { organizationId, ...placeOfBody(deliveryId) }
    const body = await open(placed, taken.sealedBody)
    const secrets: string[] = []
    for (const secret of taken.secrets) {
      const clear = await open(placeOfSecret(organizationId, secret.id), secret.sealed)
      secrets.push(clear.toString())
    }
    const headers = toSignedHeaders({
      surface,
      event: taken.eventId,
      eventType: taken.eventType,
      attempt: taken.attemptId,
      deliveryId,
      timestamp: Math.trunc(msOf(startedAt) / 1_000),
      body,
      secrets,
      ...(taken.sealedSeed !== null && {
        seed: await open(placeOfSeed(endpoint), taken.sealedSeed),
      }),
    })
    const own =
      taken.sealedHeaders === null
        ? {}
        : parseHeaders(await open(placeOfHeaders(endpoint), taken.sealedHeaders))
    return outbound.send({
      method: 'POST',
      url: taken.url,
      headers: { ...own, ...headers },
      body,
      timeoutMs: timeoutMs ?? timeoutOf(scheduleBySurface[surface]),
      bodyBytesMax: deliveryBounds.answerBytesMax,
      mayUseHttp: taken.environment === 'test',
    })
  }

  /** Attempts that end while others are being recorded are recorded together after them. */
  async #record(): Promise<void> {
    while (this.#recording !== undefined) await this.#recording
    if (this.#ended.length === 0) return
    const ended = this.#ended.splice(0)
    this.#recording = this.#recordAll(ended).finally(() => {
      this.#recording = undefined
    })
    await this.#recording
  }

  async #recordAll(ended: readonly EndedAttempt[]): Promise<void> {
    const { adminPool, log } = this.#parts
    const disabled = await persistently(() => asOwner(adminPool, (tx) => recordAttempts(tx, ended)))
    for (const { endpointId, reason } of disabled) {
      log.warn({ endpointId, reason }, 'webhook endpoint disabled')
    }
  }

  #newId(): string {
    const { clock, random } = this.#parts
    return uuidV7(msOf(clock()), random(10))
  }
}

const recordTriesMax = 5
const recordPauseMs = 100

/** A record is worth a few tries: without it the receiver gets the same once more. */
async function persistently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt === recordTriesMax) throw error
      await pause(attempt * recordPauseMs)
    }
  }
}

const timeoutOf = ({ timeoutMs }: Readonly<{ timeoutMs: number }>): number => timeoutMs

/** Blocked, unknown and unreachable addresses look the same to a tenant. */
const failureText = {
  blocked: 'connection failed',
  unresolved: 'connection failed',
  refused: 'connection failed',
  connection: 'connection failed',
  timeout: 'no answer in time',
  certificate: 'certificate not accepted',
  answer: 'answer not readable',
} as const

function toOutcome(
  answer: OutboundAnswer,
  { durationMs, endedAt }: Pick<Outcome, 'durationMs' | 'endedAt'>,
): Outcome {
  if (!answer.isAnswered) {
    const failure = failureText[answer.failure]
    return { httpStatus: null, failure, retryAfter: null, durationMs, excerpt: null, endedAt }
  }
  return {
    httpStatus: answer.status,
    failure: null,
    retryAfter: answer.headers['retry-after'] ?? null,
    durationMs,
    excerpt: answer.body.length === 0 ? null : toExcerpt(answer.body),
    endedAt,
  }
}

function parseHeaders(sealed: Buffer): Record<string, string> {
  return JSON.parse(sealed.toString()) as Record<string, string> // sealed by `createEndpoint`
}
