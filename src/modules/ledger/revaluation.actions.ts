import type { Ctx } from '../../db/write.ts'
import { addDays, type CalendarDate } from '../../kernel/dates.ts'
import { listBalances } from './balance.queries.ts'
import { type Book, loadBook } from './book.queries.ts'
import { toImage } from './document.ts'
import { getRate } from './exchange-rate.queries.ts'
import { postEntry, reverseEntry } from './journal.actions.ts'
import { type Entry, type Line, mirrored } from './journal.ts'
import { listItemsAsOf } from './open-item.queries.ts'
import { findHeld, listRevaluationEffects } from './revaluation.queries.ts'
import {
  controlOf,
  type ForeignBalance,
  isMonetary,
  type Revalued,
  revalued,
  signOf,
  toRevaluationLines,
} from './revaluation.ts'
import { differenceLine } from './settlement.ts'

export type Revaluation = Readonly<{
  date: CalendarDate
  balances: readonly Revalued[]
  entry: Entry | undefined
  reversal: Entry | undefined
}>

/**
 * Shows foreign money and open items at the rates of a day: one entry on it and its reversal on the
 * next day, in one commit. An earlier run for the same day is taken back first. What items carry
 * does not change, so differences realised later never count twice.
 *
 * Refuses, in this order: ledger.rate_missing, then what `postEntry` refuses about either date.
 * Source: ledger specification 5.5.
 */
export async function revalue(
  ctx: Ctx,
  {
    date,
    rateByCurrency = {},
  }: Readonly<{ date: CalendarDate; rateByCurrency?: Readonly<Record<string, string>> }>,
): Promise<Revaluation> {
  const book = await ctx.remember(loadBook)
  const effects = await listRevaluationEffects(ctx.tx, ctx.businessId, date)
  if (effects.length > 0) await takeBack(ctx, date, effects)
  const balances = await foreignBalances(ctx, book, date)
  const rates = await ratesOf(ctx, book, { date, balances, rateByCurrency })
  const { baseCurrency, roundingMode: mode } = book.business
  const changed = revalued(balances, rates, { baseCurrency, mode })
  const lines = toRevaluationLines(changed, book.accountByRole)
  const entry = lines.length === 0 ? undefined : await post(ctx, date, lines)
  const reversal =
    entry === undefined
      ? undefined
      : await reverseEntry(ctx, {
          ...{ entryId: entry.id, date: addDays(date, 1) },
          ...{ reason: `revaluation of ${date} ends`, scope: 'journals' },
        })
  const resource = { resource: 'revaluation', resourceId: date } as const
  const payload = toImage({ date, balances: changed, entryId: entry?.id ?? null })
  ctx.audit({ action: 'revaluation.posted', ...resource, after: payload })
  ctx.emit({ type: 'ledger.revaluation.posted', ...resource, payload })
  return { date, balances: changed, entry, reversal }
}

/**
 * Lines of an entry, with the base amount that would be left on a foreign account whose money it
 * takes to zero moved to gains or losses.
 * Refuses: nothing.
 * Source: ledger specification 5.5.
 */
export async function withoutResidual(ctx: Ctx, lines: readonly Line[]): Promise<readonly Line[]> {
  const { accountById, accountByRole, business } = await ctx.remember(loadBook)
  const horizon = ctx.horizon()
  const added: Line[] = []
  for (const { accountId, currency, amount, base } of lines) {
    const account = accountById.get(accountId)
    const isForeign = currency !== business.baseCurrency && amount < 0n
    if (horizon === null || account === undefined || !isForeign) continue
    if (!isMonetary(account, business.baseCurrency)) continue
    const held = await findHeld(ctx.tx, ctx.businessId, { accountId, currency, horizon })
    const residual = held.base + base
    if (held.amount + amount !== 0n || residual === 0n) continue
    added.push({ accountId, currency, amount: 0n, base: -residual })
    added.push(...differenceLine(accountByRole, currency, residual))
  }
  return [...lines, ...added]
}

/** Undoes what earlier runs moved on the day, and what their reversals moved on the next. */
async function takeBack(ctx: Ctx, date: CalendarDate, effects: readonly Line[]): Promise<void> {
  const lines = effects.map(({ partyId, openItemId, ...line }) => ({
    ...line,
    ...(partyId !== null && partyId !== undefined && { partyId }),
    ...(openItemId !== null && openItemId !== undefined && { openItemId }),
  }))
  await post(ctx, date, mirrored(lines), 'taken back')
  await postEntry(ctx, {
    ...{ accountingDate: addDays(date, 1), kind: 'reversal', sourceType: 'revaluation' },
    ...{ description: `Revaluation of ${date}, reversal taken back`, scope: 'journals', lines },
  })
}

const post = (
  ctx: Ctx,
  date: CalendarDate,
  lines: readonly Line[],
  more?: string,
): Promise<Entry> =>
  postEntry(ctx, {
    ...{ accountingDate: date, kind: 'fx', sourceType: 'revaluation', scope: 'journals', lines },
    description: more === undefined ? `Revaluation of ${date}` : `Revaluation of ${date}, ${more}`,
  })

/** Open foreign items and foreign money at the end of a day. */
async function foreignBalances(
  ctx: Ctx,
  { accountById, accountByRole, business }: Book,
  date: CalendarDate,
): Promise<readonly ForeignBalance[]> {
  const { baseCurrency } = business
  const { tx, businessId } = ctx
  const sides = ['AR', 'AP', 'DEP', 'SDP'] as const
  const items = await listItemsAsOf(tx, { businessId, sides, date })
  const open = items
    .filter(({ currency }) => currency !== baseCurrency)
    .map((item): ForeignBalance => {
      const { side, currency, openAmount, openBase } = item
      const sign = signOf(side)
      const account = controlOf(accountByRole, side)
      return { account, currency, amount: openAmount * sign, base: openBase * sign, item }
    })
  const money = (await listBalances(tx, { businessId, dates: [date] })).flatMap(
    ({ accountId, currency, debit, credit, debitBase, creditBase }): ForeignBalance[] => {
      const account = accountById.get(accountId)
      if (account === undefined || currency === baseCurrency) return []
      if (!isMonetary(account, baseCurrency)) return []
      return [{ account, currency, amount: debit - credit, base: debitBase - creditBase }]
    },
  )
  return [...open, ...money]
}

async function ratesOf(
  ctx: Ctx,
  { business }: Book,
  {
    date: day,
    balances,
    rateByCurrency,
  }: Readonly<{
    date: CalendarDate
    balances: readonly ForeignBalance[]
    rateByCurrency: Readonly<Record<string, string>>
  }>,
): Promise<ReadonlyMap<string, string>> {
  const rates = new Map(Object.entries(rateByCurrency))
  const { baseCurrency } = business
  for (const currency of new Set(balances.map((balance) => balance.currency))) {
    if (rates.has(currency)) continue
    const wanted = { businessId: ctx.businessId, currency, baseCurrency, day }
    rates.set(currency, (await getRate(ctx.tx, wanted)).rate)
  }
  return rates
}
