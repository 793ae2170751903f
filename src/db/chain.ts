import { createHash, hash } from 'node:crypto'

/** One chained fact as an array of texts and nulls; entries carry one inner array per line. */
export type ChainRecord = readonly (string | null | readonly (string | null)[])[]

/** The hash before the first link. */
export const genesisHash: Buffer = Buffer.alloc(32)

/**
 * The hash of a link: SHA-256 of the previous hash (32 bytes), the tenant's id (16 bytes), the link
 * number (8 bytes, big-endian), then per record the length of its canonical bytes (4 bytes,
 * big-endian) and these bytes. Canonical bytes are the UTF-8 of `JSON.stringify` of the record.
 * Source: ledger specification 7.6.
 */
export function linkHash(
  previous: Uint8Array,
  tenantId: string,
  link: bigint,
  records: readonly ChainRecord[],
): Buffer {
  const hasher = new LinkHasher(previous, tenantId, link)
  for (const record of records) hasher.add(record)
  return hasher.digest()
}

/** The same, for readers that meet the records one after the other. */
export class LinkHasher {
  readonly #hash = createHash('sha256')
  readonly #length = Buffer.alloc(4)

  constructor(previous: Uint8Array, tenantId: string, link: bigint) {
    const head = Buffer.alloc(56)
    head.set(previous, 0)
    head.write(tenantId.replaceAll('-', ''), 32, 'hex')
    head.writeBigUInt64BE(link, 48)
    this.#hash.update(head)
  }

  add(record: ChainRecord): void {
    const bytes = Buffer.from(JSON.stringify(record))
    this.#length.writeUInt32BE(bytes.length)
    this.#hash.update(this.#length).update(bytes)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}

/** SHA-256 of a text's UTF-8 bytes as 64 lower-case hexadecimal digits; null stays null. */
export function digestText(text: string): string
export function digestText(text: string | null): string | null
export function digestText(text: string | null): string | null {
  return text === null ? null : hash('sha256', text)
}
