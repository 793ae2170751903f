import { type ChainRecord, digestText } from '../../db/chain.ts'
import { type Db, safeOf } from '../../db/tx.ts'
import type { Safe } from '../../db/vault.ts'
import { assert } from '../../kernel/assert.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { placeOfVersion } from '../ledger/document.ts'
import type { EntryKind } from '../ledger/journal.ts'
import type { StoredEntry, StoredHead, StoredLine, StoredLink } from './integrity.ts'

type TenantId = Id<'business'> | Id<'organization'>

const pageRows = 1_000
const pageLines = 10_000
const noId = '00000000-0000-0000-0000-000000000000'

/** The head of a tenant's lane, or undefined when the tenant never wrote. */
export async function findHead(db: Db, tenantId: TenantId): Promise<StoredHead | undefined> {
  const [row] = await db.query<StoredHead>({
    text: `select entry_seq as "entrySeq", link, event_seq as "eventSeq", audit_seq as "auditSeq",
        encode(chain_hash, 'hex') as "chainHash", horizon, recorded_at as "recordedAt"
      from lane_head where tenant_id = $1`,
    values: [tenantId],
  })
  return row
}

const linkColumns = `link, recorded_at as "recordedAt", encode(prev_hash, 'hex') as "previousHash",
  encode(hash, 'hex') as hash, first_entry_seq as "firstEntrySeq", last_entry_seq as "lastEntrySeq",
  first_event_seq as "firstEventSeq", last_event_seq as "lastEventSeq",
  first_audit_seq as "firstAuditSeq", last_audit_seq as "lastAuditSeq",
  record_count as "recordCount"`

/** The newest link of a tenant that was recorded before an instant. */
export async function findLinkBefore(
  db: Db,
  tenantId: TenantId,
  since: Instant,
): Promise<StoredLink | undefined> {
  const [row] = await db.query<StoredLink>({
    text: `select ${linkColumns} from chain_link
      where tenant_id = $1 and recorded_at < $2 order by link desc limit 1`,
    values: [tenantId, since],
  })
  return row
}

/** These links of a tenant, as far as they are there, in order. */
export function listLinks(
  db: Db,
  tenantId: TenantId,
  links: readonly bigint[],
): Promise<StoredLink[]> {
  return db.query<StoredLink>({
    text: `select ${linkColumns} from chain_link
      where tenant_id = $1 and link = any ($2::bigint[]) order by link limit 1000000`,
    values: [tenantId, links],
  })
}

/** All links of a tenant after one, in order, a page at a time. */
export async function* streamLinks(
  db: Db,
  tenantId: TenantId,
  after = -1n,
): AsyncGenerator<StoredLink> {
  let last = after
  for (;;) {
    const page = await db.query<StoredLink>({
      name: 'stream_links',
      text: `select ${linkColumns} from chain_link where tenant_id = $1 and link > $2 order by link limit $3`,
      values: [tenantId, last, pageRows],
    })
    yield* page
    const end = page.at(-1)
    if (end === undefined) return
    last = end.link
  }
}

type EntryRow = Readonly<{
  id: Id<'entry'>
  seq: bigint
  link: bigint
  number: string
  accountingDate: CalendarDate
  recordedAt: Instant
  kind: EntryKind
  sourceType: string
  sourceId: string | null
  description: string
  reference: string | null
  reversesEntryId: Id<'entry'> | null
  externalId: string | null
  actor: string
  lineCount: number
  totalBase: bigint
}>

/** All entries of a business after one by number in the chain, with their lines, a page at a time. */
export async function* streamEntries(
  db: Db,
  tenantId: TenantId,
  after: bigint,
): AsyncGenerator<StoredEntry> {
  let last = after
  for (;;) {
    const page = await db.query<EntryRow>({
      name: 'stream_entries',
      text: `select entry_id as id, entry_seq as seq, link, number,
          accounting_date as "accountingDate", recorded_at as "recordedAt", kind,
          source_type as "sourceType", source_id as "sourceId", description, reference,
          reverses_entry_id as "reversesEntryId", external_id as "externalId", actor,
          line_count as "lineCount", total_base as "totalBase"
        from journal_entry where business_id = $1 and entry_seq > $2
        order by entry_seq limit $3`,
      values: [tenantId, last, pageRows],
    })
    for (const part of inParts(page)) yield* await withLines(db, tenantId, part)
    const end = page.at(-1)
    if (end === undefined) return
    last = end.seq
  }
}

