import { assert } from '../../kernel/assert.ts'
import { asId, type Id } from '../../kernel/ids.ts'

/**
 * A random GUID (version 4, 122 bits) from 128 random bits. Ids of companies are capabilities of
 * the Link pages, so they hold no time.
 *
 * hex  at least 32 hexadecimal digits of randomness
 * Source: Connect specification 1.3, W14.
 */
export function toGuid<K extends string>(kind: K, hex: string): Id<K> {
  assert(/^[0-9a-f]{32}/.test(hex), '128 random bits as hexadecimal digits')
  const variant = (Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8
  const digits = `${hex.slice(0, 12)}4${hex.slice(13, 16)}${variant.toString(16)}${hex.slice(17, 32)}`
  const parts = [0, 8, 12, 16, 20].map((start, i) => digits.slice(start, [8, 12, 16, 20, 32][i]))
  return asId(kind, parts.join('-'))
}
