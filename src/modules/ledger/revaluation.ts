import { assert } from '../../kernel/assert.ts'
import type { RoundingMode } from '../../kernel/decimal.ts'
import type { Account } from './account.ts'
import { toBase } from './exchange-rate.ts'
import type { Line } from './journal.ts'
import type { OpenItem } from './open-item.ts'
import { type AccountByRole, accountOf, differenceLine } from './settlement.ts'

/** A foreign balance at a day: an open item, or the money on an account. Debits are positive. */
export type ForeignBalance = Readonly<{
  account: Account
  currency: string
  amount: bigint
  base: bigint
  item?: Pick<OpenItem, 'id' | 'partyId'>
}>

/** What a balance is worth at the day's rate, and by how much that differs. */
export type Revalued = ForeignBalance & Readonly<{ rate: string; difference: bigint }>

const monetaryRoles: ReadonlySet<string> = new Set(['cash', 'bank', 'gateway_clearing'])

/**
 * An account whose foreign balance is money: cash, bank, gateway, or one that is kept in a foreign
 * currency.
 * Source: ledger specification 5.5.
 */
export const isMonetary = ({ role, currency, category }: Account, baseCurrency: string): boolean =>
  category === 'asset' &&
  ((role !== null && monetaryRoles.has(role)) || (currency !== null && currency !== baseCurrency))

/**
 * Balances at the rates of a day; those that did not change are left out.
 * Source: ledger specification 5.5.
 */
export const revalued = (
  balances: readonly ForeignBalance[],
  rateByCurrency: ReadonlyMap<string, string>,
  { baseCurrency, mode }: Readonly<{ baseCurrency: string; mode: RoundingMode }>,
): readonly Revalued[] =>
  balances.flatMap((balance) => {
    const { currency, amount, base } = balance
    const rate = rateByCurrency.get(currency)
    assert(rate !== undefined, 'a rate was found for every currency')
    const difference = toBase(amount, { currency, baseCurrency, rate, mode }) - base
    return difference === 0n ? [] : [{ ...balance, rate, difference }]
  })

/**
 * One line per balance, and one per currency and sign on gains or losses; none has an amount.
 * Source: ledger specification 5.5.
 */
export function toRevaluationLines(
  balances: readonly Revalued[],
  accountByRole: AccountByRole,
): readonly Line[] {
  const differences = new Map<string, bigint>()
  const lines = balances.map(({ account, currency, difference, item, rate }): Line => {
    const key = `${currency} ${difference > 0n ? 'gain' : 'loss'}`
    differences.set(key, (differences.get(key) ?? 0n) - difference)
    return {
      ...{ accountId: account.id, currency, amount: 0n, base: difference },
      ...{ rate, rateSource: 'revaluation' },
      ...(item !== undefined && { partyId: item.partyId, openItemId: item.id }),
    }
  })
  const others = [...differences].flatMap(([key, base]) =>
    differenceLine(accountByRole, key.slice(0, 3), base),
  )
  return [...lines, ...others]
}

/** The account that carries the items of a side. */
export const controlOf = (accountByRole: AccountByRole, side: OpenItem['side']): Account =>
  accountOf(accountByRole, roleBySide[side])

const roleBySide = {
  AR: 'receivables',
  AP: 'payables',
  DEP: 'customer_deposits',
  SDP: 'supplier_deposits',
} as const

/** The sign of a side's items on their account: debits are positive. */
export const signOf = (side: OpenItem['side']): 1n | -1n =>
  side === 'AR' || side === 'SDP' ? 1n : -1n
