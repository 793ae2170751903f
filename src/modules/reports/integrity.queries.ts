import { LinkHasher } from '../../db/chain.ts'
import type { Db } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import { toChainRecord } from '../ledger/journal.ts'
import {
  Cursor,
  findHead,
  findLinkBefore,
  listLinks,
  type StoredAudit,
  type StoredSeal,
  type StoredVersion,
  streamAudits,
  streamEntries,
  streamLinks,
  streamSeals,
  streamVersions,
} from './chained-row.queries.ts'
import {
  brokenEntry,
  brokenLink,
  type Checked,
  type Finding,
  type FindingKind,
  findingsMax,
  nothingChecked,
  placeOf,
  type StoredEntry,
  type StoredHead,
  type StoredLink,
  type Verification,
} from './integrity.ts'

type TenantId = Id<'business'> | Id<'organization'>

/** A link that a witness outside the tables has seen. */
export type Witness = Readonly<{ link: bigint; hash: string }>

const genesis = '0'.repeat(64)

/** Every business and every organization, those without a single write included. */
export function listTenants(
  db: Db,
): Promise<Readonly<{ tenantId: TenantId; businessId: Id<'business'> | null }>[]> {
  return db.query({
    text: `select business_id as "tenantId", business_id as "businessId" from business
      union
      select organization_id, null from organization
      union
      select tenant_id, null from lane_head
      where tenant_id not in (select business_id from business)
      order by 1 limit 1000000`,
    values: [],
  })
}

/** Businesses that are gone with their chains, as the chains of their organizations say. */
export async function listRemoved(db: Db): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>({
    text: `select a.resource_id as id from organization as o
      join audit_row as a on a.tenant_id = o.organization_id and a.action = 'demo.removed'
      order by 1 limit 1000000`,
    values: [],
  })
  return rows.map(({ id }) => id)
}

/** Where the books of a tenant stand: its newest numbers and the newest link of its chain. */
export type TenantHead = Readonly<{
  tenantId: TenantId
  link: bigint
  hash: string
  entrySequence: bigint
  eventSequence: bigint
  auditSequence: bigint
  recordedAt: Instant
}>

/** Of every tenant that has written anything, by id. */
export function listHeads(db: Db): Promise<TenantHead[]> {
  return db.query<TenantHead>({
    text: `select tenant_id as "tenantId", link, encode(chain_hash, 'hex') as hash,
        entry_seq as "entrySequence", event_seq as "eventSequence", audit_seq as "auditSequence",
        recorded_at as "recordedAt"
      from lane_head where link > 0 order by tenant_id limit 1000000`,
    values: [],
  })
}

type Depth = Readonly<{
  /** Only what was recorded then or later, on top of a link that is taken as it is. */
  since?: Instant | undefined
  /** False: chains alone, without a second look at figures that are kept beside the lines. */
  isDeep: boolean
}>

/**
 * Recomputes everything of one tenant that can be recomputed, in one snapshot that the caller has
 * opened: sequences, links and their hashes, entries, roll-ups, control accounts, numbers, and the
 * links that witnesses saw. Rows are read a page at a time, so memory does not grow with the books.
 * Source: ledger specification 7.6.
 */
export async function verifyTenant(
  db: Db,
  tenantId: TenantId,
  witnesses: readonly Witness[],
  { since, isDeep }: Depth = { isDeep: true },
): Promise<Verification> {
  // However large the books are; the pool's limits are meant for requests.
  await db.query({
    text: `select set_config('statement_timeout', '0', true),
      set_config('idle_in_transaction_session_timeout', '0', true)`,
    values: [],
  })
  const run = new Run(db, tenantId)
  await run.chain(witnesses, since)
  await run.events()
  if (isDeep) {
    for (const comparison of comparisons) await run.compare(comparison)
    await run.counts()
  }
  return { checked: run.checked, findings: run.findings }
}

/** One verification of one tenant, as it goes along. */
class Run {
  readonly checked: Checked = nothingChecked()
  readonly findings: Finding[] = []
  readonly #db: Db
  readonly #tenantId: TenantId
  #head: StoredHead | undefined
  #newestMonth: CalendarDate | null = null

  constructor(db: Db, tenantId: TenantId) {
    this.#db = db
    this.#tenantId = tenantId
  }

