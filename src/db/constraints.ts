import { Refusal } from '../kernel/errors.ts'

/** What a violated constraint means to the caller. Source: platform specification 9.1. */
const refusalByConstraint: Readonly<Record<string, () => Refusal>> = {
  journal_balanced_base: () =>
    new Refusal('ledger.journal_unbalanced', { debit: '', credit: '', difference: '' }),
  journal_balanced_currency: () =>
    new Refusal('ledger.journal_unbalanced_currency', { currency: '', difference: '' }),
  journal_account_postable: () => new Refusal('ledger.account_inactive', { account: '' }),
  journal_period_open: () => new Refusal('ledger.period_closed', { date: '', earliest: '' }),
  journal_reversed_once: () =>
    new Refusal('ledger.entry_already_reversed', { number: '', reversal: '' }),
  journal_external_id_unique: () =>
    new Refusal('resource.external_id_taken', { externalId: '', resource: 'Journal entry' }),
  journal_draft_external_id_unique: () =>
    new Refusal('resource.external_id_taken', { externalId: '', resource: 'Journal entry' }),
  document_external_id_unique: () =>
    new Refusal('resource.external_id_taken', { externalId: '', resource: 'Document' }),
  party_external_id_unique: () =>
    new Refusal('resource.external_id_taken', { externalId: '', resource: 'Customer' }),
  account_external_id_unique: () =>
    new Refusal('resource.external_id_taken', { externalId: '', resource: 'Account' }),
  account_code_unique: () => new Refusal('ledger.account_code_taken', { code: '' }),
  document_number_unique: () =>
    new Refusal('resource.number_taken', { resource: 'Document', number: '' }),
  line_amount_bounded: () => new Refusal('ledger.amount_overflow'),
  connection_category_taken: () =>
    new Refusal('sync.connection_category_taken', { companyId: '', sourceType: '' }),
  bank_line_unique: () => new Refusal('banking.transaction_duplicate', { existingId: '' }),
}

/** Constraints that a caller can meet; each exists in the migrations. */
export const refusingConstraints: readonly string[] = Object.keys(refusalByConstraint)

/** SQLSTATEs that mean "the same again may succeed". */
const transientStates = new Set(['40001', '40P01', '55P03'])

const refusalByState: Readonly<Record<string, () => Refusal>> = {
  '22003': () => new Refusal('ledger.balance_out_of_range', { account: '' }),
  '25006': () => new Refusal('platform.read_only', { until: '' }),
  '53100': () => new Refusal('platform.storage_full'),
  '57014': () => new Refusal('platform.timeout'),
}

type DatabaseError = Readonly<{ code?: unknown; constraint?: unknown }>

/** The refusal behind a database error, or undefined when it is a fault of ours. */
export function toRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const { code, constraint } = parseError(error)
  const byConstraint = constraint === undefined ? undefined : refusalByConstraint[constraint]
  const refuse = byConstraint ?? (code === undefined ? undefined : refusalByState[code])
  return refuse?.()
}

/** True for serialization failures, deadlocks and lock timeouts. */
export const isTransient = (error: unknown): boolean =>
  transientStates.has(parseError(error).code ?? '')

/** True when the connection, not the statement, failed. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof Refusal) return false
  const { code } = parseError(error)
  if (code === undefined)
    return error instanceof Error && /connect|terminated|timeout/i.test(error.message)
  return code.startsWith('08') || code.startsWith('57P') || /^E[A-Z]+$/.test(code)
}

/**
 * What a read that the database could not answer means to the caller: the pool stayed empty, the
 * statement took too long, or the connection failed. Undefined when it is a fault of ours.
 * Source: platform specification 20.
 */
export function toOutage(error: unknown): Refusal | undefined {
  const { code } = parseError(error)
  if (code === '57014') return new Refusal('platform.timeout')
  const message = error instanceof Error ? error.message : ''
  if (message === 'timeout exceeded when trying to connect') {
    return new Refusal('platform.overloaded')
  }
  const isLost =
    code === undefined ? message.startsWith('Connection terminated') : isConnectionLoss(error)
  return isLost ? new Refusal('platform.database_unavailable') : undefined
}

function parseError(error: unknown): { code?: string; constraint?: string } {
  if (typeof error !== 'object' || error === null) return {}
  const { code, constraint } = error as DatabaseError
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
  }
}
