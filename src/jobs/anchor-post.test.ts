import { appendFileSync, mkdtempSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { aClosedPort, aReceiver } from '../../test/receiver.ts'
import { instantFromMs } from '../kernel/dates.ts'
import { parseAllowList } from './address.ts'
import { AnchorPost } from './anchor-post.ts'
import { Outbound } from './outbound.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

async function aWitness(allowed: readonly string[] = ['127.0.0.1']) {
  const receiver = await aReceiver()
  onTestFinished(receiver.close)
  const file = join(mkdtempSync(join(tmpdir(), 'tallystick-anchors-')), 'anchors.jsonl')
  const said: string[] = []
  const log = (_fields: object, message: string): void => {
    said.push(message)
  }
  const post = (url = receiver.url): AnchorPost =>
    new AnchorPost({
      ...{ file, url, secret, seed: new Uint8Array(32).fill(9) },
      ...{ clock: () => instantFromMs(Date.now()), log: { info: log, warn: log, error: log } },
      outbound: new Outbound({
        ...{ allowed: parseAllowList(allowed) ?? [], ports: [], isProduction: false },
      }),
    })
  const append = (...links: readonly number[]): void =>
    appendFileSync(file, links.map((link) => `{"link":"${link}"}\n`).join(''))
  const seen = () =>
    receiver.received.map(({ body }) => {
      const { type, data } = JSON.parse(body)
      return [type, data.anchors.map((anchor: { link: string }) => anchor.link)]
    })
  return { receiver, file, said, post, append, seen }
}

test('each anchor is posted once, as a delivery that Standard Webhooks can verify', async () => {
  const { receiver, post, append, seen } = await aWitness()
  const witness = post()
  await witness.send()
  append(1, 2)
  await Promise.all([witness.send(), witness.send()])
  append(3)
  await post().send()
  await post().send()

  expect(seen()).toEqual([
    ['chain.anchored', ['1', '2']],
    ['chain.anchored', ['3']],
  ])
  for (const { body, headers } of receiver.received) {
    const signed = {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': String(headers['webhook-timestamp']),
      'webhook-signature': String(headers['webhook-signature']),
    }
    expect(new Webhook(secret).verify(body, signed)).toMatchObject({ type: 'chain.anchored' })
    expect(signed['webhook-signature']).toMatch(/^v1,\S+ v1a,\S+$/)
  }
})

test('what a witness did not take goes out with the next anchors, under the same id', async () => {
  const { receiver, said, post, append, seen } = await aWitness()
  receiver.answer(() => ({ status: 500 }))
  append(1)
  await post().send()
  await post().send()
  receiver.answer(() => ({ status: 204 }))
  append(2)
  await post().send()
  await post(`http://127.0.0.1:${await aClosedPort()}/`).send()

  const [first, again] = receiver.received.map(({ headers }) => headers['webhook-id'])
  expect(first).toBe(again)
  expect(seen().at(-1)).toEqual(['chain.anchored', ['1', '2']])
  expect(said).toEqual(Array(2).fill('the witness did not take the anchors yet'))
})

test('half a line waits until it is whole, a spoilt one is sent as it is, a new file anew', async () => {
  const { file, receiver, post, append } = await aWitness()
  append(1)
  appendFileSync(file, '{"link":')
  await post().send()
  appendFileSync(file, '"2"}\nspoilt\n')
  await post().send()
  renameSync(file, `${file}.before`)
  append(1)
  await post().send()

  const sent = receiver.received.map(({ body }) => JSON.parse(body).data.anchors)
  expect(sent).toEqual([[{ link: '1' }], [{ link: '2' }, 'spoilt'], [{ link: '1' }]])
})

test('an address that is not public is not called unless the operator allows it', async () => {
  const { receiver, said, post, append } = await aWitness([])
  append(1)
  await post().send()

  expect([receiver.received, said]).toEqual([[], ['the witness did not take the anchors yet']])
})
