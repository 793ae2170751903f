/** Query parameters by name; the last of several with one name. */
export type Query = Readonly<Record<string, string>>

const none: Query = Object.freeze(Object.create(null) as Record<string, string>) // has no members

/**
 * Reads the part of an address after the question mark. A plus is a blank; text that is not
 * percent-encoded UTF-8 stays as it is.
 */
export function parseQuery(text: string): Query {
  if (text === '') return none
  const query: Record<string, string> = Object.create(null)
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    const value = equals < 0 ? '' : pair.slice(equals + 1)
    query[decodePlus(name)] = decodePlus(value)
  }
  return query
}

const decodePlus = (text: string): string =>
  decodePart(text.includes('+') ? text.replaceAll('+', ' ') : text)

/**
 * Percent-decoded text; text that does not decode stays as it is, and so does text with NUL, which
 * no text of the database can hold.
 */
export function decodePart(text: string): string {
  if (!text.includes('%')) return text
  try {
    const decoded = decodeURIComponent(text)
    return decoded.includes('\0') ? text : decoded
  } catch {
    return text
  }
}
