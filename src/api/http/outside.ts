import type { SecretPlace } from '../../kernel/secret-place.ts'

/** What handlers that make secrets or call others need from beyond the books. */
export type Outside = Readonly<{
  random: (bytes: number) => Uint8Array
  /** Seals what may belong to no organization; the rest is sealed in its transaction. */
  seal: (place: SecretPlace, secret: Uint8Array) => Uint8Array
  /** A fresh key pair of ed25519: the seed, and the public half as 32 bytes. */
  keyPair: () => Readonly<{ seed: Uint8Array; publicKey: Uint8Array }>
  /**
   * Looks whether a URL may be called: public, and by https. A test business may use http where the
   * operator has exempted the address.
   * Refuses, in this order: webhooks.url_not_https, webhooks.url_refused.
   */
  requireReachable: (url: string, environment: 'live' | 'test') => Promise<void>
}>
