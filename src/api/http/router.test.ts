import { expect, test } from 'vitest'
import { parseQuery } from './query.ts'
import type { RouteRecord } from './route.ts'
import { Router } from './router.ts'

const routes = [
  ['GET', '/v1/items'],
  ['POST', '/v1/items'],
  ['GET', '/v1/items/{id}'],
  ['GET', '/v1/items/latest'],
  ['DELETE', '/v1/items/{itemId}/lines/{lineId}'],
  ['GET', '/v1/{kind}/latest/totals'],
].map(([method, path]) => ({ method, path }) as RouteRecord) // a router reads nothing else

const find = (router: Router, path: string): string => {
  const found = router.find(path)
  if (found === undefined) return 'none'
  const methods = [...found.routeByMethod.keys()].sort().join(' ')
  return `${methods} ${JSON.stringify(found.params)}`
}

test.each([
  ['/v1/items', 'GET HEAD POST {}'],
  ['/v1/items/7', 'GET HEAD {"id":"7"}'],
  ['/v1/items/latest', 'GET HEAD {}'],
  ['/v1/items/a%20b', 'GET HEAD {"id":"a b"}'],
  ['/v1/items/%zz', 'GET HEAD {"id":"%zz"}'],
  ['/v1/items/7/lines/8', 'DELETE {"itemId":"7","lineId":"8"}'],
  ['/v1/items/latest/totals', 'GET HEAD {"kind":"items"}'],
  ['/v1/others/latest/totals', 'GET HEAD {"kind":"others"}'],
  ['/v1/items/', 'none'],
  ['/v1/items/7/lines', 'none'],
  ['/v1//latest/totals', 'none'],
  ['/V1/Items', 'none'],
  ['/', 'none'],
])('%s leads to %s', (path, expected) => {
  expect(find(new Router(routes, { ignoresCase: false }), path)).toBe(expected)
})

test.each([
  ['/V1/Items', 'GET HEAD POST {}'],
  ['/v1/items/', 'GET HEAD POST {}'],
  ['/v1/ITEMS/aB/Lines/Cd/', 'DELETE {"itemId":"aB","lineId":"Cd"}'],
  ['/v1/items//', 'none'],
])('without regard to case %s leads to %s', (path, expected) => {
  expect(find(new Router(routes, { ignoresCase: true }), path)).toBe(expected)
})

test.each([
  ['', {}],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a=1&a=2', { a: '2' }],
  ['a&b=', { a: '', b: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=x+y&b=%26%3D', { a: 'x y', b: '&=' }],
  ['a=%zz', { a: '%zz' }],
  ['__proto__=1', JSON.parse('{"__proto__":"1"}')],
])('the query %s', (text, expected) => {
  expect({ ...parseQuery(text) }).toEqual(expected)
})