/** Cuts a page so that the lines of a part fit in memory whatever the entries are. */
function* inParts(page: readonly EntryRow[]): Generator<readonly EntryRow[]> {
  let part: EntryRow[] = []
  let lines = 0
  for (const row of page) {
    if (part.length > 0 && lines + row.lineCount > pageLines) {
      yield part
      part = []
      lines = 0
    }
    part.push(row)
    lines += row.lineCount
  }
  if (part.length > 0) yield part
}

type LineRow = Readonly<{
  entryId: Id<'entry'>
  lineNo: number
  accountId: Id<'account'>
  accountingDate: CalendarDate
  entrySeq: bigint
  currency: string
  amount: bigint
  base: bigint
  rate: string | null
  rateSource: string | null
  partyId: Id<'party'> | null
  openItemId: Id<'item'> | null
  taxTag: string | null
  dimensionSetId: number
  bucket: 0 | 1
  description: string | null
  tags: readonly string[] | null
}>

async function withLines(
  db: Db,
  tenantId: TenantId,
  rows: readonly EntryRow[],
): Promise<readonly StoredEntry[]> {
  const lines = await db.query<LineRow>({
    name: 'stream_lines',
    text: `select l.entry_id as "entryId", l.line_no as "lineNo", l.account_id as "accountId",
        l.accounting_date as "accountingDate", l.entry_seq as "entrySeq", l.currency, l.amount,
        l.base_amount as base, l.rate, l.rate_source as "rateSource", l.party_id as "partyId",
        l.open_item_id as "openItemId", l.tax_tag as "taxTag",
        l.dimension_set_id as "dimensionSetId", l.bucket, l.description, s.tags
      from journal_line as l
      left join dimension_set as s
        on s.business_id = l.business_id and s.set_id = l.dimension_set_id
      where l.business_id = $1 and l.entry_id = any ($2::uuid[])
      order by l.entry_id, l.line_no limit 1000000`,
    values: [tenantId, rows.map(({ id }) => id)],
  })
  const linesById = new Map<string, StoredLine[]>(rows.map(({ id }) => [id, []]))
  for (const line of lines) linesById.get(line.entryId)?.push(toLine(line))
  return rows.map((row) => toEntry(row, linesById.get(row.id) ?? []))
}

const toEntry = (row: EntryRow, lines: readonly StoredLine[]): StoredEntry => {
  const { sourceId, reference, reversesEntryId, externalId, ...rest } = row
  return {
    ...rest,
    ...(sourceId !== null && { sourceId }),
    ...(reference !== null && { reference }),
    ...(reversesEntryId !== null && { reversesEntryId }),
    ...(externalId !== null && { externalId }),
    scope: 'journals',
    lines,
  }
}

const toLine = ({ entryId: _, ...row }: LineRow): StoredLine => {
  const { rate, rateSource, partyId, openItemId, taxTag, description, tags, ...rest } = row
  return {
    ...rest,
    ...(rate !== null && { rate }),
    ...(rateSource !== null && { rateSource }),
    ...(partyId !== null && { partyId }),
    ...(openItemId !== null && { openItemId }),
    ...(taxTag !== null && { taxTag }),
    ...(description !== null && { description }),
    ...(tags !== null && { tags }),
  }
}

/** A version of a document in the chain; `digest` is that of the snapshot as it is kept now. */
export type StoredVersion = Readonly<{
  link: bigint
  documentId: Id<'document'>
  version: bigint
  record: ChainRecord
  sha256: string
  digest: string
  isErased: boolean
}>

/** All document versions of a business after a link, by link, document and version, in pages. */
export async function* streamVersions(
  db: Db,
  tenantId: TenantId,
  after: bigint,
): AsyncGenerator<StoredVersion> {
  type Row = Omit<StoredVersion, 'record' | 'digest' | 'isErased'> &
    Readonly<{ kind: string; number: string; sealed: Buffer | null }>
  let open: Safe['open'] | undefined
  let last: readonly [bigint, string, bigint] = [after + 1n, noId, 0n]
  for (;;) {
    const page = await db.query<Row>({
      name: 'stream_versions',
      text: `select link, document_id as "documentId", version, kind, number,
          encode(sha256, 'hex') as sha256, sealed_snapshot as sealed
        from document_version
        where business_id = $1 and (link, document_id, version) > ($2::bigint, $3::uuid, $4::bigint)
        order by link, document_id, version limit $5`,
      values: [tenantId, ...last, pageRows],
    })
    const end = page.at(-1)
    if (end === undefined) return
    open ??= (await safeOf(db, await findOrganization(db, tenantId))).open
    for (const { kind, number, sealed, ...row } of page) {
      const record = ['D', row.documentId, kind, number, String(row.version), row.sha256]
      const digest = sealed === null ? '' : digestOf(open, row, sealed)
      yield { ...row, record, digest, isErased: sealed === null }
    }
    last = [end.link, end.documentId, end.version]
  }
}

