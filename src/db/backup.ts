import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Client, escapeIdentifier } from 'pg'
import { to } from 'pg-copy-streams'
import { assert } from '../kernel/assert.ts'
import {
  ArchiveWriter,
  BackupError,
  damaged,
  type Member,
  readMember,
  readMembers,
  type Written,
} from './archive.ts'
import { codeOf } from './launcher-lock.ts'
import { ownerRole } from './migrate.ts'

/** One table of a backup: its member holds `COPY` text of these columns. */
export type TableCopy = Readonly<{
  table: string
  columns: readonly string[]
  member: string
  rows: number
  sizeBytes: number
  sha256: string
}>

/** The newest link of a tenant's chain. */
export type ChainHead = Readonly<{ chain: string; link: string; hash: string }>

/** What a backup holds. Whole numbers that may be large are decimal text. */
export type Manifest = Readonly<{
  format: 1
  product: string
  /** Number of the last migration. */
  migration: number
  takenAt: string
  tables: readonly TableCopy[]
  sequences: readonly Readonly<{ table: string; column: string; last: string }>[]
  chainHeads: readonly ChainHead[]
}>

/** What was written. `sha256` is of the whole file. */
export type BackupReport = Readonly<{
  file: string
  bytes: number
  tables: number
  rows: number
  sha256: string
  chainHeads: readonly ChainHead[]
}>

/** A backup that was read and found to be what was written. */
export type Backup = Readonly<{
  manifest: Manifest
  copyOf: (table: TableCopy) => Readable
  close: () => Promise<void>
}>

type Taking = Readonly<{ file: string; sealKey: Uint8Array; product: string }>

type Column = Readonly<{ table: string; column: string; sequence: string | null }>

const manifestName = 'manifest.json'
const manifestBytesMax = 256 * 1024 * 1024

/* Generated columns are computed again; the list of migrations is made by the migrations. */
const columnsSql = `
  select c.relname as table, a.attname as column,
    pg_get_serial_sequence(format('public.%I', c.relname), a.attname) as sequence
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not c.relispartition and c.relowner = '${ownerRole}'::regrole
    and c.relname <> 'migration' and a.attgenerated = ''
  order by c.relname, a.attnum
  limit 100000`

/** The order of tables does not matter to a restore. */
export async function listColumns(client: Client): Promise<readonly Column[]> {
  return (await client.query<Column>(columnsSql)).rows
}

/** Newest link of every chain that has one, by tenant. */
export async function listChainHeads(client: Client): Promise<readonly ChainHead[]> {
  const { rows } = await client.query<ChainHead>(
    `select tenant_id::text as chain, link::text as link, encode(chain_hash, 'hex') as hash
    from public.lane_head where link > 0 order by tenant_id limit 10000000`,
  )
  return rows
}

/** When the newest link of any chain was recorded; null where there is none. */
export async function findLastRecord(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ at: string | null }>(
    `select to_char(max(recorded_at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from public.lane_head where link > 0`,
  )
  return rows[0]?.at ?? null
}

/**
 * Writes every table of one snapshot to a file: a tar of gzip members, the manifest last, with a
 * seal of this installation's master key. The file appears under its name when it is complete.
 * Readers and writers are not held up. Throws BackupError when the file exists and when the database
 * is empty.
 * Source: platform specification 26.
 */
export async function writeBackup(
  client: Client,
  { file, sealKey, product }: Taking,
): Promise<BackupReport> {
  const draft = `${file}.partial`
  await requireAbsent(file)
  const { rows: found } = await client.query<{ migrated: boolean }>(
    `select to_regclass('public.migration') is not null as migrated`,
  )
  if (found[0]?.migrated !== true) throw new BackupError('The database is empty.')
  const handle = await open(draft, 'w', 0o600)
  try {
    const archive = new ArchiveWriter(handle)
    const manifest = await copyAll(client, archive, product)
    await archive.add(manifestName, Readable.from([toSealed(manifest, sealKey)]))
    const bytes = await archive.end()
    await handle.sync()
    await handle.close()
    await rename(draft, file)
    const { tables, chainHeads } = manifest
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    return { file, bytes, tables: tables.length, rows, sha256: await digestOf(file), chainHeads }
  } catch (error) {
    await handle.close()
    await rm(draft, { force: true })
    throw error
  }
}

/**
 * Opens a backup and compares every byte of it with its manifest before anything is restored.
 * Throws BackupError for a damaged file, another format and another master key.
 */
