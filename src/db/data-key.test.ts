import { randomBytes } from 'node:crypto'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, dropDatabase, freshDatabase } from '../../test/cluster.ts'
import { newUuid } from '../../test/lane.ts'
import { asId } from '../kernel/ids.ts'
import { openRoot, rewrapKeys, rotateDataKey, sealedColumns } from './data-key.ts'
import { openPool, type Pool } from './pool.ts'
import { openField, versionOf } from './secret-box.ts'
import { openAlone, readSnapshot, safeOf, toTx } from './tx.ts'
import { masterIdOf, Vault } from './vault.ts'

const closers: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const first = new Uint8Array(randomBytes(32))
const second = new Uint8Array(randomBytes(32))
const place = { table: 'endpoint', column: 'sealed_seed', rowId: newUuid() }
const clear = Buffer.from('a secret')

type Scene = Readonly<{
  owner: Pool
  /** A process of its own, under a master key. */
  aProcess: (masterKey: Uint8Array) => Process
}>

type Process = Readonly<{
  vault: Vault
  seal: (organizationId: string, text?: Uint8Array) => Promise<Uint8Array>
  open: (organizationId: string, sealed: Uint8Array) => Promise<string>
}>

async function aScene(): Promise<Scene> {
  const database = await freshDatabase()
  const { socketDir: host, port, user } = clusterAddress()
  const where = { host, port, user, database }
  const pools: Pool[] = []
  const aPool = (role: 'app' | 'owner', vault?: Vault) => {
    const pool = openPool({
      ...where,
      role: `tallystick_${role}`,
      connectionsMax: 4,
      ...(vault !== undefined && { vault }),
    })
    pools.push(pool)
    return pool
  }
  closers.push(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await dropDatabase(database)
  })
  const owner = aPool('owner')
  await openRoot(owner, first)
  return {
    owner,
    aProcess: (masterKey) => {
      const vault = new Vault({ masterKey, root: first })
      const pool = aPool('app', vault)
      return {
        vault,
        seal: async (organization, text = clear) => {
          const tenant = { organizationId: asId('organization', organization) }
          const client = await pool.connect()
          try {
            await client.query(`begin; set local tallystick.organization_id = '${organization}'`)
            const safe = await safeOf(toTx(client, { pool, tenant, isWriting: true }))
            return safe.seal(place, text)
          } finally {
            await client.query('rollback')
            client.release()
          }
        },
        open: (organization, sealed) =>
          readSnapshot(pool, { organizationId: asId('organization', organization) }, async (db) =>
            Buffer.from((await safeOf(db)).open(place, sealed)).toString(),
          ),
      }
    },
  }
}

const keysOf = async (owner: Pool, organizationId: string) =>
  (
    await owner.query<{ version: number; wrapped: Buffer }>(
      'select version, wrapped from data_key where organization_id = $1 order by version',
      [organizationId],
    )
  ).rows

test('an organization gets one key at its first need, though its writers roll back', async () => {
  const { owner, aProcess } = await aScene()
  const [here, there] = [aProcess(first), aProcess(first)]
  const organization = newUuid()

  const sealed = await Promise.all([here, there, here, there].map((one) => one.seal(organization)))

  const keys = await keysOf(owner, organization)
  expect(keys.map(({ version }) => version)).toEqual([1])
  for (const one of sealed) {
    expect(versionOf(one)).toBe(1)
    expect(await there.open(organization, one)).toBe('a secret')
  }
  // The key lies nowhere in clear, and is not what the master key derives.
  expect(keys[0]?.wrapped).toHaveLength(12 + 32 + 16)
  expect(() =>
    openField(first, { ...place, organizationId: organization }, sealed[0] ?? clear),
  ).toThrow()
})

test('what one organization sealed, another cannot open', async () => {
  const { aProcess } = await aScene()
  const { seal, open } = aProcess(first)
  const [own, other] = [newUuid(), newUuid()]
  const sealed = await seal(own)
  await seal(other)

  await expect(open(other, sealed)).rejects.toThrow()
})

