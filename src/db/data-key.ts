import { assert } from '../kernel/assert.ts'
import { Refusal } from '../kernel/errors.ts'
import { bytesArray, plainArray, textArray } from './arrays.ts'
import { asOwner } from './owner.ts'
import type { Pool } from './pool.ts'
import { decrypt, encrypt, versionOf } from './secret-box.ts'
import { StartError } from './start-error.ts'
import type { Tx } from './tx.ts'
import { masterIdOf, toBinding, type Vault } from './vault.ts'

/** Rows that are sealed anew in one commit. */
const batchRows = 500
const wrappedRows = 1_000
const rootBinding = toBinding('root', 0)

type Root = Readonly<{ masterId: Buffer; wrapped: Buffer }>

/**
 * The secret that keys of the installation are derived from: hashes of API keys, tokens of links,
 * signatures of anchors. It is the first master key, which later ones wrap, so that a new master key
 * makes none of them void. Throws StartError when the database belongs to another master key.
 * Source: platform specification 16, "Derived keys".
 */
export function openRoot(pool: Pool, masterKey: Uint8Array): Promise<Uint8Array> {
  return asOwner(pool, async (tx) => {
    const found = (await readRoot(tx)) ?? (await makeRoot(tx, masterKey))
    if (!found.masterId.equals(masterIdOf(masterKey))) {
      throw new StartError(
        'The database is sealed under another master key; give the one that it was last used with.',
      )
    }
    return new Uint8Array(decrypt(masterKey, rootBinding, found.wrapped))
  })
}

async function readRoot(tx: Tx): Promise<Root | undefined> {
  const [row] = await tx.query<Root>({
    text: 'select master_id as "masterId", wrapped from key_root order by is_only limit 1',
    values: [],
  })
  return row
}

async function makeRoot(tx: Tx, masterKey: Uint8Array): Promise<Root> {
  await tx.query({
    text: 'insert into key_root (master_id, wrapped) values ($1, $2) on conflict do nothing',
    values: [masterIdOf(masterKey), encrypt(masterKey, rootBinding, masterKey)],
  })
  const root = await readRoot(tx)
  assert(root !== undefined, 'the installation has a root')
  return root
}

type WrappedRow = Readonly<{ organizationId: string; version: number; wrapped: Buffer }>

/**
 * Wraps every organization's keys anew, all or none, and answers how many; 0 when it was done before.
 * What they protect is not touched. A server that runs under the old key goes on with the keys it
 * has unwrapped and refuses what needs others, until it is started with the new one.
 * Throws StartError when `from` is not the master key of the database.
 */
export function rewrapKeys(
  pool: Pool,
  { from, to }: Readonly<{ from: Uint8Array; to: Uint8Array }>,
): Promise<number> {
  return asOwner(pool, async (tx) => {
    // Who makes a key meanwhile waits, and then sees that its master key is not the one any more.
    await tx.query({
      text: 'lock table key_root, data_key in share row exclusive mode',
      values: [],
    })
    const root = (await readRoot(tx)) ?? (await makeRoot(tx, from))
    if (root.masterId.equals(masterIdOf(to))) return 0
    if (!root.masterId.equals(masterIdOf(from))) {
      throw new StartError('The database is sealed under another master key than the present one.')
    }
    const secret = decrypt(from, rootBinding, root.wrapped)
    await tx.query({
      text: 'update key_root set master_id = $1, wrapped = $2',
      values: [masterIdOf(to), encrypt(to, rootBinding, secret)],
    })
    let count = 0
    for (;;) {
      const rows = await tx.query<WrappedRow>({
        text: `select organization_id as "organizationId", version, wrapped from data_key
          where master_id <> $1 order by organization_id, version limit $2`,
        values: [masterIdOf(to), wrappedRows],
      })
      if (rows.length === 0) return count
      await updateWrapped(tx, rows, { from, to })
      count += rows.length
    }
  })
}

async function updateWrapped(
  tx: Tx,
  rows: readonly WrappedRow[],
  { from, to }: Readonly<{ from: Uint8Array; to: Uint8Array }>,
): Promise<void> {
  const anew = rows.map(({ organizationId, version, wrapped }) => {
    const bound = toBinding(organizationId, version)
    return encrypt(to, bound, decrypt(from, bound, wrapped))
  })
  await tx.query({
    text: `update data_key as k set master_id = $1, wrapped = n.wrapped
      from unnest($2::uuid[], $3::int[], $4::bytea[]) as n (organization_id, version, wrapped)
      where k.organization_id = n.organization_id and k.version = n.version`,
    values: [
      masterIdOf(to),
      plainArray(rows.map((row) => row.organizationId)),
      plainArray(rows.map((row) => row.version)),
      bytesArray(anew),
    ],
  })
}

type SealedColumn = Readonly<{
  table: string
  column: string
  rowId: string
  /** What tells rows with the same id from each other; a part of their place. */
  part?: string
  tenant: 'organization_id' | 'business_id' | 'tenant_id'
}>

