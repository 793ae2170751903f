import { Client, DatabaseError, escapeIdentifier } from 'pg'
import {
  type DatabaseAddress,
  type EmbeddedOptions,
  findRunning,
  startEmbedded,
} from './embedded.ts'
import { inspectExternal } from './external.ts'
import { codeOf } from './launcher-lock.ts'
import { appRole, canActAs, ensureDatabase } from './migrate.ts'
import { StartError } from './start-error.ts'

/** Where a pool or a client connects. */
export type Where =
  | Readonly<{ connectionString: string }>
  | Readonly<{ host: string; port: number; user: string; database: string }>

/** The database of an installation, reachable and checked; `close` ends what was started for it. */
export type Database = Readonly<{
  kind: 'embedded' | 'joined' | 'external'
  app: Where
  owner: Where
  warnings: readonly string[]
  close: () => Promise<void>
  /** Calls the listener when the bundled PostgreSQL cannot be kept running. */
  onLoss: (listener: (cause: string) => void) => void
}>

type Options = EmbeddedOptions &
  Readonly<{
    databaseUrl: string
    migrateUrl: string
    isProduction: boolean
    allowsUnsafe: boolean
    /** Whether a PostgreSQL that a running server started may be used; a second server may not. */
    mayJoin: boolean
  }>

const databaseName = 'tallystick'

/**
 * Opens the external database when a URL is given, else the bundled one, joining a running one
 * where that is allowed. Throws StartError with a sentence for the operator.
 */
export async function openDatabase(options: Options): Promise<Database> {
  if (options.databaseUrl !== '') {
    return openExternal(options)
  }
  const running = options.mayJoin ? findRunning(options.dataDir) : undefined
  if (running !== undefined && (await isAnswering(running))) {
    return toDatabase(running, 'joined', () => Promise.resolve())
  }
  const embedded = await startEmbedded(options)
  try {
    await withClient({ ...toWhere(embedded), database: 'postgres' }, (client) =>
      ensureDatabase(client, databaseName),
    )
  } catch (error) {
    await embedded.stop()
    throw error
  }
  return { ...toDatabase(embedded, 'embedded', embedded.stop), onLoss: embedded.onExit }
}

/** Runs work on one connection as the login role, outside any pool. */
export async function withClient<Result>(
  where: Where,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...where, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Lets the login of the server act as the application role; the migrations have made the role. */
export async function admitApp({ app, owner }: Database): Promise<void> {
  const login = await withClient(app, async (client) => {
    const { rows } = await client.query<{ name: string }>('select session_user as name')
    return (await canActAs(client, appRole)) ? undefined : rows[0]?.name
  })
  if (login === undefined) {
    return
  }
  const grant = `grant ${appRole} to ${escapeIdentifier(login)}`
  try {
    await withClient(owner, (client) => client.query(grant))
  } catch (error) {
    if (error instanceof DatabaseError) {
      throw new StartError(`The role of DATABASE_URL cannot act for us; run: ${grant}.`)
    }
    throw error
  }
}

/** A database of its own beside the given one, until it is dropped. Throws StartError. */
export async function createScratch(
  beside: Where,
  name: string,
): Promise<Readonly<{ where: Where; drop: () => Promise<void> }>> {
  try {
    await withClient(beside, (client) => ensureDatabase(client, name))
  } catch (error) {
    if (error instanceof DatabaseError) {
      throw new StartError(`A scratch database cannot be made: ${error.message}.`)
    }
    throw error
  }
  const text = `drop database if exists ${escapeIdentifier(name)} with (force)`
  const drop = async (): Promise<void> => {
    await withClient(beside, (client) => client.query(text))
  }
  return { where: inDatabase(beside, name), drop }
}

function inDatabase(where: Where, database: string): Where {
  if (!('connectionString' in where)) return { ...where, database }
  const url = new URL(where.connectionString)
  url.pathname = `/${database}`
  return { connectionString: url.href }
}

async function openExternal(options: Options): Promise<Database> {
  const app = { connectionString: options.databaseUrl }
  const owner = { connectionString: options.migrateUrl }
  try {
    const warnings = await withClient(app, (client) => inspectExternal(client, options))
    const close = (): Promise<void> => Promise.resolve()
    return { kind: 'external', app, owner, warnings, close, onLoss: () => undefined }
  } catch (error) {
    if (error instanceof StartError) {
      throw error
    }
    throw new StartError(`DATABASE_URL cannot be reached: ${reasonOf(error)}.`)
  }
}

/** Never the URL itself: it may hold a password. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message || (codeOf(error) ?? error.name) : 'no reason given'

const toWhere = ({ socketDir, port, user }: DatabaseAddress) => ({
  host: socketDir,
  port,
  user,
  database: databaseName,
})

const toDatabase = (
  address: DatabaseAddress,
  kind: 'embedded' | 'joined',
  close: () => Promise<void>,
): Database => {
  const where = toWhere(address)
  return { kind, app: where, owner: where, warnings: [], close, onLoss: () => undefined }
}

/** The file that names a running database may outlive it. */
async function isAnswering(address: DatabaseAddress): Promise<boolean> {
  try {
    await withClient(toWhere(address), (client) => client.query('select 1'))
    return true
  } catch (error) {
    if (error instanceof DatabaseError) {
      throw new StartError(`The database of the running server does not answer: ${error.message}.`)
    }
    return false
  }
}
