import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { addressOf, buildNetworks } from './address.ts'
import { AddressGuard } from './guard.ts'

test('an address may ask so often a minute, all at once or evenly', () => {
  const guard = new AddressGuard(60)
  const first = Array.from({ length: 61 }, () => guard.take('192.0.2.1', 0))
  expect(first).toEqual([...Array<number>(60).fill(0), 1])
  expect(guard.take('192.0.2.2', 0)).toBe(0)
  const later = [999, 1_000, 1_000].map((nowMs) => guard.take('192.0.2.1', nowMs))
  expect(later).toEqual([1, 0, 1])
  expect(guard.take('192.0.2.1', 61_000)).toBe(0)
})

test('the seconds that are told are enough', () => {
  const guard = new AddressGuard(2)
  guard.take('192.0.2.1', 0)
  guard.take('192.0.2.1', 0)
  expect(guard.take('192.0.2.1', 100)).toBe(30)
  expect(guard.take('192.0.2.1', 30_000)).toBe(0)
})

test('a limit of 0 lets everybody through', () => {
  const guard = new AddressGuard(0)
  const answers = Array.from({ length: 2_000 }, () => guard.take('192.0.2.1', 0))
  expect(new Set(answers)).toEqual(new Set([0]))
})

test('a clock that is set back refills nothing and takes nothing', () => {
  const guard = new AddressGuard(1)
  expect([guard.take('192.0.2.1', 60_000), guard.take('192.0.2.1', 0)]).toEqual([0, 60])
})

test.each([
  ['2001:db8::1', '2001:db8::2'],
  ['2001:db8:0:0:1::1', '2001:0db8::9:8:7:6'],
  ['::1', '::2'],
])('%s and %s are in one network of 64 bits and count together', (one, other) => {
  const guard = new AddressGuard(1)
  expect([guard.take(one, 0), guard.take(other, 0)]).toEqual([0, 60])
})

test('networks of 64 bits count apart', () => {
  const guard = new AddressGuard(1)
  expect([guard.take('2001:db8:0:1::1', 0), guard.take('2001:db8:0:2::1', 0)]).toEqual([0, 0])
})

const proxies = buildNetworks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])

test.each([
  ['a peer that is no proxy is not believed', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ['a proxy tells its sender', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['a chain of proxies is walked back', '10.0.0.1', '203.0.113.9, 192.0.2.7', '203.0.113.9'],
  ['what the sender claims is not believed', '10.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['words are no address', '10.0.0.1', 'unknown', '10.0.0.1'],
  ['nothing said: the proxy itself', '10.0.0.1', undefined, '10.0.0.1'],
  ['IPv4 inside of IPv6', '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
])('%s', (_name, remoteAddress, given, expected) => {
  const headers = given === undefined ? {} : { 'x-forwarded-for': given }
  const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage
  expect(addressOf(request, proxies)).toBe(expected)
})

test('without trusted proxies only the peer counts', () => {
  const request = {
    socket: { remoteAddress: '10.0.0.1' },
    headers: { 'x-forwarded-for': '203.0.113.9' },
  } as unknown as IncomingMessage
  expect(addressOf(request, undefined)).toBe('10.0.0.1')
})
