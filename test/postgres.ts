import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { type DatabaseAddress, type Log, startEmbedded } from '../src/db/embedded.ts'
import { ensureDatabase, migrate } from '../src/db/migrate.ts'
import { openPool } from '../src/db/pool.ts'
import { loadPlanVersions } from '../src/plan-versions.ts'

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be extended.
  interface ProvidedContext {
    postgres: DatabaseAddress
    /** Why the template could not be migrated; empty when it could. */
    templateFailure: string
  }
}

export const templateDatabase = 'tallystick_template'

const migrations = join(import.meta.dirname, '..', 'migrations')

/** One PostgreSQL for the whole run, with a migrated template database; nothing of it survives. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL']
  const { address, stop } = given === undefined ? await startOwn() : useGiven(given)
  project.provide('postgres', address)
  project.provide('templateFailure', await outcomeOf(makeTemplate(address)))
  return stop
}

/** Tests that need no template still run, and those that do say what is wrong with it. */
const outcomeOf = (attempt: Promise<void>): Promise<string> =>
  attempt.then(
    () => '',
    (error: unknown) => String(error),
  )

/** Only what an operator would see in the log is printed. */
export const testLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => console.warn(message, fields),
  error: (fields, message) => console.error(message, fields),
}

/** A temporary folder that the user of the database may enter. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-test-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Creates and migrates the database that every test database is a copy of. */
export async function makeTemplate(address: DatabaseAddress): Promise<void> {
  const { socketDir: host, port, user } = address
  const server = new Client({ host, port, user, database: 'postgres' })
  await server.connect()
  await ensureDatabase(server, templateDatabase)
  await server.end()
  const template = new Client({ host, port, user, database: templateDatabase })
  await template.connect()
  try {
    await migrate(template, migrations)
  } finally {
    await template.end()
  }
  const owner = openPool({
    host,
    port,
    user,
    database: templateDatabase,
    role: 'tallystick_owner',
    connectionsMax: 1,
  })
  await loadPlanVersions(owner, '')
  await owner.end()
}

type Started = Readonly<{ address: DatabaseAddress; stop: () => Promise<void> }>

async function startOwn(): Promise<Started> {
  const dataDir = temporaryFolder()
  const embedded = await startEmbedded({ dataDir, log: testLog })
  const { socketDir, port, user } = embedded
  const stop = async (): Promise<void> => {
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { address: { socketDir, port, user }, stop }
}

/** A server given by its URL must trust us as a superuser; its template is made once and kept. */
function useGiven(url: string): Started {
  const { hostname, port, username } = new URL(url)
  const address = { socketDir: hostname, port: Number(port || 5432), user: username || 'postgres' }
  return { address, stop: () => Promise.resolve() }
}
