import { type Static, type TSchema, Type } from 'typebox'
import { type CurrencyCode, parseCurrency } from '../../kernel/currency.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import { money, toWireNumber } from '../../kernel/money.ts'
import { callErrors, gateErrors, payloadErrors } from '../http/refusals.ts'

/** Most that an amount may be, in major units. Source: Invoicing specification 1. */
export const amountMax = 9_999_999_999_999.99

export const text = (maxLength = 255) => Type.String({ maxLength })
export const name = text(500)
export const longText = text(5_000)
export const uuid = Type.String({ format: 'uuid' })
export const date = Type.String({ format: 'date', description: 'YYYY-MM-DD' })
export const timestamp = Type.String({ format: 'timestamp' })
export const currency = Type.String({ format: 'currency', description: 'ISO 4217' })
export const externalId = text()

/** At most 50 texts of 500 characters under names of 40. */
export const metadata = Type.Unsafe<Readonly<Record<string, string>>>({
  type: 'object',
  maxProperties: 50,
  propertyNames: { maxLength: 40 },
  additionalProperties: { type: 'string', maxLength: 500 },
})

type NumberRule = Readonly<{
  decimalsMax: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  notZero?: boolean
  description?: string
}>

/** A JSON number of at most 15 significant digits and so many decimals. */
export const number = (rule: NumberRule) => Type.Number({ isExact: true, ...rule })

export const percent = number({ decimalsMax: 4, minimum: 0, maximum: 100, description: 'Percent' })

/** May be null: clears the member in an update, shows as null in an answer. */
export function nullable<T extends TSchema>(schema: T) {
  const { enum: values, type = 'string' } = schema as Partial<{
    enum: readonly unknown[]
    type: string
  }> // a TypeBox schema is a JSON schema; our enumerations are of texts
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    type,
    nullable: true,
    ...(values === undefined ? {} : { enum: [...values, null] }),
  })
}

/** An amount in major units, to compare with. */
export const amount = number({ decimalsMax: 4, minimum: -amountMax, maximum: amountMax })

export const idParams = Type.Object({ id: uuid })

/** Minor units as the number in major units that goes over the wire; exact by the bound. */
export const toNumber = (minor: bigint, code: CurrencyCode): number =>
  toWireNumber(money(minor, code))

/** An exact decimal of at most 15 significant digits as a JSON number. */
export const toWireDecimal = (decimalText: string): number => Number(decimalText)

export const toCurrency = (given: string | undefined): CurrencyCode | undefined =>
  given === undefined ? undefined : parseCurrency(given)

/** What every route of this surface may refuse before its own work begins. */
const commonErrors = [
  ...callErrors,
  'key.scope_insufficient',
  'access.business_forbidden',
] as const satisfies readonly ErrorCode[]

export const readErrors = [...commonErrors, 'request.id_malformed', 'resource.not_found'] as const

export const listErrors = [
  ...commonErrors,
  'request.page_invalid',
  'request.query_invalid',
  'request.cursor_invalid',
] as const satisfies readonly ErrorCode[]

export const writeErrors = [
  ...commonErrors,
  'access.business_suspended',
  'access.business_archived',
  ...gateErrors,
  ...payloadErrors,
] as const satisfies readonly ErrorCode[]
