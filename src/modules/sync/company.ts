import type { Instant } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Connection } from './connection.ts'

export const companyNameMax = 250
export const companyTagsMax = 10
export const tagKeyMax = 100
export const tagValueMax = 100

export type Tags = Readonly<Record<string, string>>

/** A customer of the client; it may point at one of our businesses through a connection. */
export type Company = Readonly<{
  id: Id<'company'>
  name: string
  description: string | null
  tags: Tags
  /** In the order in which they were added. */
  products: readonly string[]
  createdAt: Instant
  createdByName: string | null
  /** End of the newest complete dataset; null before the first. */
  lastSyncAt: Instant | null
  /** Oldest first. */
  connections: readonly Connection[]
}>

export type CompanyDraft = Readonly<{ name: string; description: string | null; tags: Tags }>

/**
 * Products of a client that a company can use, by identifier.
 * Source: Connect specification 9.
 */
const productNames: ReadonlyMap<string, string> = new Map([
  ['lending', 'Lending'],
  ['expenses', 'Expenses'],
  ['bank-feeds', 'Bank Feeds'],
  ['bill-pay', 'Bill Pay'],
  ['spend-insights', 'Spend Insights'],
  ['accounting', 'Accounting'],
  ['banking', 'Banking'],
  ['commerce', 'Commerce'],
])

/** The name of a product. Refuses: resource.not_found. */
export function productName(productId: string): string {
  const name = productNames.get(productId)
  if (name !== undefined) return name
  throw new Refusal('resource.not_found', { resource: 'Product', id: productId })
}

const allowedInName = /[^\p{L}\p{M}\p{N} \-',&@.?!]/gu

/**
 * A company's name without the characters that are not allowed, which are removed.
 * Refuses: validation.failed (nothing left, or longer than 250 characters).
 * Source: Connect specification 9.
 */
export function parseCompanyName(text: string): string {
  const name = text.replace(allowedInName, '').trim()
  if (name === '') throw wrongName('required', 'is required')
  if ([...name].length > companyNameMax) {
    throw wrongName('length', `must not be longer than ${companyNameMax} characters`)
  }
  return name
}

/**
 * Tags as they may be kept: at most 10, keys without a colon.
 * Refuses: sync.tags_invalid.
 * Source: Connect specification 9.
 */
export function parseTags(tags: Tags | null | undefined): Tags {
  const entries = Object.entries(tags ?? {})
  if (entries.length > companyTagsMax) throw wrongTags(`at most ${companyTagsMax} are allowed`)
  for (const [key, value] of entries) {
    if (key === '' || key.length > tagKeyMax || key.includes(':')) {
      throw wrongTags(`a key has 1 to ${tagKeyMax} characters and no colon`)
    }
    if (value.length > tagValueMax) {
      throw wrongTags(`a value has at most ${tagValueMax} characters`)
    }
  }
  return Object.fromEntries(entries)
}

const wrongName = (rule: 'required' | 'length', message: string): Refusal =>
  new Refusal('validation.failed', { issues: [{ pointer: '/name', path: 'name', rule, message }] })

const wrongTags = (reason: string): Refusal => new Refusal('sync.tags_invalid', { reason })
