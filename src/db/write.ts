import { assert } from '../kernel/assert.ts'
import type { CalendarDate, Instant } from '../kernel/dates.ts'
import { instantFromMs, msOf } from '../kernel/dates.ts'
import type { Refusal } from '../kernel/errors.ts'
import { asId, type Id, uuidV7 } from '../kernel/ids.ts'
import { placeOfEvent } from '../kernel/secret-place.ts'
import { bytesArray, nullableArray, plainArray, textArray } from './arrays.ts'
import { type ChainRecord, digestText, linkHash } from './chain.ts'
import { type Db, safeOf, type Tenant, type Tx } from './tx.ts'

/** What happened, for the outside: one outbox row. Payloads are complete when written. */
export type NewEvent = Readonly<{
  type: string
  resource: string
  resourceId: string
  payload: Readonly<Record<string, unknown>>
  /** More members of the payload that are personal data; they are kept sealed. */
  personal?: Readonly<Record<string, unknown>>
}>

/** What was done, for the auditor: one row per effect, part of the hash chain. */
export type NewAudit = Readonly<{
  action: string
  resource: string
  resourceId: string
  reason?: string
  before?: Readonly<Record<string, unknown>>
  after?: Readonly<Record<string, unknown>>
}>

/** The chained kinds that actions write; audit records are the gate's own. */
export type ChainKind = 'E' | 'D' | 'S'

/** All that an action of an organization may use. */
export type OrganizationCtx = Readonly<{
  tx: Tx
  organizationId: Id<'organization'>
  actor: string
  now: Instant
  /** The instant of record: never before an earlier one of the same lane. */
  recordedAt: Instant
  newId: <K extends string>(kind: K) => Id<K>
  emit: (event: NewEvent) => void
  audit: (row: NewAudit) => void
  /** Adds a record to this commit's chain link, in the order of the calls within its kind. */
  chain: (kind: ChainKind, record: ChainRecord) => void
  /** SHA-256 of a text, 64 lower-case hexadecimal digits. */
  digest: (text: string) => string
  /** Number of the chain link that this commit will write. */
  link: bigint
  /** Takes the next entry number of the lane; gap-free, because a rollback gives it back. */
  nextEntrySeq: () => bigint
  horizon: () => CalendarDate | null
  moveHorizon: (month: CalendarDate) => void
  /** What `load` read, kept by the lane until configuration of the tenant changes. */
  remember: <T>(load: (tx: Tx, tenant: Tenant) => Promise<T>) => Promise<T>
  /** Tells every lane and process that accounts, locks or settings of this tenant changed. */
  configurationChanged: () => void
  /**
   * Runs a part of the action that may be refused without the rest: a refusal takes back all that
   * the part wrote, numbered and left. Parts do not run at the same time.
   */
  attempt: <Result>(part: () => Promise<Result>) => Promise<Outcome<Result>>
}>

/** All that an action of a business may use. */
export type Ctx = OrganizationCtx &
  Readonly<{
    businessId: Id<'business'>
    /**
     * Answers for one item what `run` can answer for many: commands that run side by side share the
     * call. Actions that may run so read and write in this way, and alone only where they seldom do.
     */
    readTogether: <Item, Result>(run: Together<Item, Result>, item: Item) => Promise<Result>
    /** The same of a write. A command that is refused later makes its neighbours begin anew. */
    writeTogether: <Item, Result>(run: Together<Item, Result>, item: Item) => Promise<Result>
  }>

/** Reads or writes for many items at once and answers in their order; `ctx` is that of the first. */
export type Together<Item, Result> = (
  ctx: Ctx,
  items: readonly Item[],
) => Promise<readonly Result[]>

export type Action<C, Input, Result> = (ctx: C, input: Input) => Promise<Result>

/** A finished answer, kept with its idempotency key and replayed byte for byte. */
export type StoredReply = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
  requestId: string
}>

