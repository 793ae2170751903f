import { parseCurrency } from '../kernel/currency.ts'
import { type Instant, isDate, parseInstant } from '../kernel/dates.ts'
import { UsageError } from './output.ts'

const nameMax = 250

/** A name as people give it, 1 to 250 characters. Throws UsageError. */
export function readName(flag: string, text: string): string {
  const name = text.trim()
  if (name.length === 0 || name.length > nameMax) {
    throw new UsageError(`${flag} must have 1 to ${nameMax} characters.`)
  }
  return name
}

/** An e-mail address of the common form, at most 255 characters. Throws UsageError. */
export function readEmail(flag: string, text: string): string {
  const email = text.trim()
  if (email.length > 255 || !/^[^\s@<>,;"]+@[^\s@<>,;".]+(\.[^\s@<>,;".]+)+$/u.test(email)) {
    throw new UsageError(`${flag} must be an e-mail address.`)
  }
  return email
}

/** An ISO 3166-1 alpha-2 code. Throws UsageError. */
export function readCountry(flag: string, text: string): string {
  const country = text.trim().toUpperCase()
  if (!/^[A-Z]{2}$/.test(country)) {
    throw new UsageError(`${flag} must be a country code of two letters, such as NG.`)
  }
  return country
}

/** A currency code in any case. Refuses: validation.currency_unknown. */
export const readCurrency = (text: string): string => parseCurrency(text.trim().toUpperCase())

/** A whole number in bounds. Throws UsageError. */
export function readInteger(
  flag: string,
  text: string,
  [lowest, highest]: readonly [number, number],
): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < lowest || value > highest) {
    throw new UsageError(`${flag} must be a whole number from ${lowest} to ${highest}.`)
  }
  return value
}

/** A whole number of up to 18 digits, such as the sequence of an event. Throws UsageError. */
export function readWhole(flag: string, text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new UsageError(`${flag} must be a whole number.`)
  return BigInt(text)
}

/** An instant, or the first moment of a day in UTC. Refuses: validation.date_invalid. */
export const readMoment = (flag: string, text: string): Instant =>
  parseInstant(isDate(text) ? `${text}T00:00:00Z` : text, flag)

/** One of the words. Throws UsageError. */
export function readChoice<Choice extends string>(
  flag: string,
  choices: readonly Choice[],
  text: string,
): Choice {
  const chosen = choices.find((choice) => choice === text)
  if (chosen === undefined) {
    throw new UsageError(`${flag} must be one of ${choices.join(', ')}.`)
  }
  return chosen
}