test('without its keys, an organization cannot be read any more', async () => {
  const { owner, aProcess } = await aScene()
  const { seal, open } = aProcess(first)
  const [gone, stays] = [newUuid(), newUuid()]
  const [lost, kept] = [await seal(gone), await seal(stays)]
  expect(await open(gone, lost)).toBe('a secret')

  await owner.query('delete from data_key where organization_id = $1', [gone])

  await expect(open(gone, lost)).rejects.toThrow('has no key 1')
  expect(await open(stays, kept)).toBe('a secret')
  // A new key opens nothing of what the old one sealed.
  await seal(gone)
  await expect(open(gone, lost)).rejects.toThrow()
})

test('a new master key opens what is there, and the one before opens nothing more', async () => {
  const { owner, aProcess } = await aScene()
  const running = aProcess(first)
  const [known, unknown] = [newUuid(), newUuid()]
  const sealed = await running.seal(known)
  const other = await aProcess(first).seal(unknown)

  expect(await rewrapKeys(owner, { from: first, to: second })).toBe(2)
  expect(await rewrapKeys(owner, { from: first, to: second })).toBe(0)

  const started = aProcess(second)
  expect(await started.open(known, sealed)).toBe('a secret')
  expect(await started.open(unknown, other)).toBe('a secret')
  expect(await openRoot(owner, second)).toEqual(first)
  await expect(openRoot(owner, first)).rejects.toThrow('another master key')
  await expect(rewrapKeys(owner, { from: first, to: newKey() })).rejects.toThrow('another master')
  // A server that was not started anew refuses clearly, and makes no key that nobody could open.
  const refusal = { code: 'platform.database_unavailable' }
  await expect(running.open(unknown, other)).rejects.toMatchObject(refusal)
  await expect(running.seal(newUuid())).rejects.toMatchObject(refusal)
  expect(await keysUnder(owner, first)).toBe(0)
})

const newKey = (): Uint8Array => new Uint8Array(randomBytes(32))

const keysUnder = async (owner: Pool, masterKey: Uint8Array): Promise<number> => {
  const { rows } = await owner.query<{ wrapped: Buffer; organization: string; version: number }>(
    'select wrapped, organization_id as organization, version from data_key',
  )
  const vault = new Vault({ masterKey, root: masterKey })
  const opened = rows.filter(({ wrapped, organization, version }) => {
    const masterId = masterIdOf(masterKey)
    try {
      vault.toSafe(organization, [{ version, masterId, wrapped }]).seal(place, clear)
      return true
    } catch {
      return false
    }
  })
  return opened.length
}

test('a new data key seals every field anew, in batches, and what was cut goes on', async () => {
  const { owner, aProcess } = await aScene()
  const { vault, seal } = aProcess(first)
  const organizationId = newUuid()
  await seal(organizationId)
  const safe = vault.toSafe(organizationId, await readKeys(owner, vault, organizationId))
  const rows = Array.from({ length: 1_200 }, () => newUuid())
  const placeOf = (rowId: string) => ({ table: 'endpoint_secret', column: 'sealed', rowId })
  const client = await owner.connect()
  onTestFinished(() => client.release())
  await client.query('begin; set local role postgres; set local session_replication_role = replica')
  await client.query(
    `insert into endpoint_secret
       (organization_id, endpoint_id, secret_id, sealed, secret_end, created_at, expires_at)
     select $1, gen_random_uuid(), id, sealed, 'abcd', now(), now()
     from unnest($2::uuid[], $3::bytea[]) as t (id, sealed)`,
    [organizationId, rows, rows.map((id) => safe.seal(placeOf(id), Buffer.from(id)))],
  )
  await client.query('commit')

  const given = { pool: owner, vault, organizationId }
  const cut = rotateDataKey({
    ...given,
    onBatch: () => {
      throw new Error('cut')
    },
  })
  await expect(cut).rejects.toThrow('cut')
  const done = await rotateDataKey(given)
  const again = await rotateDataKey(given)

  expect([done, again]).toEqual([
    { version: 2, reencrypted: 700 },
    { version: 3, reencrypted: 1_200 },
  ])
  const { rows: kept } = await owner.query<{ id: string; sealed: Buffer }>(
    'select secret_id as id, sealed from endpoint_secret',
  )
  expect(new Set(kept.map(({ sealed }) => versionOf(sealed)))).toEqual(new Set([3]))
  const withVault = Object.assign(owner, { vault })
  for (const { id, sealed } of kept) {
    const opened = await openAlone(withVault, { ...placeOf(id), organizationId }, sealed)
    expect(Buffer.from(opened).toString()).toBe(id)
  }
  await expect(rotateDataKey({ ...given, organizationId: newUuid() })).rejects.toMatchObject({
    code: 'resource.not_found',
  })
})