/** How one command is made safe to repeat. Source: platform specification 8. */
export type Idempotency<Result> = Readonly<{
  surface: string
  key: string
  fingerprint: Buffer
  keepMs: number
  /** Renders the outcome before the commit; undefined means: not kept. */
  reply: (outcome: Outcome<Result>) => StoredReply | undefined
}>

/**
 * What a commit does once for all of its commands that ask for the same: `run` with their items.
 * It shares the fate of the commands, and must not refuse.
 */
export type Settlement = Readonly<{
  run: (tx: Tx, tenant: Tenant, items: readonly string[]) => Promise<void>
  item: string
}>

export type Outcome<Result> = Readonly<{ value: Result }> | Readonly<{ refusal: Refusal }>

/** One write as it waits in the queue of its tenant. */
export type Command<C, Input, Result> = Readonly<{
  tenant: Tenant
  action: Action<C, Input, Result>
  input: Input
  actor: string
  now: Instant
  requestId?: string
  /** Bytes the command holds while it waits, for the queue's bound. */
  sizeBytes?: number
  dryRun?: boolean
  idempotency?: Idempotency<Result>
  /** Run in the commit of the command, when it succeeds. */
  settlement?: Settlement
}>

/** What a command came to: its result, with the reply that was kept, or an earlier one's reply. */
export type Done<Result> =
  | Readonly<{ value: Result; reply?: StoredReply }>
  | Readonly<{ replayed: StoredReply }>

/** The lane's position; a rollback restores it. */
export type Head = {
  isNew: boolean
  entrySeq: bigint
  link: bigint
  eventSeq: bigint
  auditSeq: bigint
  chainHash: Buffer
  horizon: CalendarDate | null
  configVersion: bigint
  recordedAtMs: number
}

type Kept = Readonly<{
  surface: string
  key: string
  fingerprint: Buffer
  reply: StoredReply
  at: Instant
  expiresAt: Instant
}>

type Stamp = Readonly<{ actor: string; requestId: string | undefined; at: Instant }>

/** What one command leaves to be written at the end of its commit. */
export class Work {
  readonly chained: { kind: ChainKind; record: ChainRecord }[] = []
  readonly events: (NewEvent & { id: string; stamp: Stamp })[] = []
  readonly audits: (NewAudit & { stamp: Stamp })[] = []
  readonly kept: Kept[] = []
  readonly settlements: Settlement[] = []
  isConfigurationChanged = false

  /** Takes over what another, successful command left. */
  add(other: Work): void {
    this.chained.push(...other.chained)
    this.events.push(...other.events)
    this.audits.push(...other.audits)
    this.kept.push(...other.kept)
    this.settlements.push(...other.settlements)
    this.isConfigurationChanged ||= other.isConfigurationChanged
  }

  /** How much there is, to come back to with `cut`. */
  size(): WorkSize {
    const { chained, events, audits, kept, settlements, isConfigurationChanged } = this
    const lengths = [
      chained.length,
      events.length,
      audits.length,
      kept.length,
      settlements.length,
    ] as const
    return { lengths, isConfigurationChanged }
  }

  /** Forgets what was added since a size was taken. */
  cut({ lengths, isConfigurationChanged }: WorkSize): void {
    const [chained, events, audits, kept, settlements] = lengths
    this.chained.length = chained
    this.events.length = events
    this.audits.length = audits
    this.kept.length = kept
    this.settlements.length = settlements
    this.isConfigurationChanged = isConfigurationChanged
  }
}

export type WorkSize = Readonly<{
  lengths: readonly [
    chained: number,
    events: number,
    audits: number,
    kept: number,
    settlements: number,
  ]
  isConfigurationChanged: boolean
}>

type CtxParts = Readonly<{
  tx: Tx
  tenant: Tenant
  head: Head
  work: Work
  actor: string
  requestId: string | undefined
  now: Instant
  random: (bytes: number) => Uint8Array
  memory: Map<unknown, unknown>
  /** Runs a part in a savepoint of its own. */
  savepoint: <Result>(part: () => Promise<Result>) => Promise<Outcome<Result>>
}>

