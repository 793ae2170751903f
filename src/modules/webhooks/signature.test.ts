import { createHmac, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { expect, test } from 'vitest'
import {
  signAsymmetric,
  signInvoicing,
  signStandard,
  toInvoicingSecret,
  toStandardSecret,
} from './signature.ts'

const hmac = (key: Uint8Array, text: Uint8Array) => createHmac('sha256', key).update(text).digest()

const bytesOf = (text: string) => new TextEncoder().encode(text)

test('the documented check value of Invoicing is reproduced', () => {
  const body = bytesOf('{"a":1}')
  const secret = '0123456789abcdef'.repeat(4)

  expect(signInvoicing(secret, { timestamp: 1_777_000_000, body }, hmac)).toBe(
    'a6975aef72cd2de38ee567fac400bdbe000337fa75be37303a34f5917cf733e0',
  )
})

test('an Invoicing signature survives a receiver that parses the body and writes it again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const sent = JSON.stringify(JSON.parse(JSON.stringify(value)))
      const again = JSON.stringify(JSON.parse(sent))
      const secret = toInvoicingSecret(new Uint8Array(32).fill(9))
      const of = (text: string) =>
        signInvoicing(secret, { timestamp: 1, body: bytesOf(text) }, hmac)
      expect(of(again)).toBe(of(sent))
    }),
  )
})

const message = { id: 'evt_0197a1c2', body: '{"id":"evt_0197a1c2","amount":12.5,"name":"Ọláwálé"}' }

const headersOf = (signature: string, timestamp: number) => ({
  'webhook-id': message.id,
  'webhook-timestamp': `${timestamp}`,
  'webhook-signature': signature,
})

test.each([
  ['standardwebhooks', (secret: string) => new Standard(secret)],
  ['svix', (secret: string) => new Svix(secret)],
])('the package %s accepts our signature, and either of two secrets', (_name, receiverOf) => {
  const [older, newer] = [1, 2].map((byte) => toStandardSecret(new Uint8Array(32).fill(byte)))
  const timestamp = Math.trunc(Date.now() / 1_000)
  const signing = { id: message.id, timestamp, body: bytesOf(message.body) }
  const signature = signStandard([newer ?? '', older ?? ''], signing, hmac)

  for (const secret of [older, newer]) {
    const receiver = receiverOf(secret ?? '')
    expect(receiver.verify(message.body, headersOf(signature, timestamp))).toEqual(
      JSON.parse(message.body),
    )
    expect(() =>
      receiver.verify(message.body.replace('12.5', '13.5'), headersOf(signature, timestamp)),
    ).toThrow()
  }
})

test('the asymmetric signature is checked with the public key alone', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = privateKey.export({ format: 'jwk' })
  const seed = Buffer.from(jwk.d ?? '', 'base64url')
  const ed25519 = (given: Uint8Array, text: Uint8Array) => {
    const key = { ...jwk, d: Buffer.from(given).toString('base64url') }
    return sign(null, text, createPrivateKey({ key, format: 'jwk' }))
  }
  const signing = { id: message.id, timestamp: 1_777_000_000, body: bytesOf(message.body) }
  const [version, signature] = signAsymmetric(seed, signing, ed25519).split(',')
  const signed = Buffer.from(`${message.id}.1777000000.${message.body}`)

  expect(version).toBe('v1a')
  expect(verify(null, signed, publicKey, Buffer.from(signature ?? '', 'base64'))).toBe(true)
})
