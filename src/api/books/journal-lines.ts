import { type Static, Type } from 'typebox'
import { type CurrencyCode, currencyExponent } from '../../kernel/currency.ts'
import { readDecimal } from '../../kernel/decimal.ts'
import { type Issue, type IssueRule, Refusal } from '../../kernel/errors.ts'
import { type JournalLine, toTags } from '../../modules/ledger/journal.ts'
import { amountMax, description, text } from './fields.ts'

const naira = Type.Number({ minimum: 0, maximum: amountMax, description: 'Major units' })
const minorUnits = Type.Integer({
  minimum: 0,
  maximum: amountMax * 100,
  description: 'Minor units',
})

/** A name that reports and lists can be narrowed to. */
export const tag = Type.String({ minLength: 1, maxLength: 50, pattern: '^[^,]*$' })

export const LineIn = Type.Object({
  accountId: Type.Optional(text()),
  accountCode: Type.Optional(text()),
  debit: Type.Optional(naira),
  credit: Type.Optional(naira),
  debitKobo: Type.Optional(minorUnits),
  creditKobo: Type.Optional(minorUnits),
  description: Type.Optional(description),
  tags: Type.Optional(
    Type.Array(tag, { maxItems: 20, description: 'Kept sorted, each once; none has a comma' }),
  ),
})

type LineBody = Static<typeof LineIn>

/**
 * Lines as the ledger takes them: signed minor units of the base currency, debit positive. Each has
 * one account, and one side above zero; an amount given twice is the same twice.
 * Refuses: validation.failed, naming every line that is wrong.
 */
export function toJournalLines(
  lines: readonly LineBody[],
  currency: CurrencyCode,
): readonly JournalLine[] {
  const exponent = currencyExponent(currency)
  const issues: Issue[] = []
  const read = lines.map((line, index): JournalLine => {
    const path = `lines[${index}]`
    const fault: Fault = (member, rule, message) => {
      const own = member === '' ? path : `${path}.${member}`
      const pointer = member === '' ? `/lines/${index}` : `/lines/${index}/${member}`
      issues.push({ pointer, path: own, rule, message })
      return 0n
    }
    const accountCode = accountOf(line, fault)
    const debit = sideOf('debit', line.debit, line.debitKobo, { exponent, fault })
    const credit = sideOf('credit', line.credit, line.creditKobo, { exponent, fault })
    const isFaulty = issues.at(-1)?.path.startsWith(path) === true
    if (!isFaulty && debit > 0n === credit > 0n) {
      fault('', 'required', 'must have exactly one of debit, credit')
    }
    const tags = toTags(line.tags ?? [])
    return {
      accountCode,
      base: debit - credit,
      description: line.description ?? null,
      ...(tags !== undefined && { tags }),
    }
  })
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  return read
}

type Fault = (member: string, rule: IssueRule, message: string) => bigint

function accountOf({ accountId, accountCode }: LineBody, fault: Fault): string {
  if (accountId !== undefined && accountCode !== undefined && accountId !== accountCode) {
    fault('', 'required', 'must have exactly one of accountId, accountCode')
  }
  const code = accountId ?? accountCode
  if (code === undefined) fault('accountId', 'required', 'is required')
  return code ?? ''
}

type Reading = Readonly<{ exponent: number; fault: Fault }>

/** Minor units of one side; nothing given is zero. */
function sideOf(
  side: 'debit' | 'credit',
  given: number | undefined,
  kobo: number | undefined,
  reading: Reading,
): bigint {
  if (given === undefined) return kobo === undefined ? 0n : BigInt(kobo)
  const minor = toMinor(side, given, reading)
  if (kobo !== undefined && BigInt(kobo) !== minor) {
    const message = `must have exactly one of ${side}, ${side}Kobo`
    return reading.fault(`${side}Kobo`, 'required', message)
  }
  return minor
}

function toMinor(side: string, given: number, { exponent, fault }: Reading): bigint {
  if (Number.isInteger(given)) return BigInt(given) * 10n ** BigInt(exponent)
  const read = readDecimal(given)
  if (read === 'digits') return fault(side, 'precision', 'has more than 15 significant digits')
  if (typeof read === 'string' || read.scale > exponent) {
    return fault(side, 'precision', `must have at most ${exponent} decimal places`)
  }
  return read.units * 10n ** BigInt(exponent - read.scale)
}