/** The context of one command; everything it leaves goes into `work`. */
export function buildCtx(parts: CtxParts): OrganizationCtx | Ctx {
  const { tx, tenant, head, work, actor, requestId, now, random, memory, savepoint } = parts
  const nowMs = msOf(now)
  head.recordedAtMs = Math.max(nowMs, head.recordedAtMs)
  const recordedAt = instantFromMs(head.recordedAtMs)
  const stamp: Stamp = { actor, requestId, at: recordedAt }
  const newId = <K extends string>(kind: K): Id<K> => asId(kind, uuidV7(nowMs, random(10)))
  const ctx: OrganizationCtx = {
    tx,
    organizationId: tenant.organizationId,
    actor,
    now,
    recordedAt,
    newId,
    emit: (event) => void work.events.push({ ...event, id: newId('event'), stamp }),
    audit: (row) => void work.audits.push({ ...row, stamp }),
    chain: (kind, record) => void work.chained.push({ kind, record }),
    digest: (text) => digestText(text),
    link: head.link + 1n,
    nextEntrySeq: () => {
      head.entrySeq += 1n
      return head.entrySeq
    },
    horizon: () => head.horizon,
    moveHorizon: (month) => {
      head.horizon = month
    },
    remember: (load) => {
      const known = memory.get(load) as ReturnType<typeof load> | undefined // stored under its own loader
      if (known !== undefined) return known
      const loading = load(tx, tenant).catch((error: unknown) => {
        memory.delete(load)
        throw error
      })
      memory.set(load, loading)
      return loading
    },
    configurationChanged: () => {
      work.isConfigurationChanged = true
      memory.clear()
    },
    attempt: async (part) => {
      const before = { head: { ...head }, size: work.size() }
      const outcome = await savepoint(part)
      if ('value' in outcome) return outcome
      if (work.isConfigurationChanged !== before.size.isConfigurationChanged) memory.clear()
      Object.assign(head, before.head)
      work.cut(before.size)
      return outcome
    },
  }
  const { businessId } = tenant
  if (businessId === undefined) return ctx
  const own: Ctx = {
    ...ctx,
    businessId,
    readTogether: (run, item) => alone(own, run, item),
    writeTogether: (run, item) => alone(own, run, item),
  }
  return own
}

async function alone<Item, Result>(
  ctx: Ctx,
  run: Together<Item, Result>,
  item: Item,
): Promise<Result> {
  const results = await run(ctx, [item])
  assert(results.length === 1, 'each item has its own answer')
  return results[0] as Result // may be undefined itself
}

type HeadRow = {
  entry_seq: bigint
  link: bigint
  event_seq: bigint
  audit_seq: bigint
  chain_hash: Buffer
  horizon: CalendarDate | null
  config_version: bigint
  recorded_at: string
}

/** The head's row as the lane works with it; a tenant without one starts at zero. */
export function parseHead(row: HeadRow | undefined): Head {
  if (row === undefined) {
    return {
      isNew: true,
      entrySeq: 0n,
      link: 0n,
      eventSeq: 0n,
      auditSeq: 0n,
      chainHash: Buffer.alloc(32),
      horizon: null,
      configVersion: 0n,
      recordedAtMs: 0,
    }
  }
  return {
    isNew: false,
    entrySeq: row.entry_seq,
    link: row.link,
    eventSeq: row.event_seq,
    auditSeq: row.audit_seq,
    chainHash: row.chain_hash,
    horizon: row.horizon,
    configVersion: row.config_version,
    recordedAtMs: row.recorded_at.endsWith('infinity') ? 0 : Date.parse(row.recorded_at),
  }
}

