import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { FieldPlace } from '../../kernel/secret-place.ts'

export type OrganizationStatus = 'active' | 'suspended' | 'closing'

/** Owner of keys, subscriptions, businesses and Connect companies. */
export type Organization = Readonly<{
  id: Id<'organization'>
  name: string
  slug: string
  status: OrganizationStatus
  createdAt: Instant
}>

/** Where the e-mail address of an organization's owner lies sealed. */
export const placeOfOwner = (organizationId: string): FieldPlace => ({
  table: 'organization',
  column: 'sealed_owner',
  rowId: organizationId,
})

export const slugMax = 40

/**
 * A slug of 3 to 40 characters `[a-z0-9-]` from a name, made unique by the last characters of an
 * id. Example: `Ada Traders` with an id ending in `c1d8e2b7f513` is `ada-traders-e2b7f513`.
 */
export function toSlug(name: string, id: string): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? ['organization']
  const suffix = id.slice(-8)
  const stem = words.join('-').slice(0, slugMax - suffix.length - 1)
  return `${stem.replace(/-$/, '')}-${suffix}`
}
