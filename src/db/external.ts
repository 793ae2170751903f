import type { Client } from 'pg'
import { StartError } from './start-error.ts'

type Limits = Readonly<{ isProduction: boolean; allowsUnsafe: boolean }>

type Facts = Readonly<{
  version: number
  encoding: string
  fsync: string
  full_page_writes: string
  synchronous_commit: string
  is_unbounded: boolean
}>

const oldestVersion = 150_000

const factsSql = `
  select current_setting('server_version_num')::int as version,
    pg_encoding_to_char(encoding) as encoding,
    current_setting('fsync') as fsync,
    current_setting('full_page_writes') as full_page_writes,
    current_setting('synchronous_commit') as synchronous_commit,
    (select rolsuper or rolbypassrls from pg_roles where rolname = session_user) as is_unbounded
  from pg_database
  where datname = current_database()`

/**
 * Checks a PostgreSQL that is not ours before anything is written to it, and returns sentences the
 * operator should read. Throws StartError for an old server, another encoding than UTF8, settings
 * that can lose committed data (unless allowed), and in production for a login role that row-level
 * security does not bind.
 * Source: platform specification 25, "External database".
 */
export async function inspectExternal(
  client: Client,
  { isProduction, allowsUnsafe }: Limits,
): Promise<readonly string[]> {
  const { rows } = await client.query<Facts>(factsSql)
  const facts = rows[0]
  if (facts === undefined || facts.version < oldestVersion) {
    const found = Math.trunc((facts?.version ?? 0) / 10_000)
    throw new StartError(`DATABASE_URL leads to PostgreSQL ${found}; 15 or newer is needed.`)
  }
  if (facts.encoding !== 'UTF8') {
    throw new StartError(`The database is encoded in ${facts.encoding}; UTF8 is needed.`)
  }
  const unsafe = [
    ['fsync', facts.fsync],
    ['full_page_writes', facts.full_page_writes],
    ['synchronous_commit', facts.synchronous_commit],
  ].flatMap(([name, value]) => (value === 'off' ? [name] : []))
  if (unsafe.length > 0 && !allowsUnsafe) {
    throw new StartError(
      `The database can lose committed data (off: ${unsafe.join(', ')}); turn it on, or set TALLYSTICK_ALLOW_UNSAFE_DATABASE=1 and accept the loss.`,
    )
  }
  const unbounded =
    'The database login is a superuser or bypasses row-level security; use an ordinary role.'
  if (facts.is_unbounded && isProduction) {
    throw new StartError(unbounded)
  }
  return [
    ...(unsafe.length > 0 ? [`Committed data can be lost (off: ${unsafe.join(', ')}).`] : []),
    ...(facts.is_unbounded ? [unbounded] : []),
  ]
}