  /** Checks 1 to 4 and 9: one walk along the links, with the rows that belong to each. */
  async chain(witnesses: readonly Witness[], since: Instant | undefined): Promise<void> {
    this.#head = await findHead(this.#db, this.#tenantId)
    const trusted = since && (await findLinkBefore(this.#db, this.#tenantId, since))
    const rows = new ChainedRows(this.#db, this.#tenantId, trusted)
    const hashByLink = new Map(witnesses.map(({ link, hash }) => [link, hash]))
    const early = [...hashByLink.keys()].filter((link) => trusted && link <= trusted.link)
    if (early.length > 0) {
      const links = await listLinks(this.#db, this.#tenantId, early)
      for (const link of links) this.#checkWitness(link, hashByLink)
    }
    let previous: StoredLink | undefined = trusted
    for await (const link of streamLinks(this.#db, this.#tenantId, trusted?.link)) {
      this.#checkPlace(link, previous)
      await this.#checkHash(link, rows)
      this.#checkWitness(link, hashByLink)
      previous = link
    }
    for (const [link, hash] of hashByLink) this.#found('chain_truncated', `link ${link}`, [hash])
    await this.#checkRest(rows, previous)
    this.checked.entries = rows.entryCount
    this.checked.lines = rows.lineCount
    this.checked.auditRows = rows.auditCount
    if (trusted !== undefined) rows.newestMonth = this.#head?.horizon ?? rows.newestMonth
    this.#newestMonth = rows.newestMonth
    this.#checkHead(previous, rows)
  }

  #checkPlace(link: StoredLink, previous: StoredLink | undefined): void {
    const place = `link ${link.link}`
    this.checked.links += 1
    const wanted = (previous?.link ?? 0n) + 1n
    if (link.link !== wanted) {
      this.#found('sequence_gap', place, [`link ${wanted}`, `link ${link.link}`])
    }
    const previousHash = previous?.hash ?? genesis
    if (link.previousHash !== previousHash) {
      this.#found('link_previous', place, [previousHash, link.previousHash])
    }
    const broken = brokenLink(link, previous)
    if (broken !== undefined) this.#found('link_facts', place, [broken.expected, broken.found])
  }

  async #checkHash(link: StoredLink, rows: ChainedRows): Promise<void> {
    const hasher = new LinkHasher(Buffer.from(link.previousHash, 'hex'), this.#tenantId, link.link)
    let count = 0
    for await (const entry of rows.entriesUpTo(link.lastEntrySeq)) {
      this.#checkEntry(entry, link)
      hasher.add(toChainRecord(entry))
      count += 1
    }
    for await (const version of rows.versionsUpTo(link.link)) {
      if (version.link !== link.link) {
        this.#found('outside_chain', versionPlace(version), ['a link', `link ${version.link}`])
        continue
      }
      this.#checkVersion(version)
      hasher.add(version.record)
      count += 1
    }
    for await (const seal of rows.sealsUpTo(link.link)) {
      if (seal.link !== link.link) {
        this.#found('outside_chain', sealPlace(seal), ['a link', `link ${seal.link}`])
        continue
      }
      if (seal.digest !== seal.sha256) {
        this.#found('seal_changed', sealPlace(seal), [seal.sha256, seal.digest])
      }
      hasher.add(seal.record)
      count += 1
    }
    let last: StoredAudit | undefined
    for await (const audit of rows.auditsUpTo(link.lastAuditSeq)) {
      hasher.add(audit.record)
      count += 1
      last = audit
    }
    this.#noteGaps(rows)
    const place = `link ${link.link} (${spanOf(link)})`
    const hash = hasher.digest().toString('hex')
    if (hash !== link.hash) this.#found('link_hash', place, [hash, link.hash])
    if (count !== link.recordCount) {
      this.#found('link_facts', place, [`${count} records`, `${link.recordCount} records`])
    }
    if (last !== undefined && last.at !== link.recordedAt) {
      this.#found('link_facts', place, [`recorded at ${last.at}`, `recorded at ${link.recordedAt}`])
    }
  }

  #checkEntry(entry: StoredEntry, link: StoredLink): void {
    const place = `entry ${entry.seq} ${entry.number}`
    for (const found of brokenEntry(entry)) this.#found('entry_broken', place, ['balance', found])
    if (entry.link !== link.link) {
      this.#found('entry_broken', place, [`link ${link.link}`, `link ${entry.link}`])
    }
  }

  #checkVersion(version: StoredVersion): void {
    if (!version.isErased && version.digest !== version.sha256) {
      this.#found('snapshot_changed', versionPlace(version), [version.sha256, version.digest])
    }
  }

  #checkWitness({ link, hash }: StoredLink, hashByLink: Map<bigint, string>): void {
    const seen = hashByLink.get(link)
    hashByLink.delete(link)
    if (seen !== undefined && seen !== hash) {
      this.#found('anchor_mismatch', `link ${link}`, [seen, hash])
    }
  }

  #noteGaps(rows: ChainedRows): void {
    for (const { place, expected, found } of rows.gaps.splice(0)) {
      this.#found('sequence_gap', place, [expected, found])
    }
  }

