import type { Ctx } from '../../db/write.ts'
import { compareDecimals, parseDecimal, zero } from '../../kernel/decimal.ts'
import { Refusal } from '../../kernel/errors.ts'
import { loadBook } from './book.queries.ts'
import { insertRate, insertWithdrawal } from './exchange-rate.db.ts'
import { type NewRate, rateOfQuote } from './exchange-rate.ts'

export type StoredRate = NewRate & Readonly<{ rate: string }>

const rateMax = parseDecimal('999999999999', 'rate')

/**
 * Keeps an exchange rate of a day; nothing that is posted changes.
 * Refuses: ledger.rate_out_of_range (not above zero, too large, or the base currency itself).
 * Source: ledger specification 5.1.
 */
export async function setRate(ctx: Ctx, given: NewRate): Promise<StoredRate> {
  const { business } = await ctx.remember(loadBook)
  const quoted = parseDecimal(given.quoted, 'rate')
  const isInRange = compareDecimals(quoted, zero) > 0 && compareDecimals(quoted, rateMax) <= 0
  const rate = isInRange ? rateOfQuote(given) : '0'
  if (rate === '0' || given.currency === business.baseCurrency) {
    throw new Refusal('ledger.rate_out_of_range', {
      rate: given.quoted,
      from: given.currency,
      to: business.baseCurrency,
    })
  }
  const stored = { ...given, rate }
  const seq = await insertRate(ctx.tx, ctx.businessId, stored)
  const resourceId = `${given.currency}/${given.day}`
  ctx.audit({
    action: 'exchange_rate.set',
    resource: 'exchange_rate',
    resourceId,
    after: { ...stored, seq: String(seq) },
  })
  ctx.emit({
    type: 'ledger.exchange_rate.set',
    resource: 'exchange_rate',
    resourceId,
    payload: stored,
  })
  return stored
}

/**
 * Takes away the rates of a day; what was posted with them stays as it is.
 * Refuses: resource.not_found.
 */
export async function withdrawRate(
  ctx: Ctx,
  given: Pick<NewRate, 'currency' | 'day'>,
): Promise<void> {
  const { currency, day } = given
  const withdrawn = await insertWithdrawal(ctx.tx, ctx.businessId, given)
  const resourceId = `${currency}/${day}`
  if (withdrawn === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Exchange rate', id: resourceId })
  }
  const { rate, source, seq } = withdrawn
  const before = { currency, day, rate, source, seq: String(seq) }
  const resource = { resource: 'exchange_rate', resourceId }
  ctx.audit({ action: 'exchange_rate.withdraw', ...resource, before })
  ctx.emit({ type: 'ledger.exchange_rate.withdrawn', ...resource, payload: before })
}
