import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { StartError } from './start-error.ts'

type Holder = Readonly<{ text: string; pid: number; startedAt: string }>

const attemptsMax = 20

/**
 * Takes the one lock of a data folder and returns the function that gives it back.
 * A lock whose process is gone, or whose process id now belongs to another process, is taken over.
 * Throws StartError naming the process when somebody else holds it.
 * Source: platform specification 25, "Lock".
 */
export function takeLock(path: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) })
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (claim(path, mine)) {
      return () => {
        if (readHolder(path)?.text === mine) {
          rmSync(path, { force: true })
        }
      }
    }
    const holder = readHolder(path)
    if (holder !== undefined) {
      if (holder.pid > 0 && isAlive(holder.pid) && startOf(holder.pid) === holder.startedAt) {
        throw new StartError(
          `Another Tallystick (process ${holder.pid}) is using this data folder; stop it or choose another TALLYSTICK_DATA_DIR.`,
        )
      }
      removeStale(path, holder)
    }
  }
  throw new StartError(`The lock file ${path} changes owner too often; try again.`)
}

/** True while a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** True when the process works in, or was started for, this folder: a postmaster does both. */
export function belongsTo(pid: number, folder: string): boolean {
  try {
    if (workingFolder(`${pid}`) === folder) {
      return true
    }
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(folder)
  } catch {
    return ps(pid, 'command').includes(folder)
  }
}

/** Whether any process works in this folder; undefined where the system does not tell. */
export function hasProcesses(folder: string): boolean | undefined {
  if (!existsSync('/proc/self/cwd')) {
    return undefined
  }
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && workingFolder(name) === folder)
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

/** The system's code of a failed call, such as `ENOENT`; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

/** A hard link either appears whole, with our name in it, or not at all. */
function claim(path: string, mine: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      return false
    }
    throw error
  } finally {
    unlinkSync(draft)
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    const fields: unknown = JSON.parse(text)
    const pid = memberOf(fields, 'pid')
    return { text, pid: Number(pid ?? 0), startedAt: String(memberOf(fields, 'startedAt') ?? '') }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined
    }
    if (error instanceof SyntaxError) {
      return { text: '', pid: 0, startedAt: 'unreadable' }
    }
    throw error
  }
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

/** Two launchers may see the same stale lock; the one that moved a fresh lock aside puts it back. */
function removeStale(path: string, holder: Holder): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
    const moved = readHolder(aside)
    if (moved !== undefined && moved.text !== holder.text && holder.text !== '') {
      linkSync(aside, path)
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') {
      throw error
    }
  } finally {
    rmSync(aside, { force: true })
  }
}

/** When the process started, in the system's own words; process ids are used again, this is not. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ps(pid, 'lstart')
  }
}

function ps(pid: number, column: 'command' | 'lstart'): string {
  const answer = spawnSync('ps', ['-o', `${column}=`, '-p', `${pid}`], { encoding: 'utf8' })
  return answer.status === 0 ? answer.stdout.trim() : ''
}
