import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { exampleOf } from '../../src/kernel/error-examples.ts'
import { sentence } from '../../src/kernel/error-text.ts'
import { catalogue, isErrorCode } from '../../src/kernel/errors.ts'
import { aBusiness } from '../harness.ts'

const business = await aBusiness()
const codes = Object.keys(catalogue).filter(isErrorCode)

const get = async (url: string, method: 'GET' | 'HEAD' | 'POST' = 'GET') => {
  const {
    statusCode: status,
    headers,
    payload: text,
  } = await business.app.server.inject({
    method,
    url,
  })
  return { status, type: headers['content-type'], headers, text }
}

test('the link of an error leads to the page of its code', async () => {
  const { headers } = await business.invoicing.get('/api/v1/invoices/nope')
  const link = /^<http:\/\/[^/]+(\/[^>]+)>; rel="help"$/.exec(headers['link'] ?? '')?.[1]

  const page = await get(link ?? '')

  expect(link).toBe('/docs/errors/request.id_malformed')
  expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.text).toContain('<h1>Request: id malformed</h1>')
})

test('every code has a page that shows what each surface answers', async () => {
  const wrong: string[] = []
  for (const code of codes) {
    const { status, text } = await get(`/docs/errors/${code}.md`)
    const isWhole =
      text.includes(`\`${code}\`, number ${catalogue[code].number}`) &&
      ['## On Invoicing', '## On Books', '## On Connect'].every((part) => text.includes(part)) &&
      text.includes(`Simulate-Error: ${code}`)
    if (status !== 200 || !isWhole) wrong.push(code)
  }
  expect(wrong).toEqual([])
})

test('an answer on a page is the answer of the surface', async () => {
  const { text } = await get('/docs/errors/sales.invoice_voided.md')

  expect(text).toContain(
    JSON.stringify({ error: sentence(exampleOf('sales.invoice_voided')) }, null, 2),
  )
  expect(text).toContain('HTTP/1.1 409')
})

test('no page can run a script or load anything but its style', async () => {
  const { headers, text } = await get('/docs/errors')
  const style = await get('/docs/style.css')

  expect(headers['content-security-policy']).toBe("default-src 'none'; style-src 'self'")
  expect(text).not.toMatch(/<script|https?:/)
  expect([style.status, style.type]).toEqual([200, 'text/css; charset=utf-8'])
})

test('programs read all codes at once', async () => {
  const { status, text } = await get('/docs/errors.json')

  const { errors } = JSON.parse(text)
  expect(status).toBe(200)
  expect(errors.map(({ code }: { code: string }) => code)).toEqual(codes)
  expect(errors[0]).toMatchObject({ number: 1001, retry: 'never', fix: [expect.any(String)] })
})

test('the limits name what a plan allows and what a request may be', async () => {
  const { status, text } = await get('/docs/limits.md')

  expect(status).toBe(200)
  expect(text).toContain('| JSON body, Tallystick Connect API | 10 MiB |')
  expect(text).toContain('`basic` from 2000-01-01')
})

test.each(['/docs/errors/ledger.nope', '/docs/nope', '/docs/errors/..%2f..', '/docsnope'])(
  'nothing stands at %s',
  async (path) => {
    expect((await get(path)).status).toBe(404)
  },
)

test('pages are only read', async () => {
  const written = await get('/docs/limits', 'POST')
  const head = await get('/docs/limits', 'HEAD')

  expect([written.status, written.headers['allow']]).toEqual([405, 'GET, HEAD'])
  expect([head.status, head.text]).toEqual([200, ''])
})

test.each(['invoicing', 'books', 'connect'])(
  'the reference of %s draws itself from our own files alone',
  async (surface) => {
    const page = await get(`/docs/${surface}`)
    const described = await get(`/docs/openapi/${surface}.json`)

    const policy = String(page.headers['content-security-policy'])
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to]) => to)
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8'])
    expect(policy).toContain("default-src 'none'; script-src 'self'")
    expect(policy).not.toMatch(/http|\*|unsafe-eval/)
    expect(loaded.filter((to) => !/^(\/docs\/|data:)/.test(to ?? ''))).toEqual([])
    expect([described.status, JSON.parse(described.text).openapi]).toEqual([200, '3.1.0'])
    for (const to of loaded) {
      if (to?.startsWith('/docs/')) expect([to, (await get(to)).status]).toEqual([to, 200])
    }
  },
)

test('the script of the references is sent packed to those who take it', async () => {
  const url = '/docs/reference/scalar.js'
  const ask = (encoding: string) =>
    business.app.server.inject({ url, headers: { 'accept-encoding': encoding } })
  const [packed, plain] = [await ask('gzip, br'), await ask('identity')]

  expect(packed.headers['content-encoding']).toBe('gzip')
  expect(plain.headers['content-encoding']).toBe(undefined)
  expect(gunzipSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true)
})

test('the front page leads to every part', async () => {
  const { status, text } = await get('/docs')

  const links = [...text.matchAll(/<li><a href="([^"]+)"/g)].map(([, to]) => to ?? '')
  expect(status).toBe(200)
  expect(links.length).toBe(5)
  for (const to of links) expect([to, (await get(to)).status]).toEqual([to, 200])
})