  /** What is left in the streams after the last link is outside of every link. */
  async #checkRest(rows: ChainedRows, last: StoredLink | undefined): Promise<void> {
    const expected = `nothing after link ${last?.link ?? 0n}`
    const add = (place: string): void => this.#found('outside_chain', place, [expected, place])
    for await (const entry of rows.entriesUpTo(undefined)) {
      add(`entry ${entry.seq} ${entry.number}`)
    }
    for await (const version of rows.versionsUpTo(undefined)) add(versionPlace(version))
    for await (const seal of rows.sealsUpTo(undefined)) add(sealPlace(seal))
    for await (const audit of rows.auditsUpTo(undefined)) add(`audit row ${audit.sequence}`)
    this.#noteGaps(rows)
  }

  #checkHead(last: StoredLink | undefined, rows: ChainedRows): void {
    const head = this.#head
    this.checked.sequences += 3
    if (head === undefined) {
      if (last !== undefined) this.#found('head_mismatch', 'lane head', ['a head', 'none'])
      return
    }
    const facts = [
      ['link', last?.link ?? 0n, head.link],
      ['hash', last?.hash ?? genesis, head.chainHash],
      ['entries', rows.lastEntrySeq, head.entrySeq],
      ['audit rows', rows.lastAuditSeq, head.auditSeq],
      ['entries of the last link', last?.lastEntrySeq ?? 0n, head.entrySeq],
      ['audit rows of the last link', last?.lastAuditSeq ?? 0n, head.auditSeq],
      ['events of the last link', last?.lastEventSeq ?? 0n, head.eventSeq],
      ['horizon', rows.newestMonth ?? 'none', head.horizon ?? 'none'],
    ] as const
    for (const [what, expected, found] of facts) {
      if (expected !== found) this.#found('head_mismatch', `lane head ${what}`, [expected, found])
    }
    if (last !== undefined && head.recordedAt < last.recordedAt) {
      this.#found('head_mismatch', 'lane head time', [last.recordedAt, head.recordedAt])
    }
  }

  /** Events expire from the oldest on; those that are kept have no gap up to the head. */
  async events(): Promise<void> {
    const [row] = await this.#db.query<{ first: bigint; last: bigint; count: bigint }>({
      text: `select min(sequence) as first, max(sequence) as last, count(*) as count
        from event where tenant_id = $1 having count(*) > 0`,
      values: [this.#tenantId],
    })
    this.checked.sequences += 1
    if (row === undefined) return
    const newest = this.#head?.eventSeq ?? 0n
    if (row.last !== newest) this.#found('sequence_gap', 'events', [newest, row.last])
    if (row.last - row.first + 1n !== row.count) {
      const expected = `${row.last - row.first + 1n} events`
      this.#found('sequence_gap', `events ${row.first}-${row.last}`, [expected, row.count])
    }
  }

  /** Checks 4 to 8: two ways to the same figures, compared in the database. */
  async compare({ kind, text }: Comparison): Promise<void> {
    const rows = await this.#db.query<{ place: string; expected: string; found: string }>({
      text,
      values: text.includes('$2') ? [this.#tenantId, this.#newestMonth] : [this.#tenantId],
    })
    for (const { place, expected, found } of rows) this.#found(kind, place, [expected, found])
  }

  async counts(): Promise<void> {
    const [row] = await this.#db.query<{ rollups: bigint; series: bigint; charges: bigint }>({
      text: `select (select count(*) from balance_day where business_id = $1)
          + (select count(*) from balance_month where business_id = $1) as rollups,
        (select count(*) from number_series where business_id = $1) as series,
        (select count(*) from charge where organization_id = $1) as charges`,
      values: [this.#tenantId],
    })
    this.checked.rollups = Number(row?.rollups ?? 0n)
    this.checked.sequences += Number(row?.series ?? 0n)
    this.checked.charges = Number(row?.charges ?? 0n)
  }

  #found(
    kind: FindingKind,
    what: string,
    [expected, found = 'none']: readonly [unknown, unknown?],
  ): void {
    if (this.findings.length >= findingsMax) return
    const where = placeOf(this.#tenantId, what)
    this.findings.push({ kind, where, expected: String(expected), found: String(found) })
  }
}