test('a new data key also seals anew what is never changed, and nothing beside it', async () => {
  const { owner, aProcess } = await aScene()
  const { vault, seal } = aProcess(first)
  const [organizationId, businessId, id] = [newUuid(), newUuid(), newUuid()]
  await seal(organizationId)
  const safe = vault.toSafe(organizationId, await readKeys(owner, vault, organizationId))
  const file = { table: 'document_file', column: 'sealed_content', rowId: id }
  const client = await owner.connect()
  onTestFinished(() => client.release())
  await client.query('begin; set local role postgres; set local session_replication_role = replica')
  await client.query(
    `insert into business (organization_id, business_id, name, environment, country, base_currency,
        time_zone, fiscal_year_start, chart, books_start, created_at)
      values ($1, $2, 'A business', 'live', 'NG', 'NGN', 'UTC', '01-01', 'generic', '2026-01-01',
        now())`,
    [organizationId, businessId],
  )
  await client.query(
    `insert into document_file (business_id, file_id, input_sha256, document_id, template_version,
        sealed_content, created_at)
      values ($1, $2, sha256('a'), $2, 1, $3, now())`,
    [businessId, id, safe.seal(file, clear)],
  )
  const version = (number: number) => ({
    ...{ table: 'document_version', column: 'sealed_snapshot', rowId: `${id} ${number}` },
  })
  await client.query(
    `insert into document_version (business_id, document_id, version, kind, number, link,
        sealed_snapshot, sha256)
      values ($1, $2, 1, 'invoice', 'A-1', 1, $3, sha256('a')),
        ($1, $2, 2, 'invoice', 'A-1', 2, $4, sha256('a'))`,
    [businessId, id, safe.seal(version(1), clear), safe.seal(version(2), clear)],
  )
  await client.query('commit')

  const rotated = await rotateDataKey({ pool: owner, vault, organizationId })

  expect(rotated).toEqual({ version: 2, reencrypted: 3 })
  const { rows } = await owner.query<{ sealed: Buffer }>(
    'select sealed_content as sealed from document_file',
  )
  expect(rows.map(({ sealed }) => versionOf(sealed))).toEqual([2])
  const withVault = Object.assign(owner, { vault })
  const opened = await openAlone(withVault, { ...file, organizationId }, rows[0]?.sealed ?? clear)
  expect(Buffer.from(opened)).toEqual(clear)
  const { rows: versions } = await owner.query<{ number: number; sealed: Buffer }>(
    'select version::int as number, sealed_snapshot as sealed from document_version',
  )
  for (const { number, sealed } of versions) {
    expect(versionOf(sealed)).toBe(2)
    const own = { ...version(number), organizationId }
    expect(Buffer.from(await openAlone(withVault, own, sealed))).toEqual(clear)
  }
  const change = (text: string): Promise<unknown> =>
    client
      .query(`begin; set local tallystick.reseals = 'on'; ${text}`)
      .finally(() => client.query('rollback'))
  await expect(change('update document_file set template_version = 2')).rejects.toMatchObject({
    constraint: 'append_only',
  })
  await expect(change('delete from document_file')).rejects.toMatchObject({
    constraint: 'append_only',
  })
})

const readKeys = (owner: Pool, vault: Vault, organizationId: string) =>
  vault.readKeys(
    async <Row>({ text, values }: Readonly<{ text: string; values: readonly unknown[] }>) =>
      (await owner.query(text, [...values])).rows as Row[],
    organizationId,
  )

test('every column that is sealed by an organization is known to the rotation', async () => {
  const { owner } = await aScene()
  const { rows } = await owner.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
      and a.attname like 'sealed%' and not a.attisdropped
    order by 1`,
  )

  // Rows of the request log may belong to nobody, and events are never changed.
  const known = sealedColumns.map(({ table, column }) => `${table}.${column}`)
  const apart = ['event.sealed', 'request_log.sealed']
  expect(rows.map(({ name }) => name).filter((name) => !apart.includes(name))).toEqual(known)
})
