import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { assert } from '../kernel/assert.ts'
import { Refusal } from '../kernel/errors.ts'
import type { FieldPlace, SecretPlace } from '../kernel/secret-place.ts'
import { decrypt, encrypt, openField, sealField, versionOf } from './secret-box.ts'

const keyBytes = 32
/** Unwrapped keys that a process keeps at once. */
const keptMax = 10_000
/** How long a delivery may work with keys that were read before. */
const rowsMaxAgeMs = 10_000

/**
 * Seals and opens the fields of one organization with the keys that a transaction has read.
 * Nothing here waits.
 */
export type Safe = Readonly<{
  seal: (place: FieldPlace, clear: Uint8Array) => Uint8Array
  /** Throws when the organization's key, a byte or the place is not the one it was sealed with. */
  open: (place: FieldPlace, sealed: Uint8Array) => Uint8Array
  /** 32 bytes that are equal for equal texts of this organization and say nothing else of them. */
  blindIndex: (text: string) => Uint8Array
}>

/** A key of an organization as its row keeps it. */
type KeyRow = Readonly<{ version: number; masterId: Buffer; wrapped: Buffer }>

type Query = <Row>(
  statement: Readonly<{ name?: string; text: string; values: readonly unknown[] }>,
) => Promise<Row[]>

/**
 * The keys of organizations in this process. Rows keep them wrapped by the master key; unwrapped
 * ones are kept here by the bytes they were wrapped in, so that a row which is gone or was changed is
 * never served from memory.
 * Source: platform specification 16, "Data keys".
 */
export class Vault {
  readonly #masterKey: Uint8Array
  readonly #indexKey: Uint8Array
  readonly #unwrapped = new Map<string, Buffer>()
  readonly #read = new Map<string, Readonly<{ rows: Promise<readonly KeyRow[]>; atMs: number }>>()

  /** root  the secret that keys of the installation are derived from; survives the master key */
  constructor({ masterKey, root }: Readonly<{ masterKey: Uint8Array; root: Uint8Array }>) {
    this.#masterKey = masterKey
    this.#indexKey = new Uint8Array(hkdfSync('sha256', root, '', 'blind-index/v1', keyBytes))
  }

  /** An organization's keys as a transaction sees them. */
  readKeys(query: Query, organizationId: string): Promise<readonly KeyRow[]> {
    return query<KeyRow>({
      name: 'data_keys',
      text: `select version, master_id as "masterId", wrapped from data_key
        where organization_id = $1 order by version limit 65535`,
      values: [organizationId],
    })
  }

  /**
   * Gives an organization a key of this version, unless it has one or the master key of this process
   * has been replaced meanwhile.
   */
  async makeKey(query: Query, organizationId: string, version: number): Promise<void> {
    const bound = toBinding(organizationId, version)
    const wrapped = encrypt(this.#masterKey, bound, randomBytes(keyBytes))
    await query({
      text: `insert into data_key (organization_id, version, master_id, wrapped, completed_at)
        select $1, $2, $3, $4, case when $2::int = 1 then now() end
        where not exists (select from key_root where master_id <> $3)
        on conflict do nothing`,
      values: [organizationId, version, masterIdOf(this.#masterKey), wrapped],
    })
  }

  /** The newest key seals, each opens what it has sealed. */
  toSafe(organizationId: string, rows: readonly KeyRow[]): Safe {
    const keyOf = (version: number | undefined): Buffer => {
      const row = rows.find((one) => one.version === version)
      assert(row !== undefined, `organization ${organizationId} has no key ${version}`)
      return this.#unwrap(organizationId, row)
    }
    return {
      seal: (place, clear) => {
        const version = rows.at(-1)?.version ?? 0
        return sealField({ version, key: keyOf(version) }, { ...place, organizationId }, clear)
      },
      open: (place, sealed) =>
        openField(keyOf(versionOf(sealed)), { ...place, organizationId }, sealed),
      blindIndex: (text) =>
        createHmac('sha256', this.#indexKey).update(`${organizationId}|${text}`).digest(),
    }
  }

  /** Opens one field outside of anybody's transaction, with keys read a moment ago at most. */
  async openAlone(query: Query, place: SecretPlace, sealed: Uint8Array): Promise<Buffer> {
    const { organizationId } = place
    const known = this.#read.get(organizationId)
    const isFresh = known !== undefined && performance.now() - known.atMs < rowsMaxAgeMs
    let rows = await (isFresh ? known.rows : this.#readOnce(query, organizationId))
    const version = versionOf(sealed)
    if (!rows.some((row) => row.version === version)) {
      rows = await this.#readOnce(query, organizationId)
    }
    return Buffer.from(this.toSafe(organizationId, rows).open(place, sealed))
  }

  /** Who asks at the same time shares one statement. */
  #readOnce(query: Query, organizationId: string): Promise<readonly KeyRow[]> {
    const rows = this.readKeys(query, organizationId)
    const read = { rows, atMs: performance.now() }
    keep(this.#read, organizationId, read)
    rows.catch(() => {
      if (this.#read.get(organizationId) === read) this.#read.delete(organizationId)
    })
    return rows
  }

  /** Refuses: platform.database_unavailable when another master key has wrapped the key. */
  #unwrap(organizationId: string, { version, masterId, wrapped }: KeyRow): Buffer {
    const name = `${organizationId} ${version} ${wrapped.toString('base64')}`
    const known = this.#unwrapped.get(name)
    if (known !== undefined) return known
    if (!masterId.equals(masterIdOf(this.#masterKey))) {
      throw new Refusal('platform.database_unavailable')
    }
    const key = decrypt(this.#masterKey, toBinding(organizationId, version), wrapped)
    keep(this.#unwrapped, name, key)
    return key
  }
}

/** The oldest gives way when there is no room. */
function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name)
  map.set(name, value)
  const [oldest] = map.keys()
  if (map.size > keptMax && oldest !== undefined) map.delete(oldest)
}

/** Tells one master key from another and says nothing else about it. */
export const masterIdOf = (masterKey: Uint8Array): Buffer =>
  createHash('sha256').update('master-key-id/v1|').update(masterKey).digest().subarray(0, 16)

/** What a wrapped key is bound to; version 0 of nobody is the root. */
export const toBinding = (organizationId: string, version: number): Buffer =>
  Buffer.from(`${organizationId}|${version}`)
