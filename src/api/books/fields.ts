import { type Static, type TSchema, Type } from 'typebox'
import { assert } from '../../kernel/assert.ts'
import type { CurrencyCode } from '../../kernel/currency.ts'
import { type CalendarDate, dateIn, isDate, parseInstant } from '../../kernel/dates.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import { asId, type Id, parsePrefixed } from '../../kernel/ids.ts'
import { money, toDecimalText } from '../../kernel/money.ts'
import { callErrors, gateErrors, payloadErrors } from '../http/refusals.ts'

/** Largest amount of a line in major units. Source: Books specification 1. */
export const amountMax = 10_000_000_000_000

export const text = (maxLength = 255) => Type.String({ maxLength })
export const description = text(500)

/** Unique per business and kind of resource. */
export const externalId = Type.String({ minLength: 1, maxLength: 255 })

/** At most 50 texts of 500 characters under names of 40. */
export const metadata = Type.Unsafe<Readonly<Record<string, string>>>({
  type: 'object',
  maxProperties: 50,
  propertyNames: { maxLength: 40 },
  additionalProperties: { type: 'string', maxLength: 500 },
})

/** A day, or an instant whose UTC day is taken. */
export const dateText = Type.String({
  format: 'date-or-time',
  description: 'YYYY-MM-DD, or an ISO 8601 timestamp whose UTC date is taken',
})

export const dateOut = Type.String({ description: 'Midnight UTC of the day' })
export const day = Type.String({ description: 'YYYY-MM-DD' })
export const instant = Type.String({ description: 'ISO 8601, UTC' })
export const kobo = Type.Integer({ description: 'Minor units' })
export const major = Type.Number({ description: 'Major units' })

/** Selects the business; checked before anything else of the query is read. */
export const businessQuery = {
  businessId: Type.String({ description: 'biz_ and 26 characters, or a UUID' }),
}

/** May be null: clears the member in an update, shows as null in an answer. */
export const nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, nullable: true })

/** An answer as callers see it. Source: Books specification 1.1. */
export const enveloped = <T extends TSchema>(data: T) =>
  Type.Object({
    success: Type.Boolean(),
    data,
    meta: Type.Object({
      requestId: Type.String(),
      timestamp: instant,
      rateLimit: Type.Optional(
        Type.Object({ limit: Type.Integer(), remaining: Type.Integer(), reset: instant }),
      ),
    }),
  })

const uuidPattern = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const digits = '[0-7][0-9a-hjkmnp-tv-zA-HJKMNP-TV-Z]{25}'

/** An id: its prefix and 26 characters of Crockford base32, or a plain UUID. */
export const idText = (prefix: string) =>
  Type.String({ pattern: `^(${prefix}_${digits}|${uuidPattern})$` })

export const idParams = (prefix: string) => Type.Object({ id: idText(prefix) })

/** The UUID behind an id that `idText` let through. */
export function toId<K extends string>(kind: K, prefix: string, given: string): Id<K> {
  const id = parsePrefixed(prefix, given)
  assert(id !== undefined, 'ids of a path match their pattern')
  return asId(kind, id)
}

/** The calendar date of a text that `dateText` let through. */
export const toDate = (given: string, field: string): CalendarDate =>
  isDate(given) ? given : dateIn(parseInstant(given, field), 'UTC')

export const toDateOut = (date: CalendarDate): string => `${date}T00:00:00.000Z`

/** Minor units as a JSON integer. */
export const toKobo = (minor: bigint): number => Number(minor)

/** Minor units as a JSON number of major units. */
export const toMajor = (minor: bigint, currency: CurrencyCode): number =>
  Number(toDecimalText(money(minor, currency)))

/** What every route may refuse before its own work begins. */
export const organizationErrors = [
  ...callErrors,
  'request.version_unsupported',
  'request.method_not_allowed',
  'request.query_invalid',
  'plan.no_subscription',
  'plan.downgraded',
  'plan.trial_exhausted',
  'plan.credits_insufficient',
  'limit.concurrency_exceeded',
] as const satisfies readonly ErrorCode[]

/** The same for a route of a business. */
const commonErrors = [
  ...organizationErrors,
  'request.business_id_missing',
  'access.business_forbidden',
  'access.business_suspended',
  'plan.subscription_expired',
] as const satisfies readonly ErrorCode[]

export const readErrors = [...commonErrors, 'resource.not_found'] as const

export const listErrors = [
  ...commonErrors,
  'request.page_invalid',
  'request.cursor_invalid',
] as const satisfies readonly ErrorCode[]

/** Of reports; the last where a report asks for what was known, or for a tag. */
export const reportErrors = [...commonErrors, 'reports.too_many_lines'] as const

/** Of writes, with a body or without one. */
export const changeErrors = [
  ...commonErrors,
  ...gateErrors,
  'access.business_archived',
] as const satisfies readonly ErrorCode[]

export const writeErrors = [...changeErrors, ...payloadErrors] as const

/** Of writes that belong to the organization. */
export const organizationWriteErrors = [
  ...organizationErrors,
  ...gateErrors,
  ...payloadErrors,
] as const
