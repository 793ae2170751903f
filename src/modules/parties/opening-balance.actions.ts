import type { Ctx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { money } from '../../kernel/money.ts'
import { type Book, loadBook } from '../ledger/book.queries.ts'
import { addDocument, keepVersion } from '../ledger/document.actions.ts'
import { type Document, toImage } from '../ledger/document.ts'
import { postEntry } from '../ledger/journal.actions.ts'
import type { Entry, Line } from '../ledger/journal.ts'
import { takeExplicitNumber } from '../ledger/number-series.actions.ts'
import { openItems } from '../ledger/open-item.actions.ts'
import { accountOf } from '../ledger/settlement.ts'
import { findOpeningDate } from './opening-balance.queries.ts'
import type { Opening, OpeningAccount, OpeningDocument } from './opening-balance.ts'
import { getParty } from './party.queries.ts'

/**
 * Opens the books at a date: balances of accounts, and the invoices and bills that were open, each
 * against opening balance equity. Control accounts are opened by documents alone, so that they and
 * their items agree from the first day.
 *
 * Refuses, in this order: resource.not_found (customer, supplier), ledger.account_not_found,
 * ledger.account_is_control, ledger.opening_exists, resource.number_taken,
 * ledger.journal_unbalanced, then what `postEntry` refuses about dates.
 * Source: ledger specification 8.10.
 */
export async function postOpening(ctx: Ctx, opening: Opening): Promise<readonly Entry[]> {
  const book = await ctx.remember(loadBook)
  for (const { kind, partyId } of opening.documents) {
    await getParty(ctx.tx, ctx.businessId, partyId, kind === 'bill' ? 'supplier' : 'customer')
  }
  const lines = opening.accounts.map((account) => toLine(account, book))
  const date = await findOpeningDate(ctx.tx, ctx.businessId)
  if (date !== undefined) throw new Refusal('ledger.opening_exists', { date })
  requireEven(opening, book)
  const entries: Entry[] = []
  if (lines.length > 0) {
    entries.push(
      await postEntry(ctx, {
        ...{ accountingDate: opening.date, kind: 'opening', sourceType: 'opening' },
        ...{
          description: 'Opening balances',
          scope: 'journals',
          lines: againstEquity(lines, book),
        },
      }),
    )
  }
  for (const document of opening.documents) {
    entries.push(await openDocument(ctx, book, opening, document))
  }
  const resource = { resource: 'opening_balances', resourceId: opening.date } as const
  const payload = toImage(opening)
  ctx.audit({ action: 'opening_balances.posted', ...resource, after: payload })
  ctx.emit({ type: 'ledger.opening_balances.posted', ...resource, payload })
  return entries
}

function toLine(given: OpeningAccount, { accountByCode }: Book): Line {
  const { accountCode, currency, amount, base } = given
  const account = accountByCode.get(accountCode)
  if (account === undefined) throw new Refusal('ledger.account_not_found', { account: accountCode })
  const isControl = account.level === 'locked' && account.role !== 'retained_earnings'
  if (isControl) {
    throw new Refusal('ledger.account_is_control', { account: accountCode, use: 'open documents' })
  }
  const taxTag = account.level === 'tagged' ? { taxTag: 'settlement' } : {}
  return { accountId: account.id, currency, amount, base, ...taxTag }
}

/** Refuses: ledger.journal_unbalanced. */
function requireEven(
  { accounts, documents, isDifferenceAllowed }: Opening,
  { business }: Book,
): void {
  if (isDifferenceAllowed === true) return
  const bases = [
    ...accounts.map(({ base }) => base),
    ...documents.map(({ kind, base }) => (kind === 'bill' ? -base : base)),
  ]
  const sum = (side: readonly bigint[]): bigint => side.reduce((total, base) => total + base, 0n)
  const debit = sum(bases.filter((base) => base > 0n))
  const credit = -sum(bases.filter((base) => base < 0n))
  if (debit === credit) return
  const { baseCurrency } = business
  const difference = debit > credit ? debit - credit : credit - debit
  throw new Refusal('ledger.journal_unbalanced', {
    debit: money(debit, baseCurrency),
    credit: money(credit, baseCurrency),
    difference: money(difference, baseCurrency),
  })
}

/** The other side in base currency; foreign lines pass through exchange clearing. */
function againstEquity(lines: readonly Line[], { accountByRole, business }: Book): readonly Line[] {
  const { baseCurrency: currency } = business
  const clearing = accountOf(accountByRole, 'exchange_clearing')
  const equity = accountOf(accountByRole, 'opening_equity')
  const pairs = lines
    .filter((line) => line.currency !== currency)
    .flatMap(({ currency: foreign, amount, base }): Line[] => [
      { accountId: clearing.id, currency: foreign, amount: -amount, base: -base },
      { accountId: clearing.id, currency, amount: base, base },
    ])
  const total = lines.reduce((sum, { base }) => sum + base, 0n)
  const other = { accountId: equity.id, currency, amount: -total, base: -total }
  return [...lines, ...pairs, ...(total === 0n ? [] : [other])]
}

async function openDocument(
  ctx: Ctx,
  book: Book,
  { date }: Opening,
  given: OpeningDocument,
): Promise<Entry> {
  const { kind, number, issueDate, currency, total, base, tax } = given
  const role = kind === 'bill' ? 'supplier' : 'customer'
  const party = await getParty(ctx.tx, ctx.businessId, given.partyId, role)
  const id = ctx.newId('document')
  const itemId = ctx.newId('item')
  await takeExplicitNumber(ctx, {
    ...{ kind, surface: 'books', date: issueDate, number, documentId: id },
    resource: kind === 'bill' ? 'Bill' : 'Invoice',
  })
  const sign = kind === 'bill' ? -1n : 1n
  const control = accountOf(book.accountByRole, kind === 'bill' ? 'payables' : 'receivables')
  const line: Line = {
    ...{ accountId: control.id, currency, amount: total * sign, base: base * sign },
    ...{ partyId: party.id, openItemId: itemId },
  }
  const entry = await postEntry(ctx, {
    ...{ accountingDate: date, kind: 'opening', sourceType: 'opening', sourceId: id },
    ...{ description: `Opening of ${number}`, scope: 'journals' },
    lines: againstEquity([line], book),
  })
  const document = toDocument(ctx, { given, id, partyId: party.id, entryId: entry.id, book })
  await addDocument(ctx, document)
  const isWaiting =
    accountOf(book.accountByRole, 'vat_provision') !== accountOf(book.accountByRole, 'vat_payable')
  const waiting = kind === 'invoice' && isWaiting ? tax : 0n
  await openItems(ctx, [
    {
      ...{ id: itemId, side: kind === 'bill' ? 'AP' : 'AR', partyId: party.id, documentId: id },
      ...{ currency, originalAmount: total, originalBase: base },
      ...{ taxAmount: waiting, taxBase: total === 0n ? 0n : (base * waiting) / total },
      ...{ documentDate: date, dueDate: given.dueDate },
    },
  ])
  await keepVersion(ctx, document, { document })
  return entry
}

type Made = Readonly<{
  given: OpeningDocument
  id: Document['id']
  partyId: NonNullable<Document['partyId']>
  entryId: Entry['id']
  book: Book
}>

function toDocument(ctx: Ctx, { given, id, partyId, entryId, book }: Made): Document {
  const { kind, number, issueDate, dueDate, currency, total, base, tax } = given
  const equity = accountOf(book.accountByRole, 'opening_equity')
  const isBase = currency === book.business.baseCurrency
  const net = total - tax
  return {
    ...{ id, businessId: ctx.businessId, kind, surface: 'books', lifecycle: 'open', number },
    ...{ partyId, issueDate, dueDate, currency },
    ...{ rate: isBase ? '1' : null, rateSource: 'opening' },
    ...{ pricesIncludeTax: false, discountPercent: '0' },
    ...{ subtotal: net, tax, rounding: 0n, total, baseTotal: base },
    ...{ reference: null, notes: null, terms: null, template: null, sourceDocumentId: null },
    ...{ externalId: null, metadata: {}, details: { isOpening: true }, calculation: null },
    ...{ entryId, voidEntryId: null, voidReason: null },
    ...{ sentAt: ctx.now, paidAt: null, voidedAt: null },
    ...{ createdAt: ctx.recordedAt, updatedAt: ctx.recordedAt, version: 1n },
    lines: [
      {
        ...{ id: ctx.newId('line'), description: given.description, quantity: '1' },
        ...{ unitPrice: '0', discountPercent: '0', taxPercent: '0', taxCategory: 'O' },
        ...{ productId: null, accountId: equity.id, accountCode: equity.code, unit: null },
        ...{ net, tax },
      },
    ],
  }
}
