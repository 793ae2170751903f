import { hash } from 'node:crypto'
import { allowStatementMs, type Db, type Tenant } from '../../db/tx.ts'
import {
  type Action,
  type Command,
  type Ctx,
  type Done,
  findKept,
  type Idempotency,
  type KeptReply,
  type OrganizationCtx,
  type StoredReply,
} from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { type CalendarDate, dateIn, type Instant, msOf } from '../../kernel/dates.ts'
import { isRefusal, Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { SecretPlace } from '../../kernel/secret-place.ts'
import type { Admitted } from '../../modules/access/admission.queries.ts'
import type { KeyMaker } from '../../modules/access/api-key.actions.ts'
import { settleCharges } from '../../modules/plans/charge.actions.ts'
import { type Json, toCanonicalJson } from './json.ts'
import type { Standing } from './limits.ts'
import type { ErrorContext } from './look.ts'
import type { Outside } from './outside.ts'
import type { Query } from './query.ts'
import type { Call, Caller, CallerBusiness, Reply, RouteRecord } from './route.ts'
import type { Surface } from './surface.ts'

/** The doors behind the edge, as the roof hands them over. */
export type Doors = Readonly<{
  write: <C extends OrganizationCtx, Input, Result>(
    command: Command<C, Input, Result>,
  ) => Promise<Done<Result>>
  read: <Result>(tenant: Tenant, work: (db: Db) => Promise<Result>) => Promise<Result>
  keyMaker: () => KeyMaker
  outside: Outside
}>

/** What the server knows of a request when it makes the call. */
export type CallParts = Readonly<{
  doors: Doors
  surface: Surface
  route: RouteRecord
  method: string
  path: string
  rawQuery: Query
  admitted: Admitted | undefined
  standing: Standing | undefined
  /** Whether a charge is held for this call. */
  isHeld: boolean
  requestId: string
  now: Instant
  headers: Readonly<Record<string, string | undefined>>
  errorContext: ErrorContext
}>

/** Headers that are kept with an answer. Source: platform specification 8. */
const keptHeaders = ['Location', 'ETag', 'Content-Type', 'Error-Code', 'Link']

/** Where an answer that shows a secret once lies sealed among its kept headers, with its end. */
const sealedHeader = 'Sealed-Answer'
/** How long such an answer is repeated whole. Source: platform specification, idempotency. */
const secretMs = 86_400_000
/** How long a statement of a report may take. Source: platform specification 20. */
const reportStatementMs = 30_000

/** One request on its way through a handler. */
export class RequestCall implements Call {
  params: unknown = undefined
  query: unknown = undefined
  body: unknown = undefined
  readonly route: RouteRecord
  readonly requestId: string
  readonly now: Instant
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as it was read, for the fingerprint. */
  json: Json | undefined = undefined
  sizeBytes = 0
  hasWritten = false
  hasReplayed = false
  /** Milliseconds in reads, and in writes with their place in the queue. */
  doorMs = 0
  readonly #parts: CallParts
  readonly #idempotencyKey: string | undefined
  readonly #isDryRun: boolean
  #caller: Caller | undefined
  /** What the last write answers, as it is kept but for the seal. */
  #rendering: StoredReply | undefined

  /** Refuses: idempotency.key_invalid. */
  constructor(parts: CallParts) {
    this.#parts = parts
    this.route = parts.route
    this.requestId = parts.requestId
    this.now = parts.now
    this.headers = parts.headers
    const isRead = parts.route.method === 'GET'
    this.#idempotencyKey = isRead ? undefined : parseIdempotencyKey(parts.headers)
    this.#isDryRun = !isRead && parts.headers['dry-run']?.toLowerCase() === 'true'
  }

  get standing(): Standing | undefined {
    return this.#parts.standing
  }

  get origin(): string {
    return this.#parts.errorContext.origin
  }

  get today(): CalendarDate {
    return dateIn(this.now, this.#parts.admitted?.time_zone ?? 'UTC')
  }

  get caller(): Caller {
    this.#caller ??= toCaller(this.#parts.admitted)
    return this.#caller
  }

  business(): CallerBusiness {
    const { admitted } = this.#parts
    const {
      business_id: businessId,
      base_currency: baseCurrency,
      time_zone: timeZone,
    } = admitted ?? {}
    assert(businessId && baseCurrency && timeZone, `${this.route.operation} has a business`)
    return { businessId, baseCurrency, timeZone, environment: this.caller.environment }
  }

  get outside(): Outside {
    return this.#parts.doors.outside
  }

  keyMaker(): KeyMaker {
    return this.#parts.doors.keyMaker()
  }

  async read<Result>(
    work: (db: Db) => Promise<Result>,
    businessId?: Id<'business'>,
  ): Promise<Result> {
    const own = this.route.tenant === 'business' ? this.business().businessId : undefined
    const patient = async (db: Db): Promise<Result> => {
      await allowStatementMs(db, reportStatementMs)
      return work(db)
    }
    const asked = this.route.isReport === true ? patient : work
    const begunMs = performance.now()
    try {
      return await this.#parts.doors.read(this.#tenant(businessId ?? own), asked)
    } finally {
      this.doorMs += performance.now() - begunMs
    }
  }

  write<Input, Result>(
    action: Action<Ctx, Input, Result>,
    input: Input,
    answer: (result: Result) => Reply,
    businessId?: Id<'business'>,
  ): Promise<Reply> {
    const tenant = this.#tenant(businessId ?? this.business().businessId)
    return this.#run(tenant, action, input, answer)
  }

  writeOrganization<Input, Result>(
    action: Action<OrganizationCtx, Input, Result>,
    input: Input,
    answer: (result: Result) => Reply,
  ): Promise<Reply> {
    return this.#run(this.#tenant(undefined), action, input, answer)
  }

  /** Whether a refusal that no action has made must be kept under the request's key. */
  get mustKeepRefusals(): boolean {
    const { keepsEverything } = this.#parts.surface.idempotency
    return keepsEverything && this.#idempotencyKey !== undefined && !this.hasWritten
  }

  /** Whether the call did something for the first time and for real. */
  get isReal(): boolean {
    return !this.hasReplayed && !this.#isDryRun
  }

  /** Whether the request came with a key, and what that came to. */
  get idempotencyState(): 'none' | 'first' | 'replayed' {
    if (this.#idempotencyKey === undefined || this.#isDryRun) return 'none'
    return this.hasReplayed ? 'replayed' : 'first'
  }

  /**
   * What was kept under the key of a request whose input is refused; only here is it looked for
   * before the write, so that other requests do not pay for it.
   * Refuses: idempotency.key_reused; else what it was given.
   *
   * isBodyKnown  whether the whole body has been read, so that it can be the same as before
   */
  async replayInstead(error: unknown, isBodyKnown: boolean): Promise<Reply> {
    const key = this.#idempotencyKey
    if (key === undefined || this.#isDryRun || !isRefusal(error)) throw error
    const kept = await this.#findKept(key)
    if (kept === undefined) throw error
    if (!isBodyKnown || !kept.fingerprint.equals(this.#fingerprint())) {
      throw new Refusal('idempotency.key_reused')
    }
    this.hasReplayed = true
    return this.#toReplay(kept.reply)
  }

  async #findKept(key: string): Promise<KeptReply | undefined> {
    const { name: surface, idempotency } = this.#parts.surface
    const { organizationId } = this.caller
    const find = (businessId: Id<'business'> | undefined): Promise<KeptReply | undefined> => {
      const tenant = this.#tenant(businessId)
      const named = { surface, key: this.#keyIn(tenant, key), now: this.now }
      // A surface that keeps everything knows its keys whatever business a write was about.
      const ofAll = idempotency.keepsEverything ? { organizationId } : {}
      const wanted = { ...named, ...ofAll, tenantId: businessId ?? organizationId }
      return this.#parts.doors.read(tenant, (db) => findKept(db, wanted))
    }
    if (this.route.tenant !== 'business') return find(undefined)
    return (await find(this.business().businessId)) ?? find(undefined)
  }

  /**
   * A key counts in its business, also where the organization is what is written to: there, no
   * other business of it has the same.
   */
  #keyIn({ businessId }: Tenant, key: string): string {
    const own = this.route.tenant === 'business' ? this.business().businessId : undefined
    if (own === undefined || own === businessId) return key
    return hash('sha256', `${own} ${key}`)
  }

  /** Keeps a refusal, or answers what was kept before. Refuses: what it was given. */
  keepRefusal(refusal: Refusal): Promise<Reply> {
    return this.writeOrganization(refuse, refusal, () => ({ status: 500 }))
  }

  /**
   * The answer in the dress of the surface; undefined for an answer without a body. Kept answers
   * are bytes; others stay a text, which goes over the wire in one piece with its headers.
   */
  toContent(reply: Reply): Buffer | string | undefined {
    if (reply.bytes !== undefined) return reply.bytes.length === 0 ? undefined : reply.bytes
    if (reply.body === undefined) return undefined
    const { envelope, toJson = JSON.stringify } = this.#parts.surface
    return toJson(envelope === undefined ? reply.body : envelope(reply.body, this))
  }

  async #run<C extends OrganizationCtx, Input, Result>(
    tenant: Tenant,
    action: Action<C, Input, Result>,
    input: Input,
    answer: (result: Result) => Reply,
  ): Promise<Reply> {
    const { doors } = this.#parts
    this.hasWritten = true
    const given = this.#isDryRun ? undefined : this.#idempotencyKey
    const key = given && this.#keyIn(tenant, given)
    const begunMs = performance.now()
    const done = await doors.write({
      tenant,
      action,
      input,
      actor: this.caller.actor,
      now: this.now,
      requestId: this.requestId,
      sizeBytes: this.sizeBytes,
      ...(this.#isDryRun && { dryRun: true }),
      ...(key !== undefined && { idempotency: this.#idempotency(key, answer) }),
      ...(this.#parts.isHeld && { settlement: { run: settleCharges, item: this.requestId } }),
    })
    this.doorMs += performance.now() - begunMs
    if ('replayed' in done) {
      this.hasReplayed = true
      return this.#toReplay(done.replayed)
    }
    const rendering = this.route.hasSecret === true ? undefined : this.#rendering
    if (done.reply !== undefined && rendering !== undefined) return toStored(rendering)
    const reply = answer(done.value)
    if (!this.#isDryRun) return reply
    return { ...reply, status: 200, headers: { ...reply.headers, 'Dry-Run': 'true' } }
  }

  #tenant(businessId: Id<'business'> | undefined): Tenant {
    const { organizationId } = this.caller
    return businessId === undefined ? { organizationId } : { organizationId, businessId }
  }

  #idempotency<Result>(key: string, answer: (result: Result) => Reply): Idempotency<Result> {
    const { surface } = this.#parts
    return {
      surface: surface.name,
      key,
      fingerprint: this.#fingerprint(),
      keepMs: surface.idempotency.keepMs,
      reply: (outcome) =>
        'refusal' in outcome
          ? this.#toKeptRefusal(outcome.refusal)
          : this.#toKept(answer(outcome.value)),
    }
  }

  #fingerprint(): Buffer {
    const { method, path, rawQuery } = this.#parts
    const pairs = Object.keys(rawQuery)
      .sort()
      .map((name) => [name, rawQuery[name]])
    const body = this.json === undefined ? '' : toCanonicalJson(this.json.value)
    const text = `${method} ${path}\n${JSON.stringify(pairs)}\n${body}`
    return Buffer.from(hash('sha256', text), 'hex')
  }

  /**
   * Answers are kept sealed, because they show personal data. One that shows a secret is kept without
   * it, and as a whole for a day.
   */
  #toKept({ keptBody, ...reply }: Reply): StoredReply {
    const whole = this.#rendered(reply)
    this.#rendering = whole
    if (keptBody === undefined) return this.#sealed(whole)
    const { headers, ...kept } = this.#sealed(this.#rendered({ ...reply, body: keptBody }))
    const sealed = this.outside.seal(this.#placeOf('headers', this.requestId), whole.body)
    const ends = msOf(this.now) + secretMs
    const sealedAnswer = `${ends} ${Buffer.from(sealed).toString('base64')}`
    return { ...kept, headers: { ...headers, [sealedHeader]: sealedAnswer } }
  }

  #sealed(reply: StoredReply): StoredReply {
    const sealed = this.outside.seal(this.#placeOf('body', reply.requestId), reply.body)
    return { ...reply, body: Buffer.from(sealed) }
  }

  #rendered(reply: Reply): StoredReply {
    const content = this.toContent(reply)
    const type = content === undefined ? {} : { 'Content-Type': jsonType }
    return {
      status: reply.status,
      headers: pickKept({ ...type, ...reply.headers }),
      body: Buffer.from(content ?? ''),
      requestId: this.requestId,
    }
  }

  #toReplay({ status, headers, body, requestId }: StoredReply): Reply {
    const { [sealedHeader]: sealedAnswer, ...shown } = headers
    const [ends = '0', sealed = ''] = sealedAnswer?.split(' ') ?? []
    const isWhole = msOf(this.now) < Number(ends)
    const place = this.#placeOf(isWhole ? 'headers' : 'body', requestId)
    const bytes = isWhole ? Buffer.from(sealed, 'base64') : body
    return {
      status,
      headers: { ...shown, 'Idempotency-Replayed': 'true', 'Original-Request-Id': requestId },
      bytes: Buffer.from(this.outside.unseal(place, bytes)),
    }
  }

  #placeOf(column: 'headers' | 'body', requestId: string): SecretPlace {
    const { organizationId } = this.caller
    return { table: 'idempotency', column, organizationId, rowId: requestId }
  }

  #toKeptRefusal(refusal: Refusal): StoredReply | undefined {
    const { surface, errorContext, route, admitted } = this.#parts
    const rendered = surface.renderError(refusal, errorContext, { route, admitted })
    if (!surface.idempotency.keeps(refusal, rendered.status)) return undefined
    return this.#sealed({
      status: rendered.status,
      headers: pickKept(rendered.headers),
      body: Buffer.from(JSON.stringify(rendered.body)),
      requestId: this.requestId,
    })
  }
}

