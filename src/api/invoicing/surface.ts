import { Refusal } from '../../kernel/errors.ts'
import { parseKeyText } from '../../modules/access/api-key.ts'
import {
  requireActiveOrganization,
  requireAllowedAddress,
  requireBusiness,
  requireKnownKey,
  requireRate,
  requireScope,
  requireWritableBusiness,
} from '../http/checks.ts'
import { wantsProblem } from '../http/problem.ts'
import type { Surface } from '../http/surface.ts'
import { businessRoutes } from './business.ts'
import { creditNoteRoutes } from './credit-notes.ts'
import { customerRoutes } from './customers.ts'
import { documentPdfRoutes } from './document-pdf.ts'
import { renderInvoicingError } from './errors.ts'
import { eventRoutes } from './events.ts'
import { exchangeRateRoutes } from './exchange-rates.ts'
import { expenseRoutes } from './expenses.ts'
import { hostedLinkRoutes } from './hosted-links.ts'
import { invoiceSendRoutes } from './invoice-send.ts'
import { invoiceStepRoutes } from './invoice-steps.ts'
import { invoiceRoutes } from './invoices.ts'
import { keyRoutes } from './keys.ts'
import { paymentRoutes } from './payments.ts'
import { productRoutes } from './products.ts'
import { quotationStepRoutes } from './quotation-steps.ts'
import { quotationRoutes } from './quotations.ts'
import { recurringRoutes } from './recurring-invoices.ts'
import { statementRoutes } from './statements.ts'
import { webhookRoutes } from './webhooks.ts'

const dayMs = 86_400_000

/**
 * The Invoicing API: a key belongs to one business, a body is the bare object, an error is one
 * member. Source: Invoicing specification 1 to 4.
 */
export const invoicing: Surface = {
  name: 'invoicing',
  mount: '/invoicing',
  title: 'Tallystick Invoicing API',
  openApiPath: '/api/v1/openapi.json',
  routes: [
    ...businessRoutes,
    ...exchangeRateRoutes,
    ...customerRoutes,
    ...statementRoutes,
    ...productRoutes,
    ...invoiceRoutes,
    ...invoiceStepRoutes,
    ...invoiceSendRoutes,
    ...paymentRoutes,
    ...creditNoteRoutes,
    ...quotationRoutes,
    ...quotationStepRoutes,
    ...hostedLinkRoutes,
    ...documentPdfRoutes,
    ...expenseRoutes,
    ...recurringRoutes,
    ...keyRoutes,
    ...webhookRoutes,
    ...eventRoutes,
  ],
  bodyBytesMax: 1024 * 1024,
  ignoresCase: false,
  trimsTexts: true,
  namesMissingFields: true,
  refusesEmptyUpdates: true,
  requireVersion: requireFirstVersion,
  parseKey,
  checks: [
    requireKnownKey,
    requireAllowedAddress,
    requireActiveOrganization,
    requireRate,
    requireScope,
    requireBusiness,
    requireWritableBusiness,
  ],
  isMetered: false,
  hasPartition: false,
  wantsProblem,
  renderError: renderInvoicingError,
  wording: {
    atLeast: (min) => `must be between ${min} and 9999999999999.99`,
    items: ({ max, isTooFew }) => (isTooFew ? 'is required' : `must have at most ${max} items`),
  },
  idempotency: {
    keepMs: 30 * dayMs,
    keepsEverything: false,
    // Refusals of shape and of the service itself may turn out otherwise the next time.
    keeps: ({ code }, status) =>
      status < 500 && !/^(validation|request|idempotency|limit)\./.test(code),
  },
}

/** Refuses: request.version_unsupported. */
function requireFirstVersion(path: string): void {
  const version = /^\/api\/(v\d+)(\/|$)/.exec(path)?.[1]
  if (version !== undefined && version !== 'v1') {
    throw new Refusal('request.version_unsupported', { version })
  }
}

/**
 * The key behind `Bearer`, in any case, and exactly one space.
 * Refuses, in this order: key.header_missing, key.format_invalid, key.wrong_surface,
 * key.checksum_invalid.
 */
function parseKey(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw new Refusal('key.header_missing')
  if (!/^bearer \S/i.test(authorization)) throw new Refusal('key.format_invalid')
  const text = authorization.slice(7)
  // The documented shape allows capitals; no key of ours has them, so its checksum is wrong.
  if (/^oim_[0-9a-fA-F]{64}$/.test(text) && text !== text.toLowerCase()) {
    throw new Refusal('key.checksum_invalid')
  }
  return parseKeyText('invoicing', text)
}
