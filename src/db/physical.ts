import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Client } from 'pg'
import { assert } from '../kernel/assert.ts'
import { BackupError, damaged } from './archive.ts'
import { parseSealed, toSealed } from './backup.ts'
import { codeOf } from './launcher-lock.ts'

/** A file of a physical backup. `path` is relative to the data folder of PostgreSQL. */
type FileCopy = Readonly<{ path: string; sizeBytes: number; sha256: string }>

type PhysicalManifest = Readonly<{
  format: 1
  kind: 'physical'
  product: string
  /** Version of PostgreSQL. */
  server: string
  /** From this moment on the backup is consistent. */
  takenAt: string
  folders: readonly string[]
  files: readonly FileCopy[]
}>

/** What was written. */
export type PhysicalReport = Readonly<{
  file: string
  bytes: number
  files: number
  takenAt: string
  sha256: string
}>

/** A physical backup of which every byte is what was written. */
export type PhysicalBackup = Readonly<{
  takenAt: string
  /** Lays its files out in an empty folder. */
  place: (folder: string) => Promise<void>
}>

type Taking = Readonly<{ dir: string; sealKey: Uint8Array; product: string }>

const manifestName = 'manifest.json'
const dataName = 'pg'
const walName = 'pg_wal'
const controlPath = 'global/pg_control'

/** Folders whose files PostgreSQL makes anew. Source: manual of PostgreSQL 18, 25.3.6. */
const emptied = new Set([
  ...[walName, 'pg_dynshmem', 'pg_notify', 'pg_replslot', 'pg_serial'],
  ...['pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'],
])
const leftOut = new Set([
  ...['postmaster.pid', 'postmaster.opts', 'postgresql.auto.conf.tmp'],
  ...['backup_label', 'tablespace_map', 'recovery.signal', 'standby.signal'],
])
const segmentName = /^[0-9A-F]{24}$/

/**
 * Copies the files of a running PostgreSQL on this machine, with the part of its log that makes them
 * consistent, into a folder that appears under its name when it is complete. Nobody is held up.
 * Throws BackupError when the folder exists and when the files cannot be read.
 * Source: platform specification 26.
 */
export async function writePhysicalBackup(
  client: Client,
  { dir, sealKey, product }: Taking,
): Promise<PhysicalReport> {
  const draft = `${dir}.partial`
  await requireNothing(dir)
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  try {
    const copied = await copyCluster(client, join(draft, dataName))
    const manifest: PhysicalManifest = { format: 1, kind: 'physical', product, ...copied }
    const sealed = toSealed(manifest, sealKey)
    await writeDurably(join(draft, manifestName), sealed)
    await rename(draft, dir)
    await syncFolder(dirname(dir))
    const { files, takenAt } = manifest
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, sealed.length)
    const sha256 = createHash('sha256').update(sealed).digest('hex')
    return { file: dir, bytes, files: files.length, takenAt, sha256 }
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (codeOf(error) === 'EACCES') {
      throw new BackupError(
        'The files of PostgreSQL cannot be read; run as the user of the server.',
      )
    }
    throw error
  }
}

/**
 * Opens a physical backup and compares every byte of it with its manifest.
 * Throws BackupError for a damaged one and another master key.
 */
export async function openPhysicalBackup(
  dir: string,
  sealKey: Uint8Array,
): Promise<PhysicalBackup> {
  const text = await readFile(join(dir, manifestName), 'utf8').catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error
    throw new BackupError(`There is no physical backup in ${dir}.`)
  })
  const { takenAt, folders, files } = parseSealed(text, sealKey) as PhysicalManifest // our own seal is on it
  const from = join(dir, dataName)
  for (const file of files) {
    const found = await copyFile(join(from, file.path), undefined)
    const isIntact = found?.sizeBytes === file.sizeBytes && found.sha256 === file.sha256
    if (!isIntact) throw damaged(`at ${file.path}`)
  }
  const place = async (to: string): Promise<void> => {
    for (const folder of folders) await mkdir(join(to, folder), { recursive: true, mode: 0o700 })
    for (const { path } of files) await copyFile(join(from, path), join(to, path))
  }
  return { takenAt, place }
}