export const jsonType = 'application/json; charset=utf-8'

// An action by its type: its refusal is thrown inside of the gate, which keeps it.
const refuse = (_ctx: OrganizationCtx, refusal: Refusal): Promise<never> => Promise.reject(refusal)

const toStored = ({ status, headers, body }: StoredReply): Reply => ({
  status,
  headers,
  bytes: body,
})

const pickKept = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => keptHeaders.includes(name)))

const visible = /^[\x21-\x7e]{1,255}$/

/** Refuses: idempotency.key_invalid. Quotes around the value are not part of it. */
function parseIdempotencyKey(
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const given = headers['idempotency-key']
  if (given === undefined) return undefined
  const isQuoted = given.length > 1 && given.startsWith('"') && given.endsWith('"')
  const key = isQuoted ? given.slice(1, -1) : given
  if (!visible.test(key)) throw new Refusal('idempotency.key_invalid')
  return key
}

function toCaller(admitted: Admitted | undefined): Caller {
  assert(admitted?.key_id, 'a route that needs a caller needs a key')
  return {
    organizationId: admitted.organization_id,
    keyId: admitted.key_id,
    actor: `key:${admitted.key_id}`,
    scopes: admitted.scopes,
    environment: admitted.environment,
    plan: admitted.plan ?? '',
    organizationCreatedAt: admitted.organization_created_at,
    keyCreatedAt: admitted.created_at,
    businessIds: admitted.key_business_ids,
  }
}
