import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, DatabaseError, escapeIdentifier } from 'pg'
import { inject } from 'vitest'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { assert } from '../src/kernel/assert.ts'
import { templateDatabase, temporaryFolder } from './postgres.ts'

const isBeingCopied = '55006'
const attemptsMax = 100
const nobody = 65_534

/** Where the PostgreSQL of this test run is. */
export const clusterAddress = (): DatabaseAddress => inject('postgres')

/** Makes a database of its own for a test file, a copy of the migrated template, and names it. */
export async function freshDatabase(address = clusterAddress()): Promise<string> {
  assert(inject('templateFailure') === '', inject('templateFailure'))
  const name = `test_${randomBytes(8).toString('hex')}`
  const text = `create database ${escapeIdentifier(name)} template ${templateDatabase}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      await onServer(address, text)
      return name
    } catch (error) {
      const isBusy = error instanceof DatabaseError && error.code === isBeingCopied
      if (!isBusy || attempt === attemptsMax) {
        throw error
      }
    }
  }
}

/** Makes a database without any table, owned by the login role. */
export async function emptyDatabase(address = clusterAddress()): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(address, `create database ${escapeIdentifier(name)} template template0`)
  return name
}

/** Removes a database of a test, closing connections that are still open. */
export const dropDatabase = (name: string, address = clusterAddress()): Promise<void> =>
  onServer(address, `drop database if exists ${escapeIdentifier(name)} with (force)`)

/** A client connected to a database of the run as the superuser; the caller ends it. */
export async function connect(database: string, address = clusterAddress()): Promise<Client> {
  const { socketDir: host, port, user } = address
  const client = new Client({ host, port, user, database })
  await client.connect()
  return client
}

export type SystemPostgres = DatabaseAddress & Readonly<{ stop: () => Promise<void> }>

/** Folder of an installed PostgreSQL of this major version, or undefined where there is none. */
export function findSystemPostgres(major: number): string | undefined {
  const folder = `/usr/lib/postgresql/${major}/bin`
  return existsSync(join(folder, 'postgres')) ? folder : undefined
}

/** Starts the system's own PostgreSQL on a temporary folder; `stop` removes it. */
export async function startSystemPostgres(bin: string): Promise<SystemPostgres> {
  const folder = temporaryFolder()
  const isRoot = process.getuid?.() === 0
  const as = isRoot ? { uid: nobody, gid: nobody } : {}
  const [pgDir, socketDir] = [join(folder, 'pg'), join(folder, 'run')]
  for (const path of [pgDir, socketDir]) {
    mkdirSync(path, { mode: 0o700 })
    if (isRoot) {
      chownSync(path, nobody, nobody)
    }
  }
  const options = { ...as, cwd: '/', env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } }
  const words = [
    '-D',
    pgDir,
    '-U',
    'postgres',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '-A',
    'trust',
  ]
  const made = spawnSync(join(bin, 'initdb'), words, { ...options, encoding: 'utf8' })
  if (made.status !== 0) {
    throw new Error(`initdb failed: ${made.stderr}`)
  }
  const args = ['-D', pgDir, '-k', socketDir, '-c', 'listen_addresses=']
  const child = spawn(join(bin, 'postgres'), args, { ...options, stdio: 'ignore' })
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  const address = { socketDir, port: 5432, user: 'postgres' }
  await untilAnswering(address)
  return {
    ...address,
    stop: async () => {
      child.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilAnswering(address: DatabaseAddress): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    try {
      await onServer(address, 'select 1')
      return
    } catch (error) {
      if (performance.now() > deadline) {
        throw error
      }
      await pause(20)
    }
  }
}

async function onServer(address: DatabaseAddress, text: string): Promise<void> {
  const client = await connect('postgres', address)
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
