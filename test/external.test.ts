import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { companions } from '../src/companions.ts'
import { admitApp, type Database, openDatabase, withClient } from '../src/db/database.ts'
import { type DatabaseAddress, startEmbedded } from '../src/db/embedded.ts'
import { Gate } from '../src/db/lane.ts'
import { migrate } from '../src/db/migrate.ts'
import { openPool } from '../src/db/pool.ts'
import { instantFromMs } from '../src/kernel/dates.ts'
import { asId, uuidV7 } from '../src/kernel/ids.ts'
import { createOrganization } from '../src/modules/access/organization.actions.ts'
import { openBusiness } from '../src/modules/ledger/account.actions.ts'
import { postJournal } from '../src/modules/ledger/journal.actions.ts'
import {
  clusterAddress,
  connect,
  dropDatabase,
  findSystemPostgres,
  startSystemPostgres,
} from './cluster.ts'
import { journal } from './lane.ts'
import { temporaryFolder, testLog } from './postgres.ts'
import { urlOf } from './process.ts'

const migrations = join(import.meta.dirname, '..', 'migrations')

test('migrations and a posting work on PostgreSQL 15 for a role that is no superuser', async ({
  skip,
}) => {
  const bin = findSystemPostgres(15)
  if (bin === undefined) {
    return skip('no PostgreSQL 15 in /usr/lib/postgresql/15/bin')
  }
  const server = await startSystemPostgres(bin)
  onTestFinished(server.stop)
  const { name, login } = await aDatabase(server, 'createrole')
  const database = await open(urlOf({ ...server, user: login }, name))

  await withClient(database.owner, (client) => migrate(client, migrations))
  await admitApp(database)

  expect(database.warnings).toEqual([])
  expect(await postOnce(database)).toBe('JE-2026-001')
})

test('they do on the bundled one too, where a member of a role may not act as it by itself', async () => {
  const server = await startEmbedded({ dataDir: temporaryFolder(), log: testLog })
  onTestFinished(server.stop)
  const { name, login } = await aDatabase(server, 'createrole')
  const database = await open(urlOf({ ...server, user: login }, name))

  await withClient(database.owner, (client) => migrate(client, migrations))
  await admitApp(database)

  expect(await postOnce(database)).toBe('JE-2026-001')
})

test('a login without the right to make roles is told what an administrator must run', async () => {
  const { name, login } = await aDatabase(clusterAddress(), '')
  const database = await open(urlOf({ ...clusterAddress(), user: login }, name))

  const attempt = withClient(database.owner, (client) => migrate(client, migrations))

  await expect(attempt).rejects.toThrow(`grant tallystick_owner to "${login}"`)
})

test('a superuser is a warning in development and a refusal in production', async () => {
  const url = urlOf(clusterAddress(), 'postgres')

  const database = await open(url)

  expect(database.warnings).toEqual([expect.stringContaining('superuser')])
  await expect(open(url, { isProduction: true })).rejects.toThrow('superuser')
})

test('a database that can lose committed data is refused unless that is accepted', async () => {
  const { name } = await aDatabase(clusterAddress(), '')
  await onServer((client) => client.query(`alter database ${name} set synchronous_commit = off`))
  const url = urlOf(clusterAddress(), name)

  const accepted = await open(url, { allowsUnsafe: true })

  expect(accepted.warnings[0]).toBe('Committed data can be lost (off: synchronous_commit).')
  await expect(open(url)).rejects.toThrow('(off: synchronous_commit)')
})

test('a database in another encoding is refused', async () => {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer((client) =>
    client.query(`create database ${name} encoding 'LATIN1' locale 'C' locale_provider libc
      template template0`),
  )
  onTestFinished(() => dropDatabase(name))

  await expect(open(urlOf(clusterAddress(), name))).rejects.toThrow('encoded in LATIN1')
})

test('an unreachable database is named without its password', async () => {
  await expect(open('postgresql://u:hunter2@127.0.0.1:1/x')).rejects.toThrow(
    /^DATABASE_URL cannot be reached: (?!.*hunter2)/,
  )
})

type Limits = Readonly<{ isProduction?: boolean; allowsUnsafe?: boolean }>

const open = (
  databaseUrl: string,
  { isProduction = false, allowsUnsafe = false }: Limits = {},
): Promise<Database> =>
  openDatabase({
    dataDir: temporaryFolder(),
    databaseUrl,
    migrateUrl: databaseUrl,
    isProduction,
    allowsUnsafe,
    mayJoin: false,
    log: testLog,
  })

/** A database and the role that owns it; both names are new. */
async function aDatabase(address: DatabaseAddress, rights: 'createrole' | '') {
  const suffix = randomBytes(8).toString('hex')
  const [name, login] = [`test_${suffix}`, `login_${suffix}`]
  await onServer(async (client) => {
    await client.query(`create role ${login} login ${rights}`)
    await client.query(`create database ${name} owner ${login} template template0`)
  }, address)
  onTestFinished(async () => {
    await dropDatabase(name, address)
    await onServer((client) => client.query(`drop role if exists ${login}`), address)
  })
  return { name, login }
}

async function onServer(
  work: (client: Client) => Promise<unknown>,
  address = clusterAddress(),
): Promise<void> {
  const client = await connect('postgres', address)
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

/** Makes a business and posts one journal into it; answers the number of the entry. */
async function postOnce(database: Database): Promise<string | null> {
  const pool = openPool({ ...database.app, role: 'tallystick_app', connectionsMax: 3 })
  const gate = new Gate({ pool, companions, random: randomBytes, transactionsMax: 1 })
  const now = instantFromMs(Date.parse('2026-06-10T12:00:00Z'))
  const newId = (): string => uuidV7(Date.parse(now), randomBytes(10))
  const organizationId = asId('organization', newId())
  const businessId = asId('business', newId())
  const tenant = { organizationId, businessId }
  const stamp = { actor: 'operator', now }
  const business = {
    name: 'Ada Traders',
    environment: 'live' as const,
    baseCurrency: 'NGN',
    country: 'NG',
  }
  try {
    await gate.write({
      ...stamp,
      tenant: { organizationId },
      action: createOrganization,
      input: { name: 'Ada' },
    })
    await gate.write({ ...stamp, tenant, action: openBusiness, input: business })
    const input = journal('1001 +107.50 | 4000 -107.50', '2026-06-10')
    const done = await gate.write({ ...stamp, tenant, action: postJournal, input })
    return 'value' in done ? done.value.number : null
  } finally {
    await gate.close()
    await pool.end()
  }
}
