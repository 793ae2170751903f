import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type Client, escapeIdentifier } from 'pg'
import { from } from 'pg-copy-streams'
import { BackupError } from './archive.ts'
import { type Backup, listChainHeads, listColumns, type TableCopy } from './backup.ts'
import { migrate, newestMigration, ownerRole } from './migrate.ts'
import { StartError } from './start-error.ts'

type Options = Readonly<{
  /** Folder of the migrations of this release. */
  migrations: string
  /** Whether tables of ours that are there are dropped first. */
  dropsOurs: boolean
}>

type ForeignKey = Readonly<{ table: string; name: string; definition: string }>

const unusable = 'unusable: a restore into this database was not finished'

/**
 * Restores a backup into an empty database: migrates to the backup's version, copies every table in
 * one transaction, states the foreign keys again so that all rows are checked, compares counts and
 * chain heads with the manifest, and migrates to this release. Answers the rows that were copied.
 * The database refuses to serve until `admitRestored`. Throws BackupError and StartError.
 * Source: platform specification 26.
 */
export async function restoreBackup(
  client: Client,
  { manifest, copyOf }: Backup,
  { migrations, dropsOurs }: Options,
): Promise<number> {
  if (manifest.migration > newestMigration(migrations)) {
    throw new StartError(
      `The backup has migration ${manifest.migration}, which this release does not know; use the newer release.`,
    )
  }
  if (await hasTables(client)) {
    if (!dropsOurs) {
      throw new BackupError('The database is not empty; --force-empty drops what is in it.')
    }
    await dropAll(client)
  }
  await migrate(client, migrations, { to: manifest.migration })
  await barRestored(client)
  const rows = await copyAll(client, manifest.tables, copyOf)
  await restoreSequences(client, manifest.sequences)
  const heads = JSON.stringify(await listChainHeads(client))
  if (heads !== JSON.stringify(manifest.chainHeads)) {
    throw new BackupError('The chains of the restored database are not those of the backup.')
  }
  await migrate(client, migrations)
  return rows
}

/** Keeps a database from serving until `admitRestored`. */
export const barRestored = (client: Client): Promise<void> =>
  asOwner(client, (run) => run(`comment on table public.migration is '${unusable}'`))

/** Lets a restored database serve, once it has been verified. */
export const admitRestored = (client: Client): Promise<void> =>
  asOwner(client, (run) => run('comment on table public.migration is null'))

/** Throws StartError when a restore into the database broke off or did not verify. */
export async function requireUsable(client: Client): Promise<void> {
  const { rows } = await client.query<{ comment: string | null }>(
    `select obj_description(to_regclass('public.migration'), 'pg_class') as comment`,
  )
  if (rows[0]?.comment === unusable) {
    throw new StartError(
      'A restore into this database was not finished or did not verify; restore again with --force-empty.',
    )
  }
}

type Run = (text: string) => Promise<unknown>

async function asOwner(client: Client, work: (run: Run) => Promise<unknown>): Promise<void> {
  await client.query(`begin; set local role ${ownerRole}; set local statement_timeout = 0`)
  try {
    await work((text) => client.query(text))
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function hasTables(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ is_there: boolean }>(
    `select exists (
      select from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    ) as is_there`,
  )
  return rows[0]?.is_there === true
}

/** Only what the owner role has in `public`; what others put there stays. */
async function dropAll(client: Client): Promise<void> {
  const { rows } = await client.query<{ text: string }>(
    `select format('drop table if exists %s cascade', oid::regclass) as text
      from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
        and relowner = '${ownerRole}'::regrole
    union all
    select format('drop routine if exists %s cascade', oid::regprocedure)
      from pg_proc
      where pronamespace = 'public'::regnamespace and proowner = '${ownerRole}'::regrole`,
  )
  await asOwner(client, async (run) => {
    await run('set local client_min_messages = warning')
    for (const { text } of rows) await run(text)
  })
  if (await hasTables(client)) {
    throw new BackupError('The database has tables that are not ours; restore into another one.')
  }
}

/** All tables or none. Foreign keys, triggers and row policies are lifted and stated again. */
async function copyAll(
  client: Client,
  tables: readonly TableCopy[],
  copyOf: Backup['copyOf'],
): Promise<number> {
  await requireSameShape(client, tables)
  const names = tables.map(({ table }) => `public.${escapeIdentifier(table)}`)
  let copied = 0
  await asOwner(client, async (run) => {
    const keys = await listForeignKeys(client)
    for (const { table, name } of keys) {
      await run(`alter table public.${escapeIdentifier(table)}
        drop constraint ${escapeIdentifier(name)}`)
    }
    const forced = await listForced(client)
    for (const name of names) await run(`alter table ${name} disable trigger user`)
    for (const name of forced) await run(`alter table ${name} no force row level security`)
    await run(`truncate ${names.join(', ')}`)
    for (const table of tables) copied += await copyTable(client, table, copyOf)
    for (const { table, name, definition } of keys) {
      await run(`alter table public.${escapeIdentifier(table)}
        add constraint ${escapeIdentifier(name)} ${definition}`)
    }
    for (const name of forced) await run(`alter table ${name} force row level security`)
    for (const name of names) await run(`alter table ${name} enable trigger user`)
    await run(`analyze ${names.join(', ')}`)
  })
  return copied
}

async function copyTable(
  client: Client,
  table: TableCopy,
  copyOf: Backup['copyOf'],
): Promise<number> {
  const columns = table.columns.map(escapeIdentifier).join(', ')
  const name = `public.${escapeIdentifier(table.table)}`
  const target = client.query(from(`copy ${name} (${columns}) from stdin`))
  await pipeline(copyOf(table), createGunzip(), target)
  if (target.rowCount !== table.rows) {
    throw new BackupError(
      `${table.table} has ${table.rows} rows in the backup and ${target.rowCount} in the database.`,
    )
  }
  return target.rowCount
}

/** The migrations of the same number make the same columns, unless the release is another one. */
async function requireSameShape(client: Client, tables: readonly TableCopy[]): Promise<void> {
  const present = new Set((await listColumns(client)).map((own) => `${own.table}.${own.column}`))
  const wanted = tables.flatMap(({ table, columns }) => columns.map((own) => `${table}.${own}`))
  const missing = wanted.filter((column) => !present.delete(column))
  const [first] = [...missing, ...present]
  if (first !== undefined) {
    throw new BackupError(`The backup and this release differ at ${first}; use its own release.`)
  }
}

async function listForeignKeys(client: Client): Promise<readonly ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    where k.contype = 'f' and k.conparentid = 0
      and c.relnamespace = 'public'::regnamespace and c.relowner = '${ownerRole}'::regrole
    order by c.relname, k.conname
    limit 100000`,
  )
  return rows
}

async function listForced(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relforcerowsecurity
      and relowner = '${ownerRole}'::regrole
    order by relname
    limit 100000`,
  )
  return rows.map(({ name }) => name)
}

async function restoreSequences(
  client: Client,
  sequences: Backup['manifest']['sequences'],
): Promise<void> {
  await asOwner(client, async () => {
    for (const { table, column, last } of sequences) {
      await client.query(
        `select setval(pg_get_serial_sequence(format('public.%I', $1::text), $2), greatest($3::bigint, 1), $3::bigint > 0)`,
        [table, column, last],
      )
    }
  })
}
