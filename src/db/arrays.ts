/**
 * PostgreSQL array literals for `unnest`. Each column of a set goes over the wire as one text.
 * Ids, numbers and dates need no quoting; texts are quoted, and null is a bare NULL.
 */
export const plainArray = (values: readonly (string | number | bigint | boolean)[]): string =>
  `{${values.join(',')}}`

/** Like `plainArray`, for columns that may hold null. */
export const nullableArray = (values: readonly (string | number | bigint | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

/** Texts of any content, quoted; null is a bare NULL. */
export const textArray = (values: readonly (string | null)[]): string =>
  `{${values.map(quoted).join(',')}}`

/**
 * An array of `bytea` in the binary form of the wire, where hexadecimal digits would take twice the
 * room. Its head is the count of dimensions, whether a value is null, and the type; then follow, of
 * the one dimension, length and first index.
 */
export function bytesArray(values: readonly (Buffer | null)[]): Buffer {
  const size = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), headBytes)
  const array = Buffer.allocUnsafe(size)
  array.writeInt32BE(1, 0)
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4)
  array.writeInt32BE(byteaOid, 8)
  array.writeInt32BE(values.length, 12)
  array.writeInt32BE(1, 16)
  let at = headBytes
  for (const value of values) {
    array.writeInt32BE(value?.length ?? -1, at)
    at += 4
    if (value === null) continue
    array.set(value, at)
    at += value.length
  }
  return array
}

const headBytes = 20
const byteaOid = 17

function quoted(value: string | null): string {
  if (value === null) return 'NULL'
  const plain = value.includes('\\') ? value.replaceAll('\\', '\\\\') : value
  return `"${plain.includes('"') ? plain.replaceAll('"', '\\"') : plain}"`
}
