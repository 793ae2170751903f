import { currencyTable } from '../../kernel/currency-table.ts'

/** Minor units in major units, as an exact numeric. The code must be one of the currency table. */
export const majorSql = (amount: string, currency: string): string =>
  `(${amount} * ${unitSql(currency)})`

/** Value of one minor unit; nearly every currency has two decimals. */
const unitSql = (currency: string): string =>
  `(case ${[0, 3, 4].map((exponent) => whenSql(currency, exponent)).join(' ')} else 0.01 end)`

/** Major units to minor ones: 100, 1, 1000 or 10000. */
export const scaleSql = (currency: string): string =>
  `(case ${[0, 3, 4].map((exponent) => `when ${isOne(currency, exponent)} then ${10 ** exponent}`).join(' ')} else 100 end)`

const whenSql = (currency: string, exponent: number): string =>
  `when ${isOne(currency, exponent)} then ${exponent === 0 ? '1' : `0.${'0'.repeat(exponent - 1)}1`}`

function isOne(currency: string, exponent: number): string {
  const codes = currencyTable.filter((row) => row[3] === exponent).map(([code]) => `'${code}'`)
  return codes.length === 0 ? 'false' : `${currency} in (${codes.join(', ')})`
}

/** A calendar date as its midnight in UTC, as filters compare it. */
export const midnightSql = (date: string): string => `${date}::timestamptz`
