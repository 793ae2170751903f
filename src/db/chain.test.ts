import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestText, genesisHash, linkHash } from './chain.ts'

const tenantId = '018f0000-0000-7000-8000-00000000000a'

test('a link is the hash of exactly the bytes that the specification names', () => {
  const record = Buffer.from('["A","1",null,"é"]')
  const wanted = Buffer.concat([
    Buffer.alloc(32, 0x11),
    Buffer.from('018f000000007000800000000000000a', 'hex'),
    Buffer.from('0000000000000007', 'hex'),
    Buffer.from('00000013', 'hex'),
    record,
  ])

  expect(record).toHaveLength(0x13)
  const hash = linkHash(Buffer.alloc(32, 0x11), tenantId, 7n, [['A', '1', null, 'é']])

  expect(hash.toString('hex')).toBe(createHash('sha256').update(wanted).digest('hex'))
})

test.each([
  ['another record before it', genesisHash, tenantId, 1n, [['B'], ['A', 'b']]],
  ['its records joined', genesisHash, tenantId, 1n, [['A', 'b', 'A', 'b']]],
  ['an empty text for a null', genesisHash, tenantId, 1n, [['A', '']]],
  ['another tenant', genesisHash, tenantId.replace('a', 'b'), 1n, [['A', 'b']]],
  ['another number', genesisHash, tenantId, 2n, [['A', 'b']]],
  ['another past', Buffer.alloc(32, 1), tenantId, 1n, [['A', 'b']]],
])('%s is another link', (_what, previous, tenant, link, records) => {
  const plain = linkHash(genesisHash, tenantId, 1n, [['A', 'b']])
  expect(linkHash(previous, tenant, link, records)).not.toEqual(plain)
})

test('a digest is lower-case hexadecimal of UTF-8, and of nothing it is nothing', () => {
  expect(digestText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(digestText(null)).toBe(null)
})
