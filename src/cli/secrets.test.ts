import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, freshDatabase } from '../../test/cluster.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { runTallystick, startTallystick, urlOf } from '../../test/process.ts'
import { openPool } from '../db/pool.ts'
import { readSnapshot, safeOf } from '../db/tx.ts'
import { Vault } from '../db/vault.ts'
import { asId } from '../kernel/ids.ts'
import { readMasterKey } from '../master-key.ts'

const database = await freshDatabase()
const folder = temporaryFolder()
afterAll(() => dropDatabase(database))

const env = { TALLYSTICK_DATA_DIR: folder, DATABASE_URL: urlOf(clusterAddress(), database) }

async function tallystick(line: string) {
  const { code, stdout } = await runTallystick([...line.split(' '), '--json'], env)
  return { code, body: JSON.parse(stdout) }
}

const aKeyFile = (): string => {
  const file = join(folder, `${randomBytes(4).toString('hex')}.new`)
  writeFileSync(file, randomBytes(32).toString('base64'))
  return file
}

/** An organization with so many sealed secrets, as a server has left them. */
async function anOrganization(count: number) {
  const made = await tallystick('org create --name Ada --country NG --currency NGN')
  const organizationId = String(made.body.data.organizationId)
  const client = await connect(database)
  onTestFinished(() => client.end())
  const masterKey = readMasterKey(folder)
  const vault = new Vault({ masterKey, root: masterKey })
  const { socketDir: host, port, user } = clusterAddress()
  const pool = openPool({
    ...{ host, port, user, database, role: 'tallystick_owner', connectionsMax: 1, vault },
  })
  onTestFinished(() => pool.end())
  const query = async <Row>(one: Readonly<{ text: string; values: readonly unknown[] }>) =>
    (await pool.query(one.text, [...one.values])).rows as Row[]
  await vault.makeKey(query, organizationId, 1)
  const ids = Array.from({ length: count }, (_, i) => idOf(i))
  const safe = vault.toSafe(organizationId, await vault.readKeys(query, organizationId))
  await client.query('begin; set local session_replication_role = replica')
  await client.query(
    `insert into endpoint_secret
       (organization_id, endpoint_id, secret_id, sealed, secret_end, created_at, expires_at)
     select $1, $1, id, sealed, 'abcd', now(), now()
     from unnest($2::uuid[], $3::bytea[]) as t (id, sealed)`,
    [organizationId, ids, ids.map((id) => safe.seal(placeOf(id), Buffer.from(id)))],
  )
  await client.query('commit')
  return { organizationId, client, ids }
}

const idOf = (i: number): string => `00000000-0000-7000-8000-${String(i).padStart(12, '0')}`
const placeOf = (rowId: string) => ({ table: 'endpoint_secret', column: 'sealed', rowId })

const versionsSql = `select get_byte(sealed, 1) * 256 + get_byte(sealed, 2) as version,
  count(*)::int as count from endpoint_secret group by 1 order by 1`

test('a rotation that is killed goes on where it stopped', async () => {
  const { organizationId, client, ids } = await anOrganization(900)
  const blocker = await connect(database)
  onTestFinished(() => blocker.end())
  // The second batch waits for this row, which is where the process is killed.
  await blocker.query('begin')
  await blocker.query('select from endpoint_secret where secret_id = $1 for update', [idOf(899)])
  const { child, ended } = startTallystick(['secrets', 'rotate-data', organizationId], env)
  await expect
    .poll(async () => (await client.query(versionsSql)).rows, { timeout: 60_000 })
    .toEqual([
      { version: 1, count: 400 },
      { version: 2, count: 500 },
    ])
  child.kill('SIGKILL')
  await ended
  await blocker.query('rollback')

  const done = await tallystick(`secrets rotate-data ${organizationId}`)

  expect(done).toMatchObject({ code: 0, body: { data: { version: 2, reencrypted: 400 } } })
  expect((await client.query(versionsSql)).rows).toEqual([{ version: 2, count: 900 }])
  expect(await openAll(organizationId)).toEqual(ids)
  const { rows } = await client.query(
    `select actor, after from audit_row where action = 'data_key.rotated'`,
  )
  expect(rows).toEqual([
    { actor: 'operator', after: JSON.stringify({ version: 2, reencrypted: 400 }) },
  ])
})

/** What the secrets hold, opened with the key in the data folder. */
async function openAll(organizationId: string): Promise<readonly string[]> {
  const { socketDir: host, port, user } = clusterAddress()
  const masterKey = readMasterKey(folder)
  const pool = openPool({
    ...{ host, port, user, database, role: 'tallystick_app', connectionsMax: 1 },
    vault: new Vault({ masterKey, root: masterKey }),
  })
  const tenant = { organizationId: asId('organization', organizationId) }
  try {
    return await readSnapshot(pool, tenant, async (db) => {
      const { open } = await safeOf(db)
      const rows = await db.query<{ id: string; sealed: Buffer }>({
        text: 'select secret_id as id, sealed from endpoint_secret where organization_id = $1 order by 1',
        values: [organizationId],
      })
      return rows.map(({ id, sealed }) => Buffer.from(open(placeOf(id), sealed)).toString())
    })
  } finally {
    await pool.end()
  }
}

test('a new master key takes the place of the one before, and everything stays valid', async () => {
  const made = await tallystick('org create --name Bisi --country NG --currency NGN')
  const organizationId = String(made.body.data.organizationId)
  const before = readMasterKey(folder)
  const file = aKeyFile()

  const done = await tallystick(`secrets rotate-master --new-key-file ${file}`)
  const again = await tallystick(`secrets rotate-master --new-key-file ${file}`)
  const verified = await tallystick('verify')

  expect(done).toMatchObject({ code: 0, body: { data: { rewrapped: 2, reencrypted: 0 } } })
  expect(again).toMatchObject({ code: 0, body: { data: { rewrapped: 0 } } })
  expect(Buffer.from(readMasterKey(folder)).toString('base64')).toBe(readFileSync(file, 'utf8'))
  expect(verified.code).toBe(0)
  const kept = /master-[0-9a-f]{8}\.key/.exec(
    (await runTallystick(['secrets', 'rotate-master', '--new-key-file', aKeyFile()], env)).stdout,
  )
  expect(existsSync(join(folder, kept?.[0] ?? ''))).toBe(true)
  expect(await tallystick('org list')).toMatchObject({ code: 0 })
  expect((await tallystick(`org suspend ${organizationId} --reason test`)).code).toBe(0)

  // The server refuses to start under a key that is not the database's.
  writeFileSync(join(folder, 'master.key'), `${Buffer.from(before).toString('base64')}\n`)
  const strange = await tallystick('org list')
  expect([strange.code, strange.body.error.message]).toEqual([
    3,
    expect.stringContaining('another master key'),
  ])
})

test('a file without a key is refused before anything is touched', async () => {
  const file = join(folder, 'short.new')
  writeFileSync(file, 'c2hvcnQ=')

  const short = await tallystick(`secrets rotate-master --new-key-file ${file}`)
  const absent = await tallystick(`secrets rotate-master --new-key-file ${file}.absent`)

  expect([short.code, absent.code]).toEqual([2, 2])
})