export async function openBackup(file: string, sealKey: Uint8Array): Promise<Backup> {
  const handle = await openFile(file)
  try {
    const members = await readMembers(handle)
    const manifest = await readManifest(handle, members, sealKey)
    const memberByName = new Map(members.map((member) => [member.name, member]))
    if (members.length !== manifest.tables.length + 1) throw damaged('in its list of members')
    for (const table of manifest.tables) {
      await requireIntact(handle, memberByName.get(table.member), table)
    }
    const copyOf = ({ member }: TableCopy): Readable => {
      const found = memberByName.get(member)
      assert(found !== undefined, 'each table of a manifest has its member')
      return Readable.from(readMember(handle, found))
    }
    return { manifest, copyOf, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function copyAll(client: Client, archive: ArchiveWriter, product: string): Promise<Manifest> {
  await client.query(
    `begin isolation level repeatable read read only; set local role ${ownerRole};
    set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`,
  )
  try {
    const { rows } = await client.query<{ migration: number; taken_at: string }>(
      `select max(number)::int as migration,
        to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as taken_at
      from public.migration`,
    )
    const columns = await listColumns(client)
    const tables: TableCopy[] = []
    for (const table of new Set(columns.map((column) => column.table))) {
      const own = columns.filter((column) => column.table === table)
      tables.push(await copyTable(client, archive, own))
    }
    const { migration = 0, taken_at: takenAt = '' } = rows[0] ?? {}
    const manifest: Manifest = {
      ...{ format: 1, migration, takenAt, tables, product },
      sequences: await listSequences(client, columns),
      chainHeads: await listChainHeads(client),
    }
    return manifest
  } finally {
    await client.query('rollback')
  }
}

async function copyTable(
  client: Client,
  archive: ArchiveWriter,
  own: readonly Column[],
): Promise<TableCopy> {
  const table = own[0]?.table ?? ''
  const columns = own.map(({ column }) => column)
  const list = columns.map(escapeIdentifier).join(', ')
  const source = client.query(
    to(`copy (select ${list} from public.${escapeIdentifier(table)}) to stdout`),
  )
  const member = `${table}.copy.gz`
  let written: Written | undefined
  await pipeline(source, createGzip(), async (chunks: AsyncIterable<Buffer>) => {
    written = await archive.add(member, chunks)
  })
  assert(written !== undefined, 'a pipeline ends after its last step')
  return { table, columns, member, rows: source.rowCount, ...written }
}

async function listSequences(
  client: Client,
  columns: readonly Column[],
): Promise<Manifest['sequences']> {
  const sequences: { table: string; column: string; last: string }[] = []
  for (const { table, column, sequence } of columns) {
    if (sequence === null) continue
    const { rows } = await client.query<{ last: string }>(
      `select case when is_called then last_value else 0 end::text as last from ${sequence}`,
    )
    sequences.push({ table, column, last: rows[0]?.last ?? '0' })
  }
  return sequences
}

async function readManifest(
  handle: FileHandle,
  members: readonly Member[],
  sealKey: Uint8Array,
): Promise<Manifest> {
  const member = members.at(-1)
  if (member?.name !== manifestName || member.sizeBytes > manifestBytesMax) {
    throw damaged('at its manifest')
  }
  const chunks: Buffer[] = []
  for await (const chunk of readMember(handle, member)) chunks.push(chunk)
  return parseSealed(Buffer.concat(chunks).toString('utf8'), sealKey) as Manifest // our own seal is on it
}

/** What was sealed as a manifest. Throws BackupError for another key and for a damaged text. */
export function parseSealed(text: string, sealKey: Uint8Array): object {
  const cut = text.indexOf('\n')
  const [body, seal] = [text.slice(0, cut), text.slice(cut + 1)]
  const fields = toObject(body)
  if (Reflect.get(fields, 'format') !== 1) throw damaged('at its manifest')
  if (isSealed(body, seal, sealKey)) return fields
  if (Reflect.get(fields, 'keyCheck') === keyCheckOf(sealKey)) throw damaged('at its manifest')
  throw new BackupError(
    'The backup was made with another master key, or is damaged at its manifest; restore needs the master key of the installation that was backed up.',
  )
}

async function requireIntact(
  handle: FileHandle,
  member: Member | undefined,
  { table, sizeBytes, sha256 }: TableCopy,
): Promise<void> {
  if (member === undefined || member.sizeBytes !== sizeBytes) throw damaged(`at ${table}`)
  const hash = createHash('sha256')
  for await (const chunk of readMember(handle, member)) hash.update(chunk)
  if (hash.digest('hex') !== sha256) throw damaged(`at ${table}`)
}

/** The manifest on the first line, its seal on the second. */
export const toSealed = (manifest: object, sealKey: Uint8Array): Buffer => {
  const body = JSON.stringify({ ...manifest, keyCheck: keyCheckOf(sealKey) })
  return Buffer.from(`${body}\n${sealOf(body, sealKey)}\n`)
}

const sealOf = (body: string, sealKey: Uint8Array): string =>
  createHmac('sha256', sealKey).update(body).digest('hex')

function isSealed(body: string, seal: string, sealKey: Uint8Array): boolean {
  const [expected, found] = [Buffer.from(`${sealOf(body, sealKey)}\n`), Buffer.from(seal)]
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/** Tells one master key from another and says nothing else about it. */
const keyCheckOf = (sealKey: Uint8Array): string => sealOf('key check', sealKey).slice(0, 16)

function toObject(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('at its manifest')
    throw error
  }
}

async function digestOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const hash = createHash('sha256')
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk)
    return hash.digest('hex')
  } finally {
    await handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new BackupError(`There is no file ${file}.`)
    throw error
  }
}

async function requireAbsent(file: string): Promise<void> {
  try {
    await (await open(file)).close()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  throw new BackupError(`${file} exists already; a backup never replaces another.`)
}
