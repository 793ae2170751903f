import type { Tenant } from '../../db/tx.ts'
import type { SecretPlace } from '../../kernel/secret-place.ts'

/** Which document is wanted as a page to hand out, and how; what is left out follows from it. */
export type PrintOrder = Readonly<{
  kind: 'invoice' | 'credit_note' | 'quotation'
  documentId: string
  language?: string | undefined
  paper?: string | undefined
}>

/** A document as PDF; the number is null where a draft has none yet. */
export type PrintedFile = Readonly<{ number: string | null; pdf: Buffer }>

/** The address of the page that a document's customer sees. */
export type ToPageUrl = (documentId: string, generation: number) => string

/** What handlers that make secrets or call others need from beyond the books. */
export type Outside = Readonly<{
  random: (bytes: number) => Uint8Array
  /** Seals what may belong to no organization; the rest is sealed in its transaction. */
  seal: (place: SecretPlace, secret: Uint8Array) => Uint8Array
  /** What `seal` was given. */
  unseal: (place: SecretPlace, sealed: Uint8Array) => Uint8Array
  /** A fresh key pair of ed25519: the seed, and the public half as 32 bytes. */
  keyPair: () => Readonly<{ seed: Uint8Array; publicKey: Uint8Array }>
  /**
   * Looks whether a URL may be called: public, and by https. A test business may use http where the
   * operator has exempted the address.
   * Refuses, in this order: webhooks.url_not_https, webhooks.url_refused.
   */
  requireReachable: (url: string, environment: 'live' | 'test') => Promise<void>
  /**
   * The PDF of a document; of an issued one the same bytes every time.
   * Refuses, in this order: documents.language_unknown, documents.paper_unknown,
   * resource.not_found, documents.not_ready, documents.render_timeout, documents.render_failed.
   */
  print: (tenant: Required<Tenant>, order: PrintOrder) => Promise<PrintedFile>
  toPageUrl: ToPageUrl
}>