/** Digest of what was sealed; of nothing at all where it is not what was sealed there. */
function digestOf(
  open: Safe['open'],
  { documentId, version }: Pick<StoredVersion, 'documentId' | 'version'>,
  sealed: Buffer,
): string {
  try {
    return digestText(new TextDecoder().decode(open(placeOfVersion(documentId, version), sealed)))
  } catch {
    return 'it cannot be opened'
  }
}

async function findOrganization(db: Db, businessId: TenantId): Promise<Id<'organization'>> {
  const [row] = await db.query<{ id: Id<'organization'> }>({
    text: 'select organization_id as id from business where business_id = $1',
    values: [businessId],
  })
  assert(row !== undefined, 'a document has a business')
  return row.id
}

/** The seal of a closed month; `digest` is that of its trial balance as it is kept now. */
export type StoredSeal = Readonly<{
  link: bigint
  through: CalendarDate
  closeId: string
  record: ChainRecord
  sha256: string
  digest: string
}>

/** All seals of a business after a link, by link and day, a page at a time. */
export async function* streamSeals(
  db: Db,
  tenantId: TenantId,
  after: bigint,
): AsyncGenerator<StoredSeal> {
  type Row = Omit<StoredSeal, 'record'> & Readonly<{ entryCount: bigint }>
  let last: readonly [bigint, string, string] = [after + 1n, '1900-01-01', noId]
  for (;;) {
    const page = await db.query<Row>({
      name: 'stream_seals',
      text: `select c.link, c.through_date as through, c.close_id as "closeId",
          c.entry_count as "entryCount", c.snapshot_sha256 as sha256,
          encode(sha256(convert_to(coalesce((
            select string_agg(concat_ws(' ', b.account_id, b.currency, b.bucket, b.debit_base,
              b.credit_base, b.debit, b.credit), E'\n'
              order by b.account_id, b.currency, b.bucket)
            from period_close_balance as b
            where b.business_id = c.business_id and b.close_id = c.close_id), ''), 'UTF8')), 'hex')
            as digest
        from period_close as c
        where c.business_id = $1
          and (c.link, c.through_date, c.close_id) > ($2::bigint, $3::date, $4::uuid)
        order by c.link, c.through_date, c.close_id limit $5`,
      values: [tenantId, ...last, pageRows],
    })
    for (const { entryCount, ...row } of page) {
      const record = ['S', row.closeId, row.through, String(entryCount), row.sha256]
      yield { ...row, record }
    }
    const end = page.at(-1)
    if (end === undefined) return
    last = [end.link, end.through, end.closeId]
  }
}

/** An audit row in the chain. */
export type StoredAudit = Readonly<{ sequence: bigint; at: Instant; record: ChainRecord }>

/** All audit rows of a tenant after one by sequence, in pages; images as digests only. */
export async function* streamAudits(
  db: Db,
  tenantId: TenantId,
  after: bigint,
): AsyncGenerator<StoredAudit> {
  type Row = Readonly<{ sequence: bigint; at: Instant; facts: readonly (string | null)[] }>
  let last = after
  for (;;) {
    const page = await db.query<Row>({
      name: 'stream_audits',
      text: `select sequence, at, array[actor, action, resource, resource_id, reason,
          request_id::text, encode(sha256(convert_to(before, 'UTF8')), 'hex'),
          encode(sha256(convert_to(after, 'UTF8')), 'hex')] as facts
        from audit_row where tenant_id = $1 and sequence > $2 order by sequence limit $3`,
      values: [tenantId, last, pageRows],
    })
    for (const { sequence, at, facts } of page) {
      yield { sequence, at, record: ['A', String(sequence), at, ...facts] }
    }
    const end = page.at(-1)
    if (end === undefined) return
    last = end.sequence
  }
}

/** A stream whose next row can be looked at before it is taken. */
export class Cursor<Row> {
  readonly #rows: AsyncGenerator<Row>
  #next: IteratorResult<Row> | undefined

  constructor(rows: AsyncGenerator<Row>) {
    this.#rows = rows
  }

  /** The next row, which stays; undefined at the end. */
  async peek(): Promise<Row | undefined> {
    this.#next ??= await this.#rows.next()
    return this.#next.done === true ? undefined : this.#next.value
  }

  /** Takes the row that `peek` answered. */
  take(): void {
    assert(this.#next?.done === false, 'only a row that was looked at is taken')
    this.#next = undefined
  }
}
