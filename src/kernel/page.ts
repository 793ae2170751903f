import { Refusal } from './errors.ts'

/** Where a page begins: the key of the last row before it, in the order of the list. */
export type CursorKey = readonly (string | number | boolean | null)[]

export type Bounds = Readonly<{ min: number; max: number; fallback: number }>

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const cursorLengthMax = 2_000

/**
 * Reads a page number, page size or offset; absent text means the fallback.
 * Refuses: request.page_invalid (not a whole number within the bounds).
 */
export function parsePageParameter(
  parameter: string,
  text: string | undefined,
  { min, max, fallback }: Bounds,
): number {
  if (text === undefined) {
    return fallback
  }
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw new Refusal('request.page_invalid', { parameter, min, max })
  }
  return value
}

/**
 * An opaque text that names a row's place in one query. `query` tells the query apart from others:
 * its name, order and filters as the caller sees fit.
 */
export const toCursor = (query: string, key: CursorKey): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify([query, ...key])))

/**
 * The key behind a cursor of the same query, with as many members as the query's order has.
 * Refuses: request.cursor_invalid.
 */
export function parseCursor(query: string, text: string, keyLength: number): CursorKey {
  const [owner, ...key] = decode(text)
  if (owner !== query || key.length !== keyLength) {
    throw new Refusal('request.cursor_invalid')
  }
  return key
}

function decode(text: string): CursorKey {
  try {
    const bytes = text.length <= cursorLengthMax ? fromBase64Url(text) : new Uint8Array()
    const read: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return Array.isArray(read) && read.every(isKeyPart) ? read : []
  } catch {
    throw new Refusal('request.cursor_invalid')
  }
}

const isKeyPart = (part: unknown): part is string | number | boolean | null =>
  part === null || ['string', 'number', 'boolean'].includes(typeof part)

function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(start, start + 3)
    const bits = (a << 16) | (b << 8) | c
    const count = Math.min(3, bytes.length - start) + 1
    for (let digit = 0; digit < count; digit += 1) {
      text += alphabet.charAt((bits >> (18 - 6 * digit)) & 63)
    }
  }
  return text
}

function fromBase64Url(text: string): Uint8Array {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const digit of text) {
    const value = alphabet.indexOf(digit)
    if (value < 0) {
      throw new Refusal('request.cursor_invalid')
    }
    bits = ((bits << 6) | value) & 0xfff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes.push((bits >> held) & 0xff)
    }
  }
  return Uint8Array.from(bytes)
}