const flushSql = `
  with head as (
    insert into lane_head (tenant_id, entry_seq, link, event_seq, audit_seq, chain_hash, horizon,
      config_version, recorded_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (tenant_id) do update set entry_seq = excluded.entry_seq, link = excluded.link,
      event_seq = excluded.event_seq, audit_seq = excluded.audit_seq,
      chain_hash = excluded.chain_hash, horizon = excluded.horizon,
      config_version = excluded.config_version, recorded_at = excluded.recorded_at
  ), audits as (
    insert into audit_row (tenant_id, sequence, at, actor, action, resource, resource_id, reason,
      request_id, before, after)
    select $1, t.* from unnest($10::bigint[], $11::timestamptz[], $12::text[], $13::text[],
      $14::text[], $15::text[], $16::text[], $17::uuid[], $18::text[], $19::text[]) as t
  ), events as (
    insert into event (tenant_id, sequence, event_id, type, resource, resource_id, payload,
      request_id, actor, at, sealed)
    select $1, t.* from unnest($20::bigint[], $21::uuid[], $22::text[], $23::text[], $24::text[],
      $25::jsonb[], $26::uuid[], $27::text[], $28::timestamptz[], $43::bytea[]) as t
  ), kept as (
    insert into idempotency (tenant_id, surface, key, fingerprint, status, headers, body,
      request_id, created_at, expires_at)
    select $1, t.* from unnest($29::text[], $30::text[], $31::bytea[], $32::int[], $33::jsonb[],
      $34::bytea[], $35::uuid[], $36::timestamptz[], $37::timestamptz[]) as t
    on conflict (tenant_id, surface, key) do update set fingerprint = excluded.fingerprint,
      status = excluded.status, headers = excluded.headers, body = excluded.body,
      request_id = excluded.request_id, created_at = excluded.created_at,
      expires_at = excluded.expires_at
  )
  insert into chain_link (tenant_id, link, recorded_at, prev_hash, hash, first_entry_seq,
    last_entry_seq, first_event_seq, last_event_seq, first_audit_seq, last_audit_seq, record_count)
  select $1, $3, $9, $38, $6, $39, $2, $40, $4, $41, $5, $42 where $42 > 0`

/**
 * Writes everything the commands of one commit left, in one statement: audit rows, outbox rows with
 * the next sequence numbers, kept replies, the chain link and the head.
 *
 * firstEntrySeq  the first entry number this commit may have taken
 * returns        the link's hash, to be looked up when the outcome of the commit is unknown
 */
export async function flushWork(
  tx: Tx,
  { tenantId, head, work, firstEntrySeq }: FlushInput,
): Promise<Buffer> {
  const { audits, events, kept } = work
  const firstAudit = head.auditSeq + 1n
  const firstEvent = head.eventSeq + 1n
  const before = audits.map((row) => toImage(row.before))
  const after = audits.map((row) => toImage(row.after))
  const auditRecords = audits.map(
    (row, i): ChainRecord => [
      'A',
      String(firstAudit + BigInt(i)),
      row.stamp.at,
      row.stamp.actor,
      row.action,
      row.resource,
      row.resourceId,
      row.reason ?? null,
      row.stamp.requestId ?? null,
      digestText(before[i] ?? null),
      digestText(after[i] ?? null),
    ],
  )
  const records = [...inOrder(work), ...auditRecords]
  const previous = head.chainHash
  if (records.length > 0) {
    head.link += 1n
    head.chainHash = linkHash(previous, tenantId, head.link, records)
  }
  head.auditSeq += BigInt(audits.length)
  head.eventSeq += BigInt(events.length)
  if (work.isConfigurationChanged) head.configVersion += 1n
  await tx.query({
    name: 'flush_work',
    text: flushSql,
    values: [
      tenantId,
      head.entrySeq,
      head.link,
      head.eventSeq,
      head.auditSeq,
      head.chainHash,
      head.horizon,
      head.configVersion,
      audits.at(-1)?.stamp.at ?? instantFromMs(head.recordedAtMs),
      plainArray(audits.map((_, i) => firstAudit + BigInt(i))),
      plainArray(audits.map((row) => row.stamp.at)),
      textArray(audits.map((row) => row.stamp.actor)),
      textArray(audits.map((row) => row.action)),
      textArray(audits.map((row) => row.resource)),
      textArray(audits.map((row) => row.resourceId)),
      textArray(audits.map((row) => row.reason ?? null)),
      nullableArray(audits.map((row) => row.stamp.requestId ?? null)),
      textArray(before),
      textArray(after),
      plainArray(events.map((_, i) => firstEvent + BigInt(i))),
      plainArray(events.map((event) => event.id)),
      textArray(events.map((event) => event.type)),
      textArray(events.map((event) => event.resource)),
      textArray(events.map((event) => event.resourceId)),
      textArray(events.map((event) => toJson(event.payload))),
      nullableArray(events.map((event) => event.stamp.requestId ?? null)),
      textArray(events.map((event) => event.stamp.actor)),
      plainArray(events.map((event) => event.stamp.at)),
      textArray(kept.map((row) => row.surface)),
      textArray(kept.map((row) => row.key)),
      bytesArray(kept.map((row) => row.fingerprint)),
      plainArray(kept.map((row) => row.reply.status)),
      textArray(kept.map((row) => JSON.stringify(row.reply.headers))),
      bytesArray(kept.map((row) => row.reply.body)),
      plainArray(kept.map((row) => row.reply.requestId)),
      plainArray(kept.map((row) => row.at)),
      plainArray(kept.map((row) => row.expiresAt)),
      previous,
      firstEntrySeq,
      firstEvent,
      firstAudit,
      records.length,
      bytesArray(await sealPersonal(tx, events)),
    ],
  })
  return head.chainHash
}

