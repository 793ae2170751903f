import { type Static, Type } from 'typebox'
import { Refusal } from '../../kernel/errors.ts'
import { printLanguages } from '../../modules/access/document-options.ts'
import { isHeaderText, mailBounds } from '../../modules/access/mail-message.ts'
import type { Mailing } from '../../modules/sales/document-mail.actions.ts'
import { longText, text } from './fields.ts'

const { recipientsMax } = mailBounds
const addresses = (description: string) =>
  Type.Array(Type.String({ format: 'email', maxLength: 255 }), {
    maxItems: recipientsMax,
    description,
  })

/** Whom a document is sent to, and in what words. */
export const MailIn = Type.Object({
  to: Type.Optional(addresses('Default: the address of the customer')),
  cc: Type.Optional(addresses('At most 20 addresses together with `to`')),
  subject: Type.Optional(text()),
  message: Type.Optional(longText),
  language: Type.Optional(
    Type.Enum([...printLanguages], {
      description: 'Default: that of the customer, then of the business, then `en`',
    }),
  ),
  attach_pdf: Type.Optional(Type.Boolean({ description: 'Default true' })),
  attach_xml: Type.Optional(
    Type.Unsafe<boolean>({
      type: 'boolean',
      enum: [false],
      description: 'Electronic invoices are not attached yet',
    }),
  ),
})

/** What sending may refuse beyond the document's own state. */
export const mailErrors = [
  'sales.email_missing',
  'sales.recipient_stopped',
  'documents.email_limit',
] as const

/** Refuses: validation.failed. */
export function toMailing(body: Static<typeof MailIn>): Mailing {
  const { to = [], cc = [], subject, message = null, attach_pdf: hasPdf = true, language } = body
  if (subject !== undefined && !isHeaderText(subject)) {
    throw toIssue('subject', 'characters', 'contains characters that are not allowed')
  }
  if (to.length + cc.length > recipientsMax) {
    throw toIssue('cc', 'items', `must have at most ${recipientsMax - to.length} items`)
  }
  return { to, cc, subject, message, hasPdf, language }
}

const toIssue = (path: string, rule: 'characters' | 'items', message: string): Refusal =>
  new Refusal('validation.failed', { issues: [{ pointer: `/${path}`, path, rule, message }] })
