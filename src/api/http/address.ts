import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** Addresses of these networks, written `10.0.0.0/8`, or single addresses. */
export function buildNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [base = '', length] = network.split('/')
    const family = isIPv6(base) ? 'ipv6' : 'ipv4'
    if (length === undefined) list.addAddress(base, family)
    else list.addSubnet(base, Number(length), family)
  }
  return list
}

export function isInside(address: string, list: BlockList): boolean {
  if (isIPv4(address)) return list.check(address, 'ipv4')
  return isIPv6(address) && list.check(address, 'ipv6')
}

/** An IPv4 address inside of an IPv6 one by itself, and without the zone of a link. */
export const toPlainAddress = (address: string): string =>
  (address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address).replace(
    /%.*$/,
    '',
  )

/**
 * Who sent a request: the peer, or, behind proxies that are trusted, the last address of
 * `X-Forwarded-For` that is none of them.
 * Source: platform specification 6.6.
 */
export function addressOf(request: IncomingMessage, proxies: BlockList | undefined): string {
  const peer = toPlainAddress(request.socket.remoteAddress ?? '')
  if (proxies === undefined || !isInside(peer, proxies)) return peer
  const given = request.headers['x-forwarded-for']
  const hops = (Array.isArray(given) ? given.join(',') : (given ?? '')).split(',').reverse()
  let sender = peer
  for (const hop of hops) {
    const address = toPlainAddress(hop.trim())
    if (isIP(address) === 0) break
    sender = address
    if (!isInside(address, proxies)) break
  }
  return sender
}
