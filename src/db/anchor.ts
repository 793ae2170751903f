import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Instant } from '../kernel/dates.ts'
import { codeOf } from './launcher-lock.ts'
import type { Pool } from './pool.ts'

/**
 * What a chain was at a moment, kept outside the tables: a chain whose newest links were cut off is
 * consistent by itself and contradicts its anchors. `rows` counts entries and audit rows up to it.
 * Source: ledger specification 7.6.
 */
export type Anchor = Readonly<{
  chain: string
  link: bigint
  hash: string
  rows: bigint
  at: string
  signature: string
}>

export type AnchorKey = Readonly<{ privateKey: KeyObject; publicKey: KeyObject }>

const pkcs8Ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The Ed25519 key of a secret of 32 bytes. */
export function anchorKeyOf(secret: Uint8Array): AnchorKey {
  const der = Buffer.concat([pkcs8Ed25519, secret])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** The anchors of a file in the order they were written; none when there is no file. */
export function readAnchors(file: string): readonly Anchor[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map(parseAnchor)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Whether the anchor was written with this key and not changed since. */
export const isGenuine = (anchor: Anchor, { publicKey }: AnchorKey): boolean =>
  verify(null, signedBytes(anchor), publicKey, Buffer.from(anchor.signature, 'base64'))

type Appending = Readonly<{
  file: string
  key: AnchorKey
  at: Instant
  /** Only these chains, and only those whose anchors are from before the link named. */
  due?: ReadonlyMap<string, bigint> | undefined
}>

/**
 * Appends one line for every chain that grew since its last anchor in the file, or only for those
 * that are due, and answers how many. The pool is the owner's, which sees every tenant.
 */
export async function appendAnchors(
  pool: Pool,
  { file, key, at, due }: Appending,
): Promise<number> {
  const { rows } = await pool.query<Omit<Anchor, 'at' | 'signature'>>(
    `select tenant_id as chain, link, encode(chain_hash, 'hex') as hash,
      entry_seq + audit_seq as rows
    from lane_head where link > 0 order by tenant_id limit 1000000`,
  )
  const linkByChain = new Map(readAnchors(file).map(({ chain, link }) => [chain, link]))
  const grown = rows.filter(({ chain, link }) => {
    const wanted = due === undefined ? link : (due.get(chain) ?? 0n)
    return wanted > (linkByChain.get(chain) ?? 0n)
  })
  const lines = grown.map((head) => toLine({ ...head, at, signature: '' }, key))
  if (lines.length === 0) return 0
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, lines.join(''), { mode: 0o600, flush: true })
  return lines.length
}

function toLine(anchor: Anchor, { privateKey }: AnchorKey): string {
  const signature = sign(null, signedBytes(anchor), privateKey).toString('base64')
  return `${JSON.stringify({ ...membersOf(anchor), signature })}\n`
}

/** The members of an anchor before its signature; numbers of any size as decimal text. */
const membersOf = ({ chain, link, hash, rows, at }: Anchor) => ({
  ...{ chain, link: String(link), hash },
  ...{ rows: String(rows), at },
})

const signedBytes = (anchor: Anchor): Buffer => Buffer.from(JSON.stringify(membersOf(anchor)))

/** A line of the file; what is not an anchor becomes one whose signature cannot be right. */
function parseAnchor(line: string): Anchor {
  const fields = toObject(line)
  const read = (name: string): string => String(Reflect.get(fields, name) ?? '')
  const count = (name: string): bigint => (/^\d{1,19}$/.test(read(name)) ? BigInt(read(name)) : 0n)
  return {
    chain: read('chain'),
    link: count('link'),
    hash: read('hash'),
    rows: count('rows'),
    at: read('at'),
    signature: read('signature'),
  }
}

function toObject(line: string): object {
  try {
    return Object(JSON.parse(line))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
