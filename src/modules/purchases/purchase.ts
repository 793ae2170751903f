import type { Id } from '../../kernel/ids.ts'
import type { Account } from '../ledger/account.ts'
import { type Conversion, shareBase } from '../ledger/exchange-rate.ts'
import type { Line } from '../ledger/journal.ts'
import { type AccountByRole, accountOf } from '../ledger/settlement.ts'
import type { Calculation } from '../tax/calculation.ts'

/** What a purchase is posted with; `baseTotal` is its total in base currency, already rounded. */
export type Purchase = Readonly<{
  calculation: Calculation
  /** One account per line of the calculation. */
  accounts: readonly Account[]
  conversion: Conversion
  baseTotal: bigint
  rated: Readonly<{ rate?: string; rateSource?: string }>
}>

/**
 * The debit side of a purchase: cost with the tax that does not come back per account, input tax,
 * and for reverse charge the same tax as owed by us.
 * Source: ledger specification 3.4 and 8.6 (B1).
 */
export function toPurchaseLines(
  { calculation, accounts, conversion, baseTotal, rated }: Purchase,
  accountByRole: AccountByRole,
): readonly Line[] {
  const { currency } = conversion
  const costByAccountId = new Map<Id<'account'>, bigint>()
  for (const [index, { net, nonRecoverable }] of calculation.lines.entries()) {
    const account = accounts[index] ?? accountOf(accountByRole, 'general_expense')
    const before = costByAccountId.get(account.id) ?? 0n
    costByAccountId.set(account.id, before + net + nonRecoverable)
  }
  const taxes = calculation.lines.flatMap((line) => line.taxes)
  const reverse = sumOf(taxes.map(({ reverseAmount }) => reverseAmount))
  const recoverable =
    sumOf(taxes.map(({ amount }) => amount)) +
    reverse -
    sumOf(taxes.map(({ nonRecoverable }) => nonRecoverable))
  const debits = [
    ...[...costByAccountId].map(([accountId, amount]) => ({ accountId, amount })),
    {
      accountId: accountOf(accountByRole, 'vat_recoverable').id,
      ...{ amount: recoverable, taxTag: 'input' },
    },
    {
      accountId: accountOf(accountByRole, 'vat_payable').id,
      ...{ amount: -reverse, taxTag: 'output' },
    },
  ].filter(({ amount }) => amount !== 0n)
  const bases = shareBase(
    baseTotal,
    debits.map(({ amount }) => amount),
    conversion,
  )
  return debits.map((line, index) => ({
    ...line,
    ...{ currency, base: bases[index] ?? 0n },
    ...rated,
  }))
}

const sumOf = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((sum, amount) => sum + amount, 0n)
