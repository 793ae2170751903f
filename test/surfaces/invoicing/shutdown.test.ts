import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { aBusiness } from '../../harness.ts'

const body = '{"name":"Lantern"}'

test('what has begun is finished at a shutdown, and what is new is refused', async () => {
  const { app, invoicing, pool, businessId, read } = await aBusiness()
  const { hostname, port } = new URL(await app.listen())
  const open = (): Socket => connect(Number(port), hostname)
  const [begun, idle] = [open(), open()]
  const [begunText, idleText] = [collect(begun), collect(idle)]
  begun.write(
    `POST /invoicing/api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: ${invoicing.authorization}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
      'Expect: 100-continue\r\n\r\n',
  )
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  // Both have been read: the one is asked for its body, the other has its answer.
  await Promise.all(
    [begun, idle].map((socket) => new Promise((resolve) => socket.once('data', resolve))),
  )
  begun.write(body.slice(0, 5))
  const closing = app.close()
  begun.write(body.slice(5))
  await closing
  const refused = await new Promise((resolve) => open().once('error', resolve))
  const rows = await read((db) =>
    db.query({ text: 'select name from party where business_id = $1', values: [businessId] }),
  )
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
  expect((await idleText).slice(0, 15)).toBe('HTTP/1.1 200 OK')
  expect(await begunText).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 Created\r\n/)
  expect((await begunText).toLowerCase()).toContain('\r\nconnection: close\r\n')
  expect([rows, pool.totalCount > 0]).toEqual([[{ name: 'Lantern' }], true])
})

const collect = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
