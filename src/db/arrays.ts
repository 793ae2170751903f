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

/** Bytes as hexadecimal input of `bytea`; null is a bare NULL. */
export const bytesArray = (values: readonly (Buffer | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"\\\\x${value.toString('hex')}"`)).join(',')}}`

const needsEscape = /["\\]/

function quoted(value: string | null): string {
  if (value === null) return 'NULL'
  return needsEscape.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`
}
