import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Session, toSession } from '../src/cli/session.ts'
import { loadConfig, packageRoot } from '../src/config.ts'
import { withClient } from '../src/db/database.ts'
import { findRunning } from '../src/db/embedded.ts'
import type { Pool } from '../src/db/pool.ts'
import { addDays, asDate, type CalendarDate } from '../src/kernel/dates.ts'
import type { Id } from '../src/kernel/ids.ts'
import { buildLog } from '../src/log.ts'
import { createKey } from '../src/modules/access/api-key.actions.ts'
import { createOrganization } from '../src/modules/access/organization.actions.ts'
import { openBusiness } from '../src/modules/ledger/account.actions.ts'
import { openInstallation } from '../src/start.ts'
import { BenchError, require } from './bench-error.ts'
import { runProgram } from './processes.ts'
import { serverEnv } from './server.ts'

/** Accounts that the generators post on, with the codes 10000 to 10999. */
export const accountCount = 1_000
export const firstCode = 10_000

/** Days, up to today, that journals are posted on. */
export const daysPosted = 28

/** The database of a running server, joined: for making data and for counting it. */
export type World = Readonly<{
  session: Session
  /** Sees every tenant. */
  owner: Pool
  close: () => Promise<void>
}>

/** One set of books to post to, and a key of the Books surface that reaches it. */
export type Books = Readonly<{
  organizationId: Id<'organization'>
  businessId: Id<'business'>
  key: string
}>

export async function joinWorld(dataDir: string): Promise<World> {
  const config = loadConfig({ ...serverEnv(dataDir, 0) }, { cwd: dataDir })
  const log = buildLog({ ...config, logLevel: 'warn' }, process.stderr)
  const installation = await openInstallation(config, log, { mayJoin: true })
  const owner = installation.adminPool
  // Naive sums take what they take; the last of several settings of one name holds.
  owner.options.options = `${owner.options.options ?? ''} -c statement_timeout=0`
  const close = async (): Promise<void> => {
    await installation.close()
  }
  return { session: toSession(installation), owner, close }
}

/** The folder in which PostgreSQL keeps its data; only its own superuser may ask. */
export async function findDatabaseFolder(dataDir: string): Promise<string> {
  const address = findRunning(dataDir)
  require(address !== undefined, 'The database of the server is not to be found.')
  const { socketDir: host, port, user } = address
  return await withClient({ host, port, user, database: 'postgres' }, async (client) => {
    const { rows } = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    )
    return rows[0]?.folder ?? ''
  })
}

/** The process id that PostgreSQL keeps in its data folder. */
export const readPostmaster = (folder: string): number =>
  Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0])

/** An organization with one live business of a thousand accounts, and a key for it. */
export async function openBooks(
  { session, owner }: World,
  name: string,
  booksStart?: CalendarDate,
): Promise<Books> {
  const organizationId = session.newId('organization')
  const businessId = session.newId('business')
  await session.write({ organizationId }, createOrganization, { name })
  await session.write({ organizationId, businessId }, openBusiness, {
    name,
    environment: 'live',
    baseCurrency: 'NGN',
    country: 'NG',
    chart: 'generic',
    ...(booksStart !== undefined && { booksStart }),
  })
  await addAccounts(owner, businessId)
  await widenLimits(owner, organizationId)
  const made = await session.write({ organizationId }, createKey, {
    ...session.newKeyMaker(),
    surface: 'books',
    environment: 'live',
    businessIds: [businessId],
    name: 'bench',
    isOperator: true,
  })
  return { organizationId, businessId, key: made.text }
}