async function sealPersonal(tx: Tx, events: Work['events']): Promise<readonly (Buffer | null)[]> {
  if (events.every(({ personal }) => personal === undefined)) return events.map(() => null)
  const { seal } = await safeOf(tx)
  return events.map(({ id, personal }) =>
    personal === undefined
      ? null
      : Buffer.from(seal(placeOfEvent(id), Buffer.from(toJson(personal)))),
  )
}

/** The identity of a kept answer; with an organization, of whichever of its businesses. */
type KeptName = Readonly<{
  tenantId: string
  organizationId?: Id<'organization'>
  surface: string
  key: string
  now: Instant
}>

export type KeptReply = Readonly<{ fingerprint: Buffer; reply: StoredReply }>

/** What was kept under an idempotency key and still counts; undefined: nothing. */
export async function findKept(
  db: Db,
  { tenantId, organizationId = asId('organization', tenantId), surface, key, now }: KeptName,
): Promise<KeptReply | undefined> {
  const [row] = await db.query<KeptRow>({
    name: 'find_kept_reply',
    text: `select fingerprint, status, headers, body, request_id as "requestId" from idempotency
      where tenant_id = any (array(select business_id from business where organization_id = $2)
          || $1::uuid)
        and surface = $3 and key = $4 and expires_at > $5
      order by created_at limit 1`,
    values: [tenantId, organizationId, surface, key, now],
  })
  return row && { fingerprint: row.fingerprint, reply: row }
}

type KeptRow = StoredReply & Readonly<{ fingerprint: Buffer }>

type FlushInput = Readonly<{ tenantId: string; head: Head; work: Work; firstEntrySeq: bigint }>

const kindsInOrder: readonly ChainKind[] = ['E', 'D', 'S']

/** Entries in the order of their numbers, document versions by document, seals as they were made. */
function inOrder({ chained }: Work): ChainRecord[] {
  return kindsInOrder.flatMap((kind) => {
    const records = chained.filter((row) => row.kind === kind).map((row) => row.record)
    if (kind === 'S') return records
    return records.sort(kind === 'E' ? byNumber : byDocument)
  })
}

const byNumber = (a: ChainRecord, b: ChainRecord): number => Number(a[1]) - Number(b[1])

const byDocument = (a: ChainRecord, b: ChainRecord): number =>
  String(a[1]).localeCompare(String(b[1]), 'en') || Number(a[4]) - Number(b[4])

const toImage = (image: Readonly<Record<string, unknown>> | undefined): string | null =>
  image === undefined ? null : toJson(image)

/** JSON with bigint as decimal text, so that no amount passes through a float. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // A replacer costs several times as much; only values that hold a bigint need it.
    return JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'bigint' ? member.toString() : member,
    )
  }
}