type Copied = Pick<PhysicalManifest, 'server' | 'takenAt' | 'folders' | 'files'>

/** The control file goes last but for the log: what it says is true of all that was copied before. */
async function copyCluster(client: Client, to: string): Promise<Copied> {
  const { from, server } = await one<{ from: string; server: string }>(
    client,
    `select current_setting('data_directory') as from, current_setting('server_version') as server`,
  )
  // The slot keeps the log from the start on; it ends with this connection.
  await client.query(
    `select pg_create_physical_replication_slot('backup_' || pg_backend_pid(), true, true)`,
  )
  const { first } = await one<{ first: string }>(
    client,
    `select pg_walfile_name(pg_backup_start('tallystick', true)) as first`,
  )
  const { folders, paths } = await listFiles(from)
  const files: FileCopy[] = []
  const copy = async (path: string): Promise<void> => {
    const copied = await copyFile(join(from, path), join(to, path))
    if (copied !== undefined) files.push({ path, ...copied })
  }
  for (const folder of folders) await mkdir(join(to, folder), { recursive: true, mode: 0o700 })
  for (const path of paths) await copy(path)
  await copy(controlPath)
  const { last, label, at } = await one<{ last: string; label: string; at: string }>(
    client,
    `select pg_walfile_name(lsn) as last, labelfile as label,
      to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from pg_backup_stop(false)`,
  )
  const segments = (await readdir(join(from, walName))).filter(
    (name) => segmentName.test(name) && name >= first && name <= last,
  )
  for (const segment of segments.toSorted()) await copy(join(walName, segment))
  assert(files.at(-1)?.path === join(walName, last), 'the log of a backup is kept until its end')
  const bytes = Buffer.from(label)
  await writeDurably(join(to, 'backup_label'), bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  files.push({ path: 'backup_label', sizeBytes: bytes.length, sha256 })
  return { server, takenAt: at, folders, files }
}

/** Every folder, and every file that is copied but the control file. Throws BackupError. */
async function listFiles(
  from: string,
): Promise<Readonly<{ folders: readonly string[]; paths: readonly string[] }>> {
  const folders = ['', join(walName, 'archive_status')]
  const paths: string[] = []
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = await readdir(join(from, folder), { withFileTypes: true })
    if (folder === 'pg_tblspc' && entries.length > 0) {
      throw new BackupError('The database has tablespaces; back it up with tools of PostgreSQL.')
    }
    if (emptied.has(folder)) continue
    for (const entry of entries) {
      const path = join(folder, entry.name)
      const isTemporary = /^(pgsql_tmp|pg_internal\.init)/.test(entry.name) || leftOut.has(path)
      if (isTemporary || path === controlPath) continue
      if (entry.isDirectory()) {
        folders.push(path)
        waiting.push(path)
      } else if (entry.isFile()) {
        paths.push(path)
      }
    }
  }
  return { folders: folders.toSorted(), paths: paths.toSorted() }
}

/** Copies a file, or only reads it; undefined when there is none, as of a table that was dropped. */
async function copyFile(
  from: string,
  to: string | undefined,
): Promise<Omit<FileCopy, 'path'> | undefined> {
  const source = await open(from).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (source === undefined) return undefined
  let target: FileHandle | undefined
  try {
    target = to === undefined ? undefined : await open(to, 'w', 0o600)
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const chunk of source.createReadStream({ autoClose: false })) {
      hash.update(chunk)
      sizeBytes += chunk.length
      await target?.writeFile(chunk)
    }
    await target?.sync()
    return { sizeBytes, sha256: hash.digest('hex') }
  } finally {
    await target?.close()
    await source.close()
  }
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function requireNothing(dir: string): Promise<void> {
  const found = await open(dir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return
  await found.close()
  throw new BackupError(`${dir} exists already; a backup never replaces another.`)
}

async function one<Row extends object>(client: Client, text: string): Promise<Row> {
  const { rows } = await client.query<Row>(text)
  const [row] = rows
  assert(row !== undefined, 'the statement answers one row')
  return row
}
