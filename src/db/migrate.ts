import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import type { Pool } from './pool.ts'
import { StartError } from './start-error.ts'

export type AppliedMigration = Readonly<{ number: number; name: string; ms: number }>

/** `from` and `to` are migration numbers, 0 for an empty database. */
export type MigrationReport = Readonly<{
  from: number
  to: number
  applied: readonly AppliedMigration[]
}>

type Options = Readonly<{ to?: number; isDryRun?: boolean }>

type Migration = Readonly<{ number: number; name: string; sql: string; sha256: string }>

/** Owns every table, serves the requests, and reads for reports made outside; none can log in. */
export const ownerRole = 'tallystick_owner'
export const appRole = 'tallystick_app'
export const readRole = 'tallystick_read'

const lockKey = 7_408_554_410
const folderName = /^(\d{4})_([a-z0-9_]+)$/
const alreadyThere = ['42710', '23505']

/**
 * Brings a database up to date: roles, then each missing `NNNN_name/up.sql` in a transaction of its
 * own, all under one advisory lock. The client must be allowed to create roles, or the roles exist.
 * Throws StartError for a changed or unknown migration, a gap, and a failing one; what was applied
 * before it stays.
 * Source: platform specification 28 and 33.
 */
export async function migrate(
  client: Client,
  folder: string,
  { to, isDryRun = false }: Options = {},
): Promise<MigrationReport> {
  const known = readMigrations(folder)
  await client.query('select pg_advisory_lock($1)', [lockKey])
  try {
    if (!isDryRun) {
      await ensureRoles(client)
      await ensureTable(client)
    }
    const from = await requireUnchanged(client, known)
    const last = to ?? known.length
    const missing = known.filter(({ number }) => number > from && number <= last)
    if (isDryRun) {
      const planned = missing.map(({ number, name }) => ({ number, name, ms: 0 }))
      return { from, to: planned.at(-1)?.number ?? from, applied: planned }
    }
    const applied: AppliedMigration[] = []
    for (const migration of missing) {
      applied.push(await apply(client, migration))
    }
    if (applied.length > 0) {
      await analyze(client)
    }
    return { from, to: applied.at(-1)?.number ?? from, applied }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lockKey])
  }
}

/** The number of the newest migration in a folder, which is the version this release expects. */
export const newestMigration = (folder: string): number => readMigrations(folder).length

/** The number of the last migration that a database has had; 0 when it has had none. */
export async function findLastMigration(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ last: number | null }>(
    'select max(number)::int as last from migration',
  )
  return rows[0]?.last ?? 0
}

/** Creates a database that belongs to the owner role, unless it is there. */
export async function ensureDatabase(client: Client, name: string): Promise<void> {
  await ensureRoles(client)
  const found = await client.query('select 1 from pg_database where datname = $1', [name])
  if (found.rowCount === 0) {
    const text = `create database ${escapeIdentifier(name)} owner ${ownerRole} template template0`
    await tolerate(['42P04', '23505'], client.query(text))
  }
}

function readMigrations(folder: string): readonly Migration[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
  return names.map((directory, index) => {
    const [, digits, name] = folderName.exec(directory) ?? []
    if (digits === undefined || name === undefined || Number(digits) !== index + 1) {
      throw new StartError(
        `Migrations are numbered without gaps as NNNN_name; ${directory} is not number ${index + 1}.`,
      )
    }
    const sql = readFileSync(join(folder, directory, 'up.sql'), 'utf8')
    const sha256 = createHash('sha256').update(sql).digest('hex')
    return { number: index + 1, name, sql, sha256 }
  })
}

/** Roles belong to the whole server, so two databases may create them at the same moment. */
async function ensureRoles(client: Client): Promise<void> {
  const self = await client.query<{ name: string; is_superuser: boolean }>(
    'select rolname as name, rolsuper as is_superuser from pg_roles where rolname = current_user',
  )
  const { name = '', is_superuser: isSuperuser = false } = self.rows[0] ?? {}
  for (const role of [ownerRole, appRole, readRole]) {
    const found = await client.query('select 1 from pg_roles where rolname = $1', [role])
    if (found.rowCount === 0) {
      const create = `create role ${role} nologin`
      const advice = `an administrator must run: ${create}`
      await tolerate(alreadyThere, explain(client.query(create), advice))
    }
    if (!isSuperuser && !(await canActAs(client, role))) {
      const grant = `grant ${role} to ${escapeIdentifier(name)}`
      await tolerate(alreadyThere, explain(client.query(grant), `the login role needs: ${grant}`))
    }
  }
}

