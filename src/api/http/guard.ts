import { isIP } from 'node:net'
import { Refusal } from '../../kernel/errors.ts'

const minuteMs = 60_000
const addressesMax = 100_000

/** Source: platform specification 6.1. */
export const authFailuresMax = 30

type Bucket = { tokens: number; atMs: number }

/**
 * A token bucket per address: so many a minute, refilled evenly. Kept in this process alone, for at
 * most 100,000 addresses; whoever was away longest is forgotten. It protects what stands behind it
 * and promises nothing to the count.
 * Source: platform specification 6.6.
 */
export class AddressGuard {
  readonly #quota: number
  readonly #buckets = new Map<string, Bucket>()

  /** `quota` a minute; 0 lets everybody through. */
  constructor(quota: number) {
    this.#quota = quota
  }

  /** Takes one token; answers 0, or the seconds until there is one. */
  take(address: string, nowMs: number): number {
    if (this.#quota === 0) return 0
    const bucket = this.#bucket(address, nowMs)
    if (bucket.tokens < 1) return this.#secondsToNext(bucket)
    bucket.tokens -= 1
    return 0
  }

  /** The seconds until there is a token, or 0; takes none. */
  look(address: string, nowMs: number): number {
    if (this.#quota === 0 || !this.#buckets.has(groupOf(address))) return 0
    const bucket = this.#bucket(address, nowMs)
    return bucket.tokens < 1 ? this.#secondsToNext(bucket) : 0
  }

  #bucket(address: string, nowMs: number): Bucket {
    const group = groupOf(address)
    const known = this.#buckets.get(group)
    const bucket = known ?? { tokens: this.#quota, atMs: nowMs }
    const passedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.tokens = Math.min(this.#quota, bucket.tokens + (passedMs * this.#quota) / minuteMs)
    bucket.atMs = nowMs
    // Last in the map is the last seen; the first has been away longest.
    if (known !== undefined) this.#buckets.delete(group)
    this.#buckets.set(group, bucket)
    if (this.#buckets.size > addressesMax) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return bucket
  }

  #secondsToNext = ({ tokens }: Bucket): number =>
    Math.max(1, Math.ceil(((1 - tokens) * minuteMs) / this.#quota / 1_000))
}

/** The guards of a process. Source: platform specification 6.6. */
export type Guards = Readonly<{
  /** Refuses: limit.ip_rate_exceeded. */
  requireRoom: (surface: string, address: string, nowMs: number) => void
  /** Refuses: limit.auth_failures. */
  requireTrust: (address: string, nowMs: number) => void
  countFailure: (address: string, nowMs: number) => void
}>

/**
 * Guards with the quotas of the configuration; an address limit of 0 switches the guard against
 * guessed keys off too.
 */
export function buildGuards({
  addressLimit,
  connectFlood,
}: Readonly<{ addressLimit: number; connectFlood: number }>): Guards {
  const plain = new AddressGuard(addressLimit)
  const connect = new AddressGuard(connectFlood)
  const failures = new AddressGuard(addressLimit === 0 ? 0 : authFailuresMax)
  return {
    requireRoom: (surface, address, nowMs) => {
      const guard = surface === 'connect' ? connect : plain
      const retryAfterSeconds = guard.take(address, nowMs)
      if (retryAfterSeconds > 0) throw new Refusal('limit.ip_rate_exceeded', { retryAfterSeconds })
    },
    requireTrust: (address, nowMs) => {
      const retryAfterSeconds = failures.look(address, nowMs)
      if (retryAfterSeconds > 0) throw new Refusal('limit.auth_failures', { retryAfterSeconds })
    },
    countFailure: (address, nowMs) => void failures.take(address, nowMs),
  }
}

/** An IPv4 address stands for itself, an IPv6 address for its /64. */
function groupOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')
}
