import { createHash } from 'node:crypto'

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
  const hash = createHash('sha256')
  const head = Buffer.alloc(56)
  head.set(previous, 0)
  head.write(tenantId.replaceAll('-', ''), 32, 'hex')
  head.writeBigUInt64BE(link, 48)
  hash.update(head)
  const length = Buffer.alloc(4)
  for (const record of records) {
    const bytes = Buffer.from(JSON.stringify(record))
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return hash.digest()
}

/** SHA-256 of a text's UTF-8 bytes as 64 lower-case hexadecimal digits; null stays null. */
export function digestText(text: string): string
export function digestText(text: string | null): string | null
export function digestText(text: string | null): string | null {
  return text === null ? null : createHash('sha256').update(text).digest('hex')
}
