import type { Ctx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { toDecimalText } from '../../kernel/money.ts'
import type { PrintLanguage } from '../access/document-options.ts'
import { queueMail } from '../access/mail-message.actions.ts'
import { loadBook } from '../ledger/book.queries.ts'
import type { Document } from '../ledger/document.ts'
import { renewLink } from './hosted-link.actions.ts'
import { linkOf } from './hosted-link.ts'

/** Whom a document is sent to, and in what words; what is left out we choose. */
export type Mailing = Readonly<{
  to: readonly string[]
  cc?: readonly string[] | undefined
  subject?: string | undefined
  message: string | null
  /** Whether the PDF comes along; true unless told. */
  hasPdf?: boolean | undefined
  /** Of the message and of the PDF; that of the customer, then of the business, unless told. */
  language?: PrintLanguage | undefined
}>

/**
 * Queues the message that brings an issued document to its customer, with a link to its page; a page
 * that was closed gets a new address. Answers the document with the link that is sent.
 *
 * amount  what the customer reads: what is due of an invoice, the total of a quotation
 *
 * Refuses: what `queueMail` refuses.
 * Source: documents specification 7; Invoicing specification 8.9.
 */
export async function queueDocumentMail(
  ctx: Ctx,
  {
    document,
    buyer,
    amount,
    mailing,
  }: Readonly<{ document: Document; buyer: string; amount: bigint; mailing: Mailing }>,
): Promise<Document> {
  const { kind, id, number, currency, dueDate } = document
  assert(kind === 'invoice' || kind === 'quotation', 'invoices and quotations are sent')
  assert(number !== null, 'a document that is sent has a number')
  const { name, legalName, profile } = (await ctx.remember(loadBook)).business
  const { to, cc = [], subject = null, message, hasPdf = true } = mailing
  const isClosed = linkOf(document).isRevoked
  const linked = isClosed ? await renewLink(ctx, { kind, documentId: id }) : document
  await queueMail(ctx, {
    documentId: id,
    purpose: kind,
    facts: {
      ...{ to, cc, subject, message, hasPdf, buyer, number, currency, dueDate },
      language: mailing.language ?? languageOf(document) ?? profile.documentOptions.language,
      seller: legalName ?? name,
      replyTo: profile.email,
      amount: toDecimalText({ minor: amount, currency }),
      generation: linkOf(linked).generation,
    },
  })
  return linked
}

type Frozen = Readonly<{ language?: PrintLanguage | null }> | undefined

/** The language of the customer, as the document froze it. */
const languageOf = ({ details }: Document): PrintLanguage | null =>
  (details['customer'] as Frozen)?.language ?? null // as it was frozen at issue
