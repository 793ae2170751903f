import { expect, test } from 'vitest'
import { openSecret, sealSecret } from './secret-box.ts'

const masterKey = new Uint8Array(32).fill(1)
const place = { table: 'endpoint_secret', column: 'sealed', organizationId: 'a', rowId: 'b' }
const secret = Buffer.from('whsec_0123456789')

test('a sealed secret opens in its place, and two seals of it differ', () => {
  const [one, two] = [1, 2].map(() => sealSecret(masterKey, place, secret))

  expect(openSecret(masterKey, place, one ?? Buffer.alloc(0))).toEqual(secret)
  expect(one).not.toEqual(two)
  expect(one?.subarray(0, 3)).toEqual(Buffer.from([1, 0, 0]))
  expect(one).toHaveLength(3 + 12 + secret.length + 16)
})

test.each([
  ['another row', { ...place, rowId: 'c' }],
  ['another column', { ...place, column: 'other' }],
  ['another table', { ...place, table: 'other' }],
  ['another organization', { ...place, organizationId: 'c' }],
])('it does not open in %s', (_name, other) => {
  const sealed = sealSecret(masterKey, place, secret)

  expect(() => openSecret(masterKey, other, sealed)).toThrow()
})

test('it does not open under another key, cut, or with any byte changed', () => {
  const sealed = sealSecret(masterKey, place, secret)

  expect(() => openSecret(new Uint8Array(32).fill(2), place, sealed)).toThrow()
  expect(() => openSecret(masterKey, place, sealed.subarray(0, -1))).toThrow()
  expect(() => openSecret(masterKey, place, Buffer.alloc(5))).toThrow()
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed)
    changed[i] = (changed[i] ?? 0) ^ 1
    expect(() => openSecret(masterKey, place, changed)).toThrow()
  }
})