/** Before whatever stands in the tables, numbers below zero too. */
const before = { link: -2n, lastEntrySeq: -1n, lastAuditSeq: -1n }

type Gap = Readonly<{ place: string; expected: bigint; found: bigint }>

/** The rows that the links cover, each stream taken once from its start to its end. */
class ChainedRows {
  readonly gaps: Gap[] = []
  entryCount = 0
  lineCount = 0
  auditCount = 0
  lastEntrySeq = 0n
  lastAuditSeq = 0n
  newestMonth: CalendarDate | null = null
  readonly #entries: Cursor<StoredEntry>
  readonly #versions: Cursor<StoredVersion>
  readonly #seals: Cursor<StoredSeal>
  readonly #audits: Cursor<StoredAudit>

  /** Of the links after a trusted one; without it of all. */
  constructor(db: Db, tenantId: TenantId, trusted: StoredLink | undefined) {
    const { link, lastEntrySeq, lastAuditSeq } = trusted ?? before
    this.lastEntrySeq = trusted?.lastEntrySeq ?? 0n
    this.lastAuditSeq = trusted?.lastAuditSeq ?? 0n
    this.#entries = new Cursor(streamEntries(db, tenantId, lastEntrySeq))
    this.#versions = new Cursor(streamVersions(db, tenantId, link))
    this.#seals = new Cursor(streamSeals(db, tenantId, link))
    this.#audits = new Cursor(streamAudits(db, tenantId, lastAuditSeq))
  }

