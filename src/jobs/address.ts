import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Which addresses an operator lets us call although they are not public. */
export type AllowList = readonly (readonly [Address, number])[]

/** Reads an allow-list of networks such as `10.1.0.0/16`; undefined when one of them is none. */
export function parseAllowList(networks: readonly string[]): AllowList | undefined {
  try {
    return networks.map((text) => ipaddr.parseCIDR(text.includes('/') ? text : wholeOf(text)))
  } catch {
    return undefined
  }
}

const wholeOf = (text: string): string => `${text}/${text.includes(':') ? 128 : 32}`

/**
 * Whether an address may be called: it and every address that it wraps are global unicast.
 * A text that is not an address is not public.
 * Source: platform specification 14, step 2.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && isGlobal(address)
}

/**
 * Whether the operator has exempted an address, as it stands or by what it wraps. The metadata
 * services of clouds are exempt only where they are named exactly.
 * Source: platform specification 14, step 8.
 */
export function isExempt(text: string, allowed: AllowList): boolean {
  const address = parseAddress(text)
  if (address === undefined) return false
  const inner = unwrap(address)
  const all = [address, ...inner]
  const metadata = all.find((one) => metadataServices.includes(one.toString()))
  if (metadata !== undefined) return allowed.some((network) => isExactly(metadata, network))
  if (isInside(address, allowed)) return true
  return inner.length > 0 && inner.every((one) => isInside(one, allowed))
}

/** An address of four decimal parts or of IPv6 without a zone; any other spelling is none. */
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  return ipaddr.IPv6.parse(text)
}

const metadataServices = [ipaddr.parse('169.254.169.254'), ipaddr.parse('fd00:ec2::254')].map(
  (address) => address.toString(),
)

function isGlobal(address: Address): boolean {
  if (address.kind() === 'ipv4') return address.range() === 'unicast'
  const inner = unwrap(address)
  if (inner.length > 0) return inner.every(isGlobal)
  return address.range() === 'unicast' && isInside(address, globalUnicast)
}

const globalUnicast: AllowList = [ipaddr.parseCIDR('2000::/3')]

type Wrapping = Readonly<{ network: readonly [Address, number]; starts: readonly number[] }>

const wrapping = (network: string, ...starts: readonly number[]): Wrapping => ({
  network: ipaddr.parseCIDR(network),
  starts,
})

/** Networks whose addresses hold IPv4 addresses, and the bytes at which those begin. */
const wrappings: readonly Wrapping[] = [
  wrapping('::ffff:0:0/96', 12),
  wrapping('::/96', 12),
  wrapping('64:ff9b::/96', 12),
  wrapping('2002::/16', 2),
]

const localNat64 = ipaddr.parseCIDR('64:ff9b:1::/48')
const teredo = ipaddr.parseCIDR('2001::/32')

/** The IPv4 addresses inside of an IPv6 address; none for an address that wraps nothing. */
function unwrap(address: Address): readonly ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return []
  const bytes = address.toByteArray()
  const at = (start: number): ipaddr.IPv4 => new ipaddr.IPv4(bytes.slice(start, start + 4))
  const found = wrappings.find(({ network }) => isInside(address, [network]))
  if (found !== undefined) return found.starts.map(at)
  if (isInside(address, [localNat64])) {
    // The length of the prefix is the network's own choice: both ways of reading must be public.
    const [b6, b7, b9, b10] = [6, 7, 9, 10].map((i) => bytes[i] ?? 0)
    return [at(12), new ipaddr.IPv4([b6 ?? 0, b7 ?? 0, b9 ?? 0, b10 ?? 0])]
  }
  if (isInside(address, [teredo])) {
    const client = bytes.slice(12).map((byte) => byte ^ 0xff)
    return [at(4), new ipaddr.IPv4(client)]
  }
  return []
}

const isInside = (address: Address, networks: AllowList): boolean =>
  networks.some(([base, length]) => base.kind() === address.kind() && address.match(base, length))

const isExactly = (address: Address, [base, length]: readonly [Address, number]): boolean =>
  base.toString() === address.toString() && length === (base.kind() === 'ipv4' ? 32 : 128)
