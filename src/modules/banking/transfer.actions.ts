import type { Ctx } from '../../db/write.ts'
import type { CalendarDate } from '../../kernel/dates.ts'
import type { Account } from '../ledger/account.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import { getRate } from '../ledger/exchange-rate.queries.ts'
import { type Rate, toBase } from '../ledger/exchange-rate.ts'
import { postEntry } from '../ledger/journal.actions.ts'
import type { Entry, Line } from '../ledger/journal.ts'
import { withoutResidual } from '../ledger/revaluation.actions.ts'
import { accountOf, differenceLine, moneyAccountOf } from '../ledger/settlement.ts'

/**
 * Money from one account of ours to another. `received` is what arrives, in the target's currency,
 * where that differs from the source's.
 */
export type Transfer = Readonly<{
  fromCode: string
  toCode: string
  date: CalendarDate
  currency: string
  amount: bigint
  toCurrency?: string | undefined
  received?: bigint | undefined
  exchangeRate?: string | undefined
  description: string
  reference?: string | undefined
}>

/**
 * Moves money between accounts. Between currencies both sides pass through exchange clearing, and
 * what the rates differ by is a gain or a loss.
 *
 * Refuses, in this order: ledger.account_not_found, ledger.account_is_control,
 * ledger.rate_missing, then what `postEntry` refuses.
 * Source: ledger specification 8.9 and 4.3 (J2).
 */
export async function transferMoney(ctx: Ctx, transfer: Transfer): Promise<Entry> {
  const book = await ctx.remember(loadBook)
  const from = moneyAccountOf(book, transfer.fromCode)
  const to = moneyAccountOf(book, transfer.toCode)
  const { currency, amount } = transfer
  const toCurrency = transfer.toCurrency ?? currency
  const given = await sideOf(ctx, book, { transfer, account: from, currency, amount: -amount })
  const arrived = transfer.received ?? amount
  const lines =
    toCurrency === currency
      ? [{ ...given, accountId: to.id, amount, base: -given.base }, given]
      : crossed(
          book,
          given,
          await sideOf(ctx, book, { transfer, account: to, currency: toCurrency, amount: arrived }),
        )
  return await postEntry(ctx, {
    ...{ accountingDate: transfer.date, kind: 'standard', sourceType: 'transfer', scope: 'bank' },
    ...{ description: transfer.description, lines: await withoutResidual(ctx, lines) },
    ...(transfer.reference !== undefined && { reference: transfer.reference }),
  })
}

type Wanted = Readonly<{
  transfer: Transfer
  account: Account
  currency: string
  amount: bigint
}>

async function sideOf(
  ctx: Ctx,
  { business }: Book,
  { transfer, account, currency, amount }: Wanted,
): Promise<Line> {
  const { baseCurrency, roundingMode: mode } = business
  const isBase = currency === baseCurrency
  const rate: Rate =
    transfer.exchangeRate === undefined || isBase
      ? await getRate(ctx.tx, {
          ...{ businessId: ctx.businessId, currency, baseCurrency, day: transfer.date },
        })
      : { rate: transfer.exchangeRate, source: 'document' }
  const base = toBase(amount, { currency, baseCurrency, rate: rate.rate, mode })
  const rated = isBase ? {} : { rate: rate.rate, rateSource: rate.source }
  return { accountId: account.id, currency, amount, base, ...rated }
}

/**
 * Both sides, their mirror on exchange clearing, and the difference. Clearing is left at what the side
 * in base currency comes to, else at what was given; it holds nothing afterwards.
 */
function crossed({ accountByRole, business }: Book, given: Line, arrived: Line): readonly Line[] {
  const { id: accountId } = accountOf(accountByRole, 'exchange_clearing')
  const isToBase = arrived.currency === business.baseCurrency
  const foreign = isToBase ? given.currency : arrived.currency
  const base = isToBase ? arrived.base : -given.base
  return [
    arrived,
    given,
    { accountId, currency: given.currency, amount: -given.amount, base },
    { accountId, currency: arrived.currency, amount: -arrived.amount, base: -base },
    ...differenceLine(accountByRole, foreign, -(arrived.base + given.base)),
  ]
}