  async *entriesUpTo(last: bigint | undefined): AsyncGenerator<StoredEntry> {
    for await (const entry of taken(this.#entries, ({ seq }) => isWithin(seq, last))) {
      this.#noteGap('entry', this.lastEntrySeq, entry.seq)
      this.lastEntrySeq = entry.seq
      this.entryCount += 1
      this.lineCount += entry.lines.length
      const month = `${entry.accountingDate.slice(0, 8)}01` as CalendarDate // first day of its month
      if (this.newestMonth === null || month > this.newestMonth) this.newestMonth = month
      yield entry
    }
  }

  versionsUpTo(last: bigint | undefined): AsyncGenerator<StoredVersion> {
    return taken(this.#versions, ({ link }) => isWithin(link, last))
  }

  sealsUpTo(last: bigint | undefined): AsyncGenerator<StoredSeal> {
    return taken(this.#seals, ({ link }) => isWithin(link, last))
  }

  async *auditsUpTo(last: bigint | undefined): AsyncGenerator<StoredAudit> {
    for await (const audit of taken(this.#audits, ({ sequence }) => isWithin(sequence, last))) {
      this.#noteGap('audit row', this.lastAuditSeq, audit.sequence)
      this.lastAuditSeq = audit.sequence
      this.auditCount += 1
      yield audit
    }
  }

  #noteGap(what: string, last: bigint, found: bigint): void {
    const expected = last + 1n
    if (found !== expected) this.gaps.push({ place: `${what} ${found}`, expected, found })
  }
}

async function* taken<Row>(
  cursor: Cursor<Row>,
  isWanted: (row: Row) => boolean,
): AsyncGenerator<Row> {
  for (;;) {
    const row = await cursor.peek()
    if (row === undefined || !isWanted(row)) return
    cursor.take()
    yield row
  }
}

const isWithin = (value: bigint, last: bigint | undefined): boolean =>
  last === undefined || value <= last

const versionPlace = ({ documentId, version }: StoredVersion): string =>
  `document ${documentId} version ${version}`

const sealPlace = ({ through }: StoredSeal): string => `close through ${through}`

const spanOf = (link: StoredLink): string =>
  `entries ${link.firstEntrySeq}-${link.lastEntrySeq}, ` +
  `audit rows ${link.firstAuditSeq}-${link.lastAuditSeq}`

/** A statement that answers the places where two ways to one figure differ; at most 100. */
type Comparison = Readonly<{ kind: FindingKind; text: string }>

const sums = `sum(greatest(base_amount, 0))::bigint as debit_base,
  sum(greatest(-base_amount, 0))::bigint as credit_base,
  sum(greatest(amount, 0))::bigint as debit, sum(greatest(-amount, 0))::bigint as credit`

const shown = (row: string): string =>
  `coalesce(concat_ws(' ', ${row}.debit_base, ${row}.credit_base, ${row}.debit, ${row}.credit), '')`

const comparisons: readonly Comparison[] = [
  {
    kind: 'seal_changed',
    text: `with line_sum as (
        select c.close_id, l.account_id, l.currency, l.bucket, ${sums}
        from period_close as c
        join journal_line as l on l.business_id = c.business_id
          and l.accounting_date <= c.through_date and l.entry_seq <= c.entry_count
        where c.business_id = $1 group by 1, 2, 3, 4
      ), kept as (
        select close_id, account_id, currency, bucket, debit_base, credit_base, debit, credit
        from period_close_balance where business_id = $1
      )
      select format('close %s account %s %s bucket %s', close_id, account_id, currency, bucket)
          as place, ${shown('l')} as expected, ${shown('k')} as found
      from line_sum as l full join kept as k using (close_id, account_id, currency, bucket)
      where (l.debit_base, l.credit_base, l.debit, l.credit)
        is distinct from (k.debit_base, k.credit_base, k.debit, k.credit)
      order by 1 limit 100`,
  },
  {
    kind: 'line_without_entry',
    text: `select format('line %s of entry %s', l.line_no, l.entry_id) as place,
        'an entry' as expected, 'none' as found
      from journal_line as l
      where l.business_id = $1 and not exists (
        select from journal_entry as e
        where e.business_id = l.business_id and e.entry_id = l.entry_id)
      order by 1 limit 100`,
  },
  {
    kind: 'balance_day',
    text: `with line_sum as (
        select accounting_date as day, account_id, currency, bucket, ${sums}
        from journal_line where business_id = $1 group by 1, 2, 3, 4
      ), kept as (
        select day, account_id, currency, bucket, debit_base, credit_base, debit, credit
        from balance_day where business_id = $1
      )
      select format('balance of day %s account %s %s bucket %s', day, account_id, currency, bucket)
          as place, ${shown('l')} as expected, ${shown('k')} as found
      from line_sum as l full join kept as k using (day, account_id, currency, bucket)
      where (l.debit_base, l.credit_base, l.debit, l.credit)
        is distinct from (k.debit_base, k.credit_base, k.debit, k.credit)
      order by 1 limit 100`,
  },
  {
    kind: 'balance_month',
    text: `with moved as (
        select date_trunc('month', accounting_date::timestamp)::date as month, account_id, currency,
          bucket, ${sums}
        from journal_line where business_id = $1 group by 1, 2, 3, 4
      ), key as (
        select account_id, currency, bucket, min(month) as first from moved group by 1, 2, 3
      ), grid as (
        select account_id, currency, bucket, m::date as month
        from key, generate_series(first::timestamp, $2::date::timestamp, interval '1 month') as m
      ), line_sum as (
        select month, account_id, currency, bucket,
          sum(coalesce(debit_base, 0)) over upwards::bigint as debit_base,
          sum(coalesce(credit_base, 0)) over upwards::bigint as credit_base,
          sum(coalesce(debit, 0)) over upwards::bigint as debit,
          sum(coalesce(credit, 0)) over upwards::bigint as credit
        from grid left join moved using (month, account_id, currency, bucket)
        window upwards as (partition by account_id, currency, bucket order by month)
      ), kept as (
        select month, account_id, currency, bucket, debit_base, credit_base, debit, credit
        from balance_month where business_id = $1
      )
      select format('balance of month %s account %s %s bucket %s', month, account_id, currency,
          bucket) as place, ${shown('l')} as expected, ${shown('k')} as found
      from line_sum as l full join kept as k using (month, account_id, currency, bucket)
      where (l.debit_base, l.credit_base, l.debit, l.credit)
        is distinct from (k.debit_base, k.credit_base, k.debit, k.credit)
      order by 1 limit 100`,
  },
  {
    kind: 'control_account',
    text: `with line_sum as (
        select case a.role when 'receivables' then 'AR' when 'payables' then 'AP'
            when 'customer_deposits' then 'DEP' else 'SDP' end as side,
          coalesce(l.party_id::text, '') as party, l.currency,
          sum(case when a.role in ('payables', 'customer_deposits') then -l.amount else l.amount end)
            as amount,
          sum(case when a.role in ('payables', 'customer_deposits') then -l.base_amount
            else l.base_amount end) as base
        from account as a
        join journal_line as l on l.business_id = a.business_id and l.account_id = a.account_id
        where a.business_id = $1
          and a.role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits')
        group by 1, 2, 3
      ), item as (
        select side, party_id::text as party, currency, sum(open_amount) as amount,
          sum(open_base) as base
        from open_item where business_id = $1 group by 1, 2, 3
      )
      select format('%s of party %s in %s', side, party, currency) as place,
        concat_ws(' ', coalesce(l.amount, 0), coalesce(l.base, 0)) as expected,
        concat_ws(' ', coalesce(i.amount, 0), coalesce(i.base, 0)) as found
      from line_sum as l full join item as i using (side, party, currency)
      where coalesce(l.amount, 0) <> coalesce(i.amount, 0)
        or coalesce(l.base, 0) <> coalesce(i.base, 0)
      order by 1 limit 100`,
  },
  {
    kind: 'open_item',
    text: `with settled as (
        select item_id, sum(amount) as amount, sum(base) as base
        from allocation where business_id = $1 group by item_id
      )
      select format('open item %s', i.item_id) as place,
        concat_ws(' ', i.original_amount - coalesce(s.amount, 0),
          i.original_base - coalesce(s.base, 0)) as expected,
        concat_ws(' ', i.open_amount, i.open_base) as found
      from open_item as i left join settled as s on s.item_id = i.item_id
      where i.business_id = $1 and (i.open_amount <> i.original_amount - coalesce(s.amount, 0)
        or i.open_base <> i.original_base - coalesce(s.base, 0))
      order by 1 limit 100`,
  },
  {
    kind: 'document_total',
    text: `select format('%s %s', d.kind, d.number) as place,
        (case when d.kind in ('invoice', 'supplier_credit') then d.total else -d.total end)::text
          as expected,
        coalesce(control.amount, 0)::text as found
      from document as d
      left join lateral (
        select sum(l.amount) as amount
        from journal_line as l
        join account as a on a.business_id = l.business_id and a.account_id = l.account_id
        where l.business_id = d.business_id and l.entry_id = d.entry_id
          and a.role in ('receivables', 'payables', 'customer_deposits', 'supplier_deposits')
      ) as control on true
      where d.business_id = $1 and d.entry_id is not null
        and d.kind in ('invoice', 'bill', 'credit_note', 'supplier_credit')
        and coalesce(control.amount, 0)
          <> case when d.kind in ('invoice', 'supplier_credit') then d.total else -d.total end
      order by 1 limit 100`,
  },
  {
    kind: 'document_entry',
    text: `select format('%s %s', d.kind, d.number) as place, named.id::text as expected,
        'none' as found
      from document as d, unnest(array[d.entry_id, d.void_entry_id]) as named (id)
      where d.business_id = $1 and named.id is not null and not exists (
        select from journal_entry as e
        where e.business_id = d.business_id and e.entry_id = named.id)
      order by 1 limit 100`,
  },
  {
    kind: 'number_gap',
    text: `select format('journal numbers %s', s.prefix) as place,
        format('1 to %s', s.next - 1) as expected,
        format('%s numbers up to %s', count(n.value), coalesce(max(n.value), 0)) as found
      from number_series as s
      left join lateral (
        select substr(e.number, length(s.prefix) + 1)::bigint as value
        from journal_entry as e
        where e.business_id = s.business_id and starts_with(e.number, s.prefix)
          and substr(e.number, length(s.prefix) + 1) ~ '^[0-9]{1,15}$'
      ) as n on true
      where s.business_id = $1 and s.kind = 'journal'
      group by s.surface, s.year, s.prefix, s.next
      having count(n.value) <> s.next - 1 or coalesce(max(n.value), 0) <> s.next - 1
      order by 1 limit 100`,
  },
  {
    kind: 'number_gap',
    text: `select format('entry %s', e.entry_seq) as place, 'a number of a series' as expected,
        e.number as found
      from journal_entry as e
      where e.business_id = $1 and not exists (
        select from number_series as s
        where s.business_id = e.business_id and s.kind = 'journal'
          and starts_with(e.number, s.prefix))
      order by 1 limit 100`,
  },
  {
    kind: 'number_gap',
    text: `select format('%s numbers %s', s.kind, s.prefix) as place, (s.next - 1)::text as expected,
        coalesce(max(n.value), 0)::text as found
      from number_series as s
      left join lateral (
        select substr(r.number, length(p.prefix) + 1)::bigint as value
        from unnest(s.former_prefixes || s.prefix) as p (prefix)
        join number_register as r
          on r.business_id = s.business_id and r.kind = s.kind and starts_with(r.number, p.prefix)
            and substr(r.number, length(p.prefix) + 1) ~ '^[0-9]{1,15}$'
        where p.prefix = s.prefix or substr(r.number, length(p.prefix) + 1)::bigint < s.next
      ) as n on true
      where s.business_id = $1 and s.kind <> 'journal'
      group by s.kind, s.surface, s.year, s.prefix, s.next
      having coalesce(max(n.value), 0) <> s.next - 1
      order by 1 limit 100`,
  },
  {
    kind: 'number_register',
    text: `select format('%s %s', coalesce(d.kind, r.kind), coalesce(d.number, r.number)) as place,
        coalesce(d.document_id::text, 'no document') as expected,
        coalesce(r.document_id::text || ' ' || r.state, 'not registered') as found
      from (select * from document where business_id = $1 and number is not null) as d
      full join (select * from number_register where business_id = $1
        and kind in ('invoice', 'credit_note', 'receipt', 'bill', 'supplier_credit',
          'bill_payment', 'expense', 'quotation')) as r
        on r.kind = d.kind and r.number = d.number and r.document_id = d.document_id
      where (d.document_id is null and r.state = 'used')
        or (d.document_id is not null and r.state is distinct from 'used')
      order by 1 limit 100`,
  },
  {
    kind: 'meter_entry',
    text: `select format('meter entry %s %s', entry_id, asset) as place, '0' as expected,
        sum(amount)::text as found
      from meter_line where organization_id = $1
      group by entry_id, asset having sum(amount) <> 0
      order by 1 limit 100`,
  },
  {
    kind: 'meter_balance',
    text: `select format('meter account %s %s', code, asset) as place,
        coalesce(l.amount, 0)::text as expected, coalesce(a.balance, 0)::text as found
      from (select account_code as code, asset, sum(amount) as amount
        from meter_line where organization_id = $1 group by 1, 2) as l
      full join (select code, asset, balance from meter_account where organization_id = $1) as a
        using (code, asset)
      where coalesce(l.amount, 0) <> coalesce(a.balance, 0)
      order by 1 limit 100`,
  },
  {
    kind: 'meter_charge',
    text: `with charged as (
        select asset, case when is_posted then 'consumed' else 'held' end as code,
          sum(units) as units
        from charge
        where organization_id = $1 and not (is_posted and state = 'released') group by 1, 2
      ), kept as (
        select asset, code, balance from meter_account
        where organization_id = $1 and code in ('consumed', 'held')
      )
      select format('charges %s %s', code, asset) as place, coalesce(c.units, 0)::text as expected,
        coalesce(k.balance, 0)::text as found
      from charged as c full join kept as k using (asset, code)
      where coalesce(c.units, 0) <> coalesce(k.balance, 0)
      union all
      select 'charged calls', c.calls::text, u.calls::text
      from (select count(*) as calls from charge
          where organization_id = $1 and is_posted and state = 'settled') as c,
        (select coalesce(sum(charged), 0) as calls from usage_day where organization_id = $1) as u
      where c.calls <> u.calls
      order by 1 limit 100`,
  },
]
