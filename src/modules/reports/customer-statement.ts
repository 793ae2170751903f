import type { CalendarDate } from '../../kernel/dates.ts'

/** Lines of one statement, at most. */
export const statementLinesMax = 10_000

export type StatementType = 'invoice' | 'payment' | 'credit_note' | 'void' | 'refund'

/** What one entry did to what a customer owes, in minor units of the statement's currency. */
export type Movement = Readonly<{
  date: CalendarDate
  kind: string
  sourceType: string
  number: string
  /** Positive: the customer owes more. */
  amount: bigint
}>

export type StatementLine = Readonly<{
  date: CalendarDate
  type: StatementType
  number: string
  amount: bigint
  balance: bigint
}>

export type CustomerStatement = Readonly<{
  customerId: string
  currency: string
  from: CalendarDate
  to: CalendarDate
  opening: bigint
  lines: readonly StatementLine[]
  closing: bigint
}>

/**
 * The lines with the balance after each, from the balance before the first.
 * Source: Invoicing specification 6, statement.
 */
export function toStatementLines(
  opening: bigint,
  movements: readonly Movement[],
): readonly StatementLine[] {
  let balance = opening
  return movements.map(({ date, number, amount, ...movement }) => {
    balance += amount
    return { date, type: typeOf({ ...movement, amount }), number, amount, balance }
  })
}

function typeOf({
  kind,
  sourceType,
  amount,
}: Pick<Movement, 'kind' | 'sourceType' | 'amount'>): StatementType {
  if (kind === 'reversal') return 'void'
  const type = typeBySource.get(sourceType)
  // What was owed when the books began, in either direction.
  return type ?? (amount < 0n ? 'credit_note' : 'invoice')
}

const typeBySource: ReadonlyMap<string, StatementType> = new Map([
  ['invoice', 'invoice'],
  ['receipt', 'payment'],
  ['allocation', 'payment'],
  ['credit_note', 'credit_note'],
  ['refund', 'refund'],
])
