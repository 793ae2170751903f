import type { Business, Client } from '../../harness.ts'

/** The same caller, whose requests all name the business. */
export function inBusiness(client: Client, businessId: string): Client {
  const named = (path: string): string =>
    `${path}${path.includes('?') ? '&' : '?'}businessId=${businessId}`
  return {
    ...client,
    get: (path, headers) => client.get(named(path), headers),
    post: (path, body, headers) => client.post(named(path), body, headers),
    put: (path, body, headers) => client.put(named(path), body, headers),
    patch: (path, body, headers) => client.patch(named(path), body, headers),
    delete: (path, headers) => client.delete(named(path), headers),
    send: (method, path, body, headers) => client.send(method, named(path), body, headers),
  }
}

/** The Books caller of a business. */
export const booksOf = ({ books, businessId }: Business): Client => inBusiness(books, businessId)
