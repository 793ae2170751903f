import type { Client } from 'pg'
import type { Db } from './tx.ts'

/** What a look at a database finds. */
export type Inspection = Readonly<{
  server: string
  /** The clock of the database, milliseconds since 1970. */
  clockMs: number
  /** Number of the last migration; 0 for an empty database. */
  applied: number
}>

/** Looks and changes nothing. */
export async function inspectDatabase(client: Client): Promise<Inspection> {
  const { rows } = await client.query<{ server: string; ms: string; is_migrated: boolean }>(
    `select current_setting('server_version') as server,
      trunc(extract(epoch from clock_timestamp()) * 1000)::text as ms,
      to_regclass('public.migration') is not null as is_migrated`,
  )
  const { server = '', ms = '0', is_migrated: isMigrated = false } = rows[0] ?? {}
  if (!isMigrated) return { server, clockMs: Number(ms), applied: 0 }
  const text = 'select coalesce(max(number), 0)::int as last from public.migration'
  const found = await client.query<{ last: number }>(text)
  return { server, clockMs: Number(ms), applied: found.rows[0]?.last ?? 0 }
}

/** The version of the server, such as `16.4`. */
export async function getServerVersion(db: Db): Promise<string> {
  const [row] = await db.query<{ version: string }>({
    text: `select split_part(current_setting('server_version'), ' ', 1) as version`,
    values: [],
  })
  return row?.version ?? ''
}
