import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { aRawServer, aReceiver } from '../../test/receiver.ts'
import { parseAllowList } from './address.ts'
import { Outbound, type OutboundPolicy } from './outbound.ts'

// A throw-away pair for a name of documentation; nobody trusts it outside of this file.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBrDCCAVOgAwIBAgIUD+PjUkngxrlIfWd56f+0OaLKrNMwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRaG9va3MuZXhhbXBsZS5jb20wIBcNMjYxMTIxMjIxMzAyWhgP
MjEyNjEwMjgyMjEzMDJaMBwxGjAYBgNVBAMMEWhvb2tzLmV4YW1wbGUuY29tMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJaEy5WQoyzATQIWMDGuFkCeO4QEWVPFs
NWR/tqG7qOwDQnXtsb6JTrTt0BtYaNPskw02At+nTetLEj1acvSWi6NxMG8wHQYD
VR0OBBYEFNrNZZAS3eiFCjHnJzeeAe79jAFkMB8GA1UdIwQYMBaAFNrNZZAS3eiF
CjHnJzeeAe79jAFkMA8GA1UdEwEB/wQFMAMBAf8wHAYDVR0RBBUwE4IRaG9va3Mu
ZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDRwAwRAIgRv9MLNGYU8/aaXp0R5jFSJTZ
aB5ksZDo8o5v2OPGgYkCICbsb+QM7Z4TOz3R+T1rG5v4D/MLTbS8i+doCLZSaEsO
-----END CERTIFICATE-----`
const privateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG0b6cNxwkg4SYsD3
BGx9uEqjKgGqT8vK8bNVXnb4jGChRANCAAQloTLlZCjLMBNAhYwMa4WQJ47hARZU
8Ww1ZH+2obuo7ANCde2xvolOtO3QG1ho0+yTDTYC36dN60sSPVpy9JaL
-----END PRIVATE KEY-----`

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const outboundOf = (policy: Partial<OutboundPolicy> = {}) =>
  new Outbound(
    { allowed: parseAllowList(['127.0.0.0/8']) ?? [], ports: [], isProduction: false, ...policy },
    () => Promise.resolve(['127.0.0.1']),
  )

const call = (url: string, more: object = {}) =>
  ({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    timeoutMs: 2_000,
    bodyBytesMax: 64,
    mayUseHttp: true,
    ...more,
  }) as const

async function tlsServer() {
  const seen: { host: string | undefined; name: string | false | null }[] = []
  const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
    const name = (request.socket as { servername?: string | false }).servername ?? null
    seen.push({ host: request.headers.host, name })
    response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(() => resolve())))
  return { port: (server.address() as AddressInfo).port, seen }
}

test('the call goes to the address that was checked; name and certificate stay those of the URL', async () => {
  const { port, seen } = await tlsServer()
  const url = `https://hooks.example.com:${port}/in`
  const answer = await outboundOf({ authorities: certificate }).send(call(url))

  expect(answer).toMatchObject({ isAnswered: true, status: 200, body: Buffer.from('ok') })
  expect(seen).toEqual([{ host: `hooks.example.com:${port}`, name: 'hooks.example.com' }])
})

test.each([
  ['nobody has signed', {}, 'hooks.example.com'],
  ['is for another name', { authorities: certificate }, 'other.example.com'],
  ['is for a name and not for an address', { authorities: certificate }, '127.0.0.1'],
])('a certificate that %s is not accepted', async (_name, policy, host) => {
  const { port, seen } = await tlsServer()
  const answer = await outboundOf(policy).send(call(`https://${host}:${port}/in`))

  expect(answer).toMatchObject({ isAnswered: false, failure: 'certificate' })
  expect(seen).toEqual([])
})

test('headers of an answer are bounded, and a body is read so far and no further', async () => {
  const long = await aReceiver(() => ({ status: 200, headers: { 'X-Long': 'a'.repeat(20_000) } }))
  const deep = await aReceiver(() => ({ status: 200, body: 'b'.repeat(1_000) }))
  closers.push(long.close, deep.close)

  expect(await outboundOf().send(call(long.url))).toMatchObject({
    isAnswered: false,
    failure: 'answer',
  })
  expect(await outboundOf().send(call(deep.url))).toMatchObject({
    isAnswered: true,
    body: Buffer.from('b'.repeat(64)),
  })
})

test('a redirect is an answer like any other, and two calls share no connection', async () => {
  const ports: (number | undefined)[] = []
  const target = await aReceiver()
  const server = await aRawServer((socket) => {
    ports.push(socket.remotePort)
    socket.once('data', () => {
      socket.end(`HTTP/1.1 307 Go\r\nlocation: ${target.url}\r\ncontent-length: 0\r\n\r\n`)
    })
  })
  closers.push(target.close, server.close)
  const outbound = outboundOf()
  const answers = [await outbound.send(call(server.url)), await outbound.send(call(server.url))]

  expect(answers).toMatchObject([{ status: 307 }, { status: 307 }])
  expect(target.received).toEqual([])
  expect(new Set(ports).size).toBe(2)
})

test('the time runs from the look-up of the name to the last byte', async () => {
  const never = new Outbound(
    { allowed: [], ports: [], isProduction: false },
    () => new Promise(() => undefined),
  )
  const answer = await never.send(call('https://hooks.example.com/', { timeoutMs: 50 }))

  expect(answer).toEqual({ isAnswered: false, failure: 'timeout', detail: 'no answer in time' })
})

test('what may not be called is not called', async () => {
  const { url, received, close } = await aReceiver()
  closers.push(close)
  const outbound = outboundOf({ allowed: [] })

  expect(await outbound.send(call(url))).toEqual({
    isAnswered: false,
    failure: 'blocked',
    detail: 'scheme',
  })
  expect(received).toEqual([])
})