/**
 * Columns whose fields an organization's own keys seal. Events are not among them: they are never
 * changed, and stay under the version that was in force until they are too old to be read.
 */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'delivery', column: 'sealed_body', rowId: 'delivery_id', tenant: 'organization_id' },
  { table: 'document', column: 'sealed_party', rowId: 'document_id', tenant: 'business_id' },
  { table: 'document_file', column: 'sealed_content', rowId: 'file_id', tenant: 'business_id' },
  {
    table: 'document_version',
    column: 'sealed_snapshot',
    rowId: 'document_id',
    part: 'version',
    tenant: 'business_id',
  },
  {
    table: 'endpoint',
    column: 'sealed_headers',
    rowId: 'endpoint_id',
    tenant: 'organization_id',
  },
  { table: 'endpoint', column: 'sealed_seed', rowId: 'endpoint_id', tenant: 'organization_id' },
  { table: 'endpoint_secret', column: 'sealed', rowId: 'secret_id', tenant: 'organization_id' },
  { table: 'mail_message', column: 'sealed', rowId: 'message_id', tenant: 'tenant_id' },
  { table: 'mail_stop', column: 'sealed', rowId: 'stop_id', tenant: 'tenant_id' },
  {
    table: 'organization',
    column: 'sealed_owner',
    rowId: 'organization_id',
    tenant: 'organization_id',
  },
  { table: 'party', column: 'sealed', rowId: 'party_id', tenant: 'business_id' },
]

type Reseal = Readonly<{
  pool: Pool
  vault: Vault
  organizationId: string
  /** Hears after each commit how many fields are done. */
  onBatch?: (count: number) => void
}>

/**
 * Gives an organization a new key and seals its fields anew, in commits of a bounded size. What was
 * begun and did not end is taken up where it stopped, under the key that was made for it. Versions
 * before stay, because a writer may have read one just before the new key was made, and because
 * backups need them. Answers the version in force and how many fields this run has sealed.
 * Refuses: resource.not_found (an organization without keys has nothing that is sealed).
 */
export async function rotateDataKey({
  pool,
  vault,
  organizationId,
  onBatch,
}: Reseal): Promise<Readonly<{ version: number; reencrypted: number }>> {
  const version = await asOwner(pool, (tx) => beginVersion(tx, vault, organizationId))
  let reencrypted = 0
  for (const column of sealedColumns) {
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const last = await asOwner(pool, (tx) =>
        resealBatch(tx, { vault, organizationId, version, column, after }),
      )
      if (last === undefined) break
      after = last.rowId
      reencrypted += last.count
      onBatch?.(reencrypted)
    }
  }
  await asOwner(pool, (tx) =>
    tx.query({
      text: `update data_key set completed_at = now()
        where organization_id = $1 and version = $2 and completed_at is null`,
      values: [organizationId, version],
    }),
  )
  return { version, reencrypted }
}

/** The version to seal with: one that did not come to its end, or a new one. */
async function beginVersion(tx: Tx, vault: Vault, organizationId: string): Promise<number> {
  const [newest] = await tx.query<{ version: number; isComplete: boolean }>({
    text: `select version, completed_at is not null as "isComplete" from data_key
      where organization_id = $1 order by version desc limit 1 for update`,
    values: [organizationId],
  })
  if (newest === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Data key', id: organizationId })
  }
  if (!newest.isComplete) return newest.version
  await vault.makeKey(tx.query, organizationId, newest.version + 1)
  return newest.version + 1
}

type Batch = Readonly<{
  vault: Vault
  organizationId: string
  version: number
  column: SealedColumn
  after: string
}>

const ownOf = {
  organization_id: 't.organization_id = $1',
  business_id: 't.business_id in (select business_id from business where organization_id = $1)',
  tenant_id: `(t.tenant_id = $1
    or t.tenant_id in (select business_id from business where organization_id = $1))`,
} as const

/** Seals the next rows anew; the last of them, or undefined when none is left. */
async function resealBatch(
  tx: Tx,
  { vault, organizationId, version, column, after }: Batch,
): Promise<Readonly<{ rowId: string; count: number }> | undefined> {
  const { table, column: name, rowId, part, tenant } = column
  const partOf = (row: string): string => (part === undefined ? "''" : `${row}.${part}::text`)
  const isOwn = ownOf[tenant]
  await tx.query({ text: "set local tallystick.reseals = 'on'", values: [] })
  const rows = await tx.query<{ rowId: string; part: string; sealed: Buffer }>({
    text: `select ${rowId} as "rowId", ${partOf('t')} as part, ${name} as sealed from ${table} as t
      where ${isOwn} and ${rowId} > $2 and ${name} is not null
        and get_byte(${name}, 1) * 256 + get_byte(${name}, 2) <> $3
      order by ${rowId} fetch first ($4) rows with ties for update`,
    values: [organizationId, after, version, batchRows],
  })
  const last = rows.at(-1)
  if (last === undefined) return undefined
  const safe = vault.toSafe(organizationId, await vault.readKeys(tx.query, organizationId))
  const anew = rows.map((row) => {
    const own = row.part === '' ? row.rowId : `${row.rowId} ${row.part}`
    const place = { table, column: name, rowId: own }
    const sealed = safe.seal(place, safe.open(place, row.sealed))
    assert(versionOf(sealed) === version, 'the newest key seals')
    return Buffer.from(sealed)
  })
  await tx.query({
    text: `update ${table} as t set ${name} = n.sealed
      from unnest($2::uuid[], $3::bytea[], $4::text[]) as n (id, sealed, part)
      where ${isOwn} and t.${rowId} = n.id and ${partOf('t')} = n.part`,
    values: [
      organizationId,
      plainArray(rows.map((row) => row.rowId)),
      bytesArray(anew),
      textArray(rows.map((row) => row.part)),
    ],
  })
  return { rowId: last.rowId, count: rows.length }
}
