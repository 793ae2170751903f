import { type Cell, toCsv } from '../../documents/csv.ts'
import type { CurrencyCode } from '../../kernel/currency.ts'
import { money } from '../../kernel/money.ts'
import type { Reply } from '../http/route.ts'
import { amountsOf, isWire, type Wire } from './report-columns.ts'

export const csvType = 'text/csv; charset=utf-8'

type Named = Readonly<{ name: string; currency: CurrencyCode }>

/** A report in the form that was asked for. Source: ledger specification 9.1. */
export function toReportReply(
  body: Wire,
  { format }: Readonly<{ format?: string }>,
  { name, currency }: Named,
): Reply {
  if (format !== 'csv') return { status: 200, body }
  const [, to = ''] = spanOf(body)
  return {
    status: 200,
    headers: {
      'Content-Type': csvType,
      'Content-Disposition': `attachment; filename="${name}-${to}.csv"`,
    },
    bytes: Buffer.from(toCsv([header, ...rowsOf(body, currency)])),
  }
}

const header = ['from', 'to', 'section', 'code', 'name', 'measure', 'amount', 'currency']

type Span = readonly [from: string, to: string]

/** The days of a report, or the day it stands on. */
function spanOf({ period, asOfDate }: Wire): Span {
  if (!isWire(period)) return ['', String(asOfDate)]
  return [String(period['startDate']), String(period['endDate'])]
}

type Place = Readonly<{ span: Span; currency: CurrencyCode; section: string }>

/** The report, then each of its columns. */
function rowsOf(report: Wire, currency: CurrencyCode): readonly (readonly Cell[])[] {
  const { columns, ...own } = report
  const parts = Array.isArray(columns) ? columns.filter(isWire) : []
  const place = { span: spanOf(report), currency, section: '' }
  return [...amountRows(own, place), ...parts.flatMap((part) => rowsOf(part, currency))]
}

/** What an object says itself follows what is in it, as a total follows its rows. */
function amountRows(members: Wire, place: Place): readonly (readonly Cell[])[] {
  const { span, currency, section } = place
  const within = Object.entries(members).flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.filter(isWire).flatMap((row) => amountRows(row, place))
    const below = section === '' ? name : `${section}.${name}`
    return isWire(value) ? amountRows(value, { ...place, section: below }) : []
  })
  const textOf = (name: string): string => String(members[name] ?? '')
  const start: readonly Cell[] = [
    ...span,
    textOf('category') || section,
    textOf('code'),
    textOf('name'),
  ]
  const own = amountsOf(members).map((name): readonly Cell[] => {
    const minor = BigInt(Number(members[`${name}Kobo`]))
    return [...start, name, money(minor, currency), currency]
  })
  const percents = Object.entries(members)
    .filter(([name]) => /changePercent$/i.test(name))
    .map(([name, value]): readonly Cell[] => [
      ...start,
      name,
      typeof value === 'number' ? value : null,
      '%',
    ])
  return [...within, ...own, ...percents]
}