/** Far above what is measured, so that the limits are counted but never reached. */
async function widenLimits(owner: Pool, organizationId: string): Promise<void> {
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     select $1, 'books', name, to_jsonb(1000000000), '2000-01-01', 'benchmark', now()
     from unnest(array['requestsPerMinute', 'requestsPerHour', 'requestsPerDay', 'inFlightMax']) as name`,
    [organizationId],
  )
}

/** Half of them assets, a tenth liabilities, the rest income and expenses. */
async function addAccounts(owner: Pool, businessId: string): Promise<void> {
  await owner.query(
    `insert into account (business_id, account_id, code, name, category, subcategory, created_at, updated_at)
     select $1, gen_random_uuid(), code::text, 'Account ' || code, kind[1], kind[2], now(), now()
     from generate_series($2::int, $2::int + $3::int - 1) as code,
       lateral (select case
         when code % 10 < 5 then array['asset', 'current_asset']
         when code % 10 < 6 then array['liability', 'current_liability']
         when code % 10 < 8 then array['revenue', 'operating_revenue']
         else array['expense', 'operating_expense']
       end as kind) as kinds`,
    [businessId, firstCode, accountCount],
  )
  // Whoever remembers the chart reads it again.
  await owner.query(
    'update lane_head set config_version = config_version + 1 where tenant_id = $1',
    [businessId],
  )
}

/** The days that journals are posted on, newest first. */
export const recentDays = (today: CalendarDate): readonly CalendarDate[] =>
  Array.from({ length: daysPosted }, (_, index) => addDays(today, -index))

/** Naive statements are shipped beside this file's source. */
export const readNaive = (name: string): string =>
  readFileSync(join(packageRoot, 'bench', 'naive', `${name}.sql`), 'utf8')

/** Stops a run whose numbers would be bought with safety. */
export async function requireDurable(owner: Pool): Promise<Readonly<Record<string, string>>> {
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'server_version']
  const shown = ['shared_buffers', 'max_wal_size', 'wal_compression', 'wal_level']
  const { rows } = await owner.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any ($1) order by name',
    [[...names, ...shown]],
  )
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  for (const name of names.slice(0, 3)) {
    require(settings[name] === 'on', `${name} is ${settings[name]}; numbers count with it on only.`)
  }
  return settings
}

/** What every benchmark of posting must find in the books afterwards. */
export type BookChecks = Readonly<{ sum: bigint; entries: number; keys: number }>

export async function countBooks(owner: Pool, { businessId }: Books): Promise<BookChecks> {
  const { rows } = await owner.query<{ sum: string; entries: number; keys: number }>(
    `select (select coalesce(sum(base_amount), 0) from journal_line where business_id = $1) as sum,
       (select count(*)::int from journal_entry where business_id = $1) as entries,
       (select count(*)::int from idempotency where tenant_id = $1 and status < 300) as keys`,
    [businessId],
  )
  const [row] = rows
  if (row === undefined) throw new BenchError('Counting answered nothing.')
  return { sum: BigInt(row.sum), entries: row.entries, keys: row.keys }
}

/** Rows of the roll-ups that differ from the sums of their lines. */
export async function countDrift(owner: Pool, { businessId }: Books): Promise<number> {
  let wrong = 0
  for (const name of ['balance_day', 'balance_month']) {
    const { rows } = await owner.query<{ wrong: number }>(readNaive(name), [businessId])
    wrong += rows[0]?.wrong ?? 0
  }
  return wrong
}

type Balances = ReadonlyMap<string, bigint>

/** Balances by account code at a day, summed from all lines. */
export async function sumNaively(
  owner: Pool,
  { businessId }: Books,
  date: CalendarDate,
): Promise<Balances> {
  const { rows } = await owner.query<{ code: string; balance: bigint }>(
    readNaive('trial_balance'),
    [businessId, date, asDate(`${date.slice(0, 4)}-01-01`)],
  )
  return new Map(rows.map(({ code, balance }) => [code, balance]))
}

/** Balances by account code as the trial balance of the Books surface shows them. */
export async function readTrialBalance(
  origin: string,
  { businessId, key }: Books,
  date: CalendarDate,
): Promise<Balances> {
  const query = `businessId=${businessId}&asOfDate=${date}`
  const answer = await fetch(`${origin}/books/v1/reports/trial-balance?${query}`, {
    headers: { Authorization: `Bearer ${key}` },
  })
  const body: unknown = await answer.json()
  require(answer.status ===
    200, `The trial balance answered ${answer.status}: ${JSON.stringify(body)}`)
  return toBalances(body)
}

/** The shape of the answer is the surface's contract; anything else shows as a difference. */
export function toBalances(body: unknown): Balances {
  const accounts: unknown = Reflect.get(Object(Reflect.get(Object(body), 'data')), 'accounts')
  require(Array.isArray(accounts), 'The trial balance has no accounts.')
  const balances = new Map<string, bigint>()
  for (const account of accounts) {
    const member = (name: string): unknown => Reflect.get(Object(account), name)
    const balance = BigInt(Number(member('debitKobo'))) - BigInt(Number(member('creditKobo')))
    if (balance !== 0n) balances.set(String(member('code')), balance)
  }
  return balances
}

export const isEqual = (one: Balances, other: Balances): boolean =>
  one.size === other.size && [...one].every(([code, balance]) => other.get(code) === balance)

/** The commit that is measured, short; `unknown` outside of a repository. */
export const findCommit = (): Promise<string> =>
  runProgram('git', ['-C', packageRoot, 'rev-parse', '--short', 'HEAD']).then(
    (text) => text.trim(),
    () => 'unknown',
  )