/** Whether the login may `set role`; since PostgreSQL 16 a member need not have that right. */
export async function canActAs(client: Client, role: string): Promise<boolean> {
  const text = `select pg_has_role(session_user, $1,
    case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)
    as can_act`
  const found = await client.query<{ can_act: boolean }>(text, [role])
  return found.rows[0]?.can_act === true
}

/** The owner may create in the database; everybody else may only look into the schema. */
async function ensureTable(client: Client): Promise<void> {
  const rights = await client.query<{ database: string; can_create: boolean }>(
    `select current_database() as database,
       has_database_privilege('${ownerRole}', current_database(), 'create')
         and has_schema_privilege('${ownerRole}', 'public', 'create') as can_create`,
  )
  const { database = '', can_create: canCreate = false } = rights.rows[0] ?? {}
  if (!canCreate) {
    const grants = `grant create on database ${escapeIdentifier(database)} to ${ownerRole};
      grant usage, create on schema public to ${ownerRole}`
    await explain(client.query(grants), `an administrator must run: ${grants}`)
  }
  const usage = `grant usage on schema public to ${appRole}, ${readRole}`
  await tolerate(['42501'], client.query(usage))
  await client.query(`
    begin;
    set local role ${ownerRole};
    set local client_min_messages = warning;
    create table if not exists migration (
      number integer primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default clock_timestamp(),
      ms integer not null
    );
    grant select on migration to ${appRole}, ${readRole};
    commit`)
}

async function requireUnchanged(client: Client, known: readonly Migration[]): Promise<number> {
  const table = await client.query(`select to_regclass('public.migration') as name`)
  if (table.rows[0]?.name === null) {
    return 0
  }
  const done = await client.query<{ number: number; name: string; sha256: string }>(
    'select number, name, sha256 from migration order by number limit 10000',
  )
  for (const { number, name, sha256 } of done.rows) {
    const migration = known[number - 1]
    if (migration === undefined) {
      throw new StartError(
        `The database has migration ${number} (${name}), which this release does not know; use the newer release.`,
      )
    }
    if (migration.sha256 !== sha256) {
      throw new StartError(
        `Migration ${number} (${name}) was changed after it was applied; restore its text or make a new database.`,
      )
    }
  }
  return done.rows.at(-1)?.number ?? 0
}

async function apply(client: Client, migration: Migration): Promise<AppliedMigration> {
  const { number, name, sql, sha256 } = migration
  const began = performance.now()
  try {
    await client.query(`begin; set local role ${ownerRole}; set local statement_timeout = 0`)
    await client.query(sql)
    await client.query(`set local role ${ownerRole}`)
    const ms = Math.trunc(performance.now() - began)
    await client.query(
      'insert into public.migration (number, name, sha256, ms) values ($1, $2, $3, $4)',
      [number, name, sha256, ms],
    )
    await client.query('commit')
    return { number, name, ms }
  } catch (error) {
    await client.query('rollback')
    throw new StartError(`Migration ${number} (${name}) failed: ${placeOf(error, sql)}`)
  }
}

function placeOf(error: unknown, sql: string): string {
  if (!(error instanceof DatabaseError)) {
    return String(error)
  }
  const { message, detail, where, position } = error
  const line = position === undefined ? 0 : sql.slice(0, Number(position)).split('\n').length
  return [message, detail, line > 0 ? `line ${line}` : where].filter(Boolean).join('; ')
}

/** Our own tables only: the others belong to the server. */
async function analyze(client: Client): Promise<void> {
  const { rows } = await client.query<{ tables: string | null }>(
    `select string_agg(format('%I.%I', schemaname, tablename), ', ' order by tablename) as tables
     from pg_tables where tableowner = '${ownerRole}'`,
  )
  const tables = rows[0]?.tables ?? null
  if (tables !== null) {
    await client.query(`analyze ${tables}`)
  }
}

async function tolerate(codes: readonly string[], attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt
  } catch (error) {
    if (!(error instanceof DatabaseError && codes.includes(error.code ?? ''))) {
      throw error
    }
  }
}

async function explain(attempt: Promise<unknown>, advice: string): Promise<void> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '42501') {
      throw new StartError(`The database user may not do this (${error.message}); ${advice}.`)
    }
    throw error
  }
}
