import { valuesOf } from '../../kernel/error-text.ts'
import { catalogue, type ErrorCode, type Refusal } from '../../kernel/errors.ts'
import { base32Of, toPrefixed } from '../../kernel/ids.ts'
import {
  type ErrorContext,
  errorHeaders,
  type Fault,
  faultsOf,
  fillText,
  issuesMax,
  type Look,
  type Rendered,
  retryAfterOf,
  wordingOf,
} from '../http/look.ts'
import { renderProblem } from '../http/problem.ts'

/** The documented codes (D), and `SERVICE_UNAVAILABLE`, the only one of ours. */
export type BooksCode =
  | 'INVALID_REQUEST'
  | 'MISSING_BUSINESS_ID'
  | 'INVALID_VERSION'
  | 'VALIDATION_ERROR'
  | 'UNBALANCED_JOURNAL'
  | 'UNAUTHORIZED'
  | 'INVALID_API_KEY'
  | 'FORBIDDEN'
  | 'BUSINESS_SUSPENDED'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'CONFLICT'
  | 'BUSINESS_LOGIC_ERROR'
  | 'RATE_LIMIT'
  | 'INTERNAL_ERROR'
  | 'TRIAL_EXHAUSTED'
  | 'INSUFFICIENT_CREDITS'
  | 'NO_SUBSCRIPTION'
  | 'FREE_TIER'
  | 'ENTERPRISE_ONLY'
  | 'SERVICE_UNAVAILABLE'

/** `field` names the member to blame where the refusal itself does not. */
export type BooksLook = Look & Readonly<{ code: BooksCode; field?: string }>

/** `booksRequestId` is the short form of the request id; derived from it when left out. */
export type BooksErrorContext = ErrorContext &
  Readonly<{
    booksRequestId?: string
    /** The member that dates what the route posts. */
    dateField?: string | undefined
  }>

/**
 * How Books shows each code; without a text, the filled sentence or the one text of its code.
 * Source: platform specification 9.8, Books specification 3.1.
 */
// biome-ignore format: a table reads best with one row a line
export const booksErrors = {
  // Request, from 1000
  'request.malformed_json': { status: 400, code: 'INVALID_REQUEST' },
  'request.body_required': { status: 400, code: 'INVALID_REQUEST' },
  'request.body_too_large': { status: 413, code: 'INVALID_REQUEST', field: 'body' },
  'request.media_type_unsupported': { status: 415, code: 'INVALID_REQUEST', field: 'Content-Type' },
  'request.encoding_unsupported': { status: 415, code: 'INVALID_REQUEST', field: 'Content-Encoding' },
  'request.uri_too_long': { status: 414, code: 'INVALID_REQUEST', field: 'uri' },
  'request.header_invalid': { status: 400, code: 'INVALID_REQUEST', field: '{header}' },
  'request.multipart_invalid': { status: 400, code: 'INVALID_REQUEST', field: 'body' },
  'request.query_invalid': { status: 400, code: 'INVALID_REQUEST', field: '{parameter}' },
  'request.query_missing': { status: 400, code: 'INVALID_REQUEST', field: '{parameter}' },
  'request.id_malformed': { status: 400, code: 'INVALID_REQUEST', field: '{name}' },
  'request.page_invalid': { status: 400, code: 'INVALID_REQUEST', field: '{parameter}' },
  'request.cursor_invalid': { status: 400, code: 'INVALID_REQUEST', field: 'cursor' },
  'request.query_language_malformed': { status: 400, code: 'INVALID_REQUEST', field: 'query' },
  'request.query_property_unknown': { status: 400, code: 'INVALID_REQUEST', field: 'query' },
  'request.order_by_unknown': { status: 400, code: 'INVALID_REQUEST', field: 'orderBy' },
  'request.version_unsupported': { status: 400, code: 'INVALID_VERSION' },
  'request.version_header_unknown': { status: 400, code: 'INVALID_VERSION' },
  'request.route_unknown': { status: 404, code: 'NOT_FOUND' },
  'request.method_not_allowed': { status: 405, code: 'METHOD_NOT_ALLOWED' },
  'request.business_id_missing': { status: 400, code: 'MISSING_BUSINESS_ID' },
  'request.precondition_failed': { status: 409, code: 'CONFLICT' },
  'request.slow_body': { status: 400, code: 'INVALID_REQUEST', field: 'body' },
  'request.body_not_object': { status: 400, code: 'INVALID_REQUEST' },

  // Validation, from 1100
  'validation.failed': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.fields_missing': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.items_incomplete': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.nothing_to_update': { status: 400, code: 'VALIDATION_ERROR', field: 'body' },
  'validation.amount_precision': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.number_too_precise': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.date_invalid': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.amount_range': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.currency_unknown': { status: 400, code: 'VALIDATION_ERROR', field: 'currency' },
  'validation.date_order': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.text_too_long': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.country_unknown': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.tax_id_invalid': { status: 400, code: 'VALIDATION_ERROR' },
  'validation.choice_exclusive': { status: 400, code: 'VALIDATION_ERROR' },

  // API keys, from 1200
  'key.header_missing': { status: 401, code: 'UNAUTHORIZED' },
  'key.format_invalid': { status: 401, code: 'UNAUTHORIZED' },
  'key.wrong_surface': { status: 401, code: 'UNAUTHORIZED', text: 'Invalid API key format' },
  'key.checksum_invalid': { status: 401, code: 'INVALID_API_KEY' },
  'key.unknown': { status: 401, code: 'INVALID_API_KEY' },
  'key.revoked': { status: 401, code: 'INVALID_API_KEY' },
  'key.disabled': { status: 401, code: 'INVALID_API_KEY' },
  'key.rotated_out': { status: 401, code: 'INVALID_API_KEY' },
  'key.expired': { status: 401, code: 'INVALID_API_KEY' },
  'key.ip_not_allowed': { status: 403, code: 'FORBIDDEN' },
  'key.scope_insufficient': { status: 403, code: 'FORBIDDEN' },
  'key.environment_mismatch': { status: 403, code: 'FORBIDDEN' },
  'key.limit_reached': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'key.last_key': { status: 409, code: 'CONFLICT' },
  'key.expiry_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'expiresInDays' },
  'key.overlap_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'overlapHours' },
  'key.already_revoked': { status: 409, code: 'CONFLICT' },
  'key.resource_not_associated': { status: 403, code: 'FORBIDDEN', text: 'No access to the requested business' },

  // Access, from 1300
  'access.business_forbidden': { status: 403, code: 'FORBIDDEN' },
  'access.business_suspended': { status: 403, code: 'BUSINESS_SUSPENDED' },
  'access.business_archived': { status: 403, code: 'BUSINESS_SUSPENDED' },
  'access.organization_suspended': { status: 403, code: 'BUSINESS_SUSPENDED' },
  'access.enterprise_only': { status: 403, code: 'ENTERPRISE_ONLY' },
  'access.enterprise_admin_only': { status: 403, code: 'FORBIDDEN' },
  'access.role_insufficient': { status: 403, code: 'FORBIDDEN' },
  'access.login_failed': { status: 401, code: 'UNAUTHORIZED' },
  'access.login_locked': { status: 429, code: 'RATE_LIMIT' },
  'access.second_factor_required': { status: 401, code: 'UNAUTHORIZED' },
  'access.second_factor_invalid': { status: 401, code: 'UNAUTHORIZED' },
  'access.session_expired': { status: 401, code: 'UNAUTHORIZED' },
  'access.fresh_login_required': { status: 403, code: 'FORBIDDEN' },
  'access.csrf_failed': { status: 403, code: 'FORBIDDEN' },
  'access.origin_not_allowed': { status: 403, code: 'FORBIDDEN' },
  'access.invitation_invalid': { status: 404, code: 'NOT_FOUND' },
  'access.reset_link_invalid': { status: 404, code: 'NOT_FOUND' },
  'access.last_owner': { status: 409, code: 'CONFLICT' },
  'access.link_expired': { status: 404, code: 'NOT_FOUND' },
  'access.company_token_invalid': { status: 401, code: 'UNAUTHORIZED' },
  'access.human_required': { status: 403, code: 'FORBIDDEN' },
  'access.approval_required': { status: 409, code: 'CONFLICT' },

  // Plans, trial and credits, from 1400
  'plan.no_subscription': { status: 403, code: 'NO_SUBSCRIPTION' },
  'plan.downgraded': { status: 403, code: 'FREE_TIER' },
  'plan.trial_exhausted': { status: 402, code: 'TRIAL_EXHAUSTED' },
  'plan.credits_insufficient': { status: 402, code: 'INSUFFICIENT_CREDITS' },
  'plan.company_limit': { status: 403, code: 'FORBIDDEN' },
  'plan.connection_limit': { status: 403, code: 'FORBIDDEN' },
  'plan.sync_schedule_not_allowed': { status: 403, code: 'FORBIDDEN' },
  'plan.account_expired': { status: 403, code: 'NO_SUBSCRIPTION' },
  'plan.business_limit': { status: 403, code: 'FORBIDDEN' },
  'plan.webhook_endpoint_limit': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'plan.people_limit': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'plan.storage_limit': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'plan.feature_unavailable': { status: 403, code: 'FORBIDDEN' },
  'plan.email_budget': { status: 429, code: 'RATE_LIMIT' },
  'plan.subscription_expired': { status: 403, code: 'BUSINESS_SUSPENDED' },

  // Limits, from 1500
  'limit.rate_exceeded': { status: 429, code: 'RATE_LIMIT' },
  'limit.concurrency_exceeded': { status: 429, code: 'RATE_LIMIT' },
  'limit.ip_rate_exceeded': { status: 429, code: 'RATE_LIMIT' },
  'limit.auth_failures': { status: 429, code: 'RATE_LIMIT' },

  // Idempotency, from 1600
  'idempotency.key_invalid': { status: 400, code: 'INVALID_REQUEST', field: 'Idempotency-Key' },
  'idempotency.key_required': { status: 400, code: 'INVALID_REQUEST', field: 'Idempotency-Key' },
  'idempotency.in_progress': { status: 409, code: 'CONFLICT' },
  'idempotency.key_reused': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Resources in general, from 1700
  'resource.not_found': { status: 404, code: 'NOT_FOUND' },
  'resource.exists': { status: 409, code: 'CONFLICT' },
  'resource.number_taken': { status: 409, code: 'CONFLICT' },
  'resource.changed': { status: 409, code: 'CONFLICT' },
  'resource.in_use': { status: 409, code: 'CONFLICT' },
  'resource.archived': { status: 409, code: 'CONFLICT' },
  'resource.invalid_transition': { status: 409, code: 'CONFLICT' },
  'resource.external_id_taken': { status: 409, code: 'CONFLICT' },
  'resource.batch_too_large': { status: 400, code: 'VALIDATION_ERROR', field: 'items' },
  'resource.batch_item_refused': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Ledger, from 2000
  'ledger.journal_unbalanced': { status: 400, code: 'UNBALANCED_JOURNAL', field: 'lines' },
  'ledger.journal_unbalanced_currency': { status: 400, code: 'UNBALANCED_JOURNAL', field: 'lines' },
  'ledger.too_few_lines': { status: 400, code: 'VALIDATION_ERROR', field: 'lines' },
  'ledger.too_many_lines': { status: 400, code: 'VALIDATION_ERROR', field: 'lines' },
  'ledger.line_zero': { status: 400, code: 'VALIDATION_ERROR', field: 'lines' },
  'ledger.line_two_sided': { status: 400, code: 'VALIDATION_ERROR', field: 'lines' },
  'ledger.account_not_found': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.account_inactive': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.account_is_group': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.account_is_control': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.account_currency_mismatch': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.account_code_taken': { status: 409, code: 'CONFLICT' },
  'ledger.account_code_reserved': { status: 409, code: 'CONFLICT' },
  'ledger.account_in_use': { status: 409, code: 'CONFLICT' },
  'ledger.account_type_locked': { status: 409, code: 'CONFLICT' },
  'ledger.account_parent_invalid': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.system_account_locked': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.period_closed': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.period_locked': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.date_too_far': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.overlapping_period': { status: 409, code: 'CONFLICT' },
  'ledger.close_out_of_order': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.currency_withdrawn': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.balance_out_of_range': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.entry_not_draft': { status: 409, code: 'CONFLICT' },
  'ledger.entry_already_reversed': { status: 409, code: 'CONFLICT' },
  'ledger.entry_not_posted': { status: 409, code: 'CONFLICT' },
  'ledger.entry_has_source': { status: 409, code: 'CONFLICT' },
  'ledger.reversal_too_early': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.rate_missing': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.rate_out_of_range': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.amount_overflow': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.version_conflict': { status: 409, code: 'CONFLICT' },
  'ledger.balance_floor': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.dimension_unknown': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.opening_exists': { status: 409, code: 'CONFLICT' },
  'ledger.year_not_closable': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'ledger.year_already_closed': { status: 409, code: 'CONFLICT' },
  'ledger.base_currency_locked': { status: 409, code: 'CONFLICT' },
  'ledger.drafts_in_period': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Tax, from 2200
  'tax.rate_not_found': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'tax.rate_not_effective': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'tax.rate_in_use': { status: 409, code: 'CONFLICT' },
  'tax.reason_missing': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'tax.category_mismatch': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'tax.override_out_of_tolerance': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'tax.return_filed': { status: 409, code: 'CONFLICT' },
  'tax.return_not_open': { status: 409, code: 'CONFLICT' },
  'tax.table_missing': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Parties and products, from 2300
  'party.email_taken': { status: 409, code: 'CONFLICT' },
  'party.archived': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'party.wrong_role': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'party.has_open_documents': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'product.sku_taken': { status: 409, code: 'CONFLICT' },
  'product.inactive': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'product.stock_insufficient': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'product.not_tracked': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Sales, from 2400
  'sales.invoice_not_draft': { status: 409, code: 'CONFLICT' },
  'sales.invoice_voided': { status: 409, code: 'CONFLICT' },
  'sales.invoice_has_payments': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.invoice_already_paid': { status: 409, code: 'CONFLICT' },
  'sales.invoice_not_open': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.number_format_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'number' },
  'sales.currency_fixed': { status: 409, code: 'CONFLICT' },
  'sales.total_negative': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.discount_exceeds_total': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.weights_cancel': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.credit_exceeds_remaining': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.quotation_not_editable': { status: 409, code: 'CONFLICT' },
  'sales.quotation_expired': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.quotation_converted': { status: 409, code: 'CONFLICT' },
  'sales.quotation_not_accepted': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.allocation_exceeds_due': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.allocation_exceeds_receipt': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.allocation_currency_mismatch': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.receipt_voided': { status: 409, code: 'CONFLICT' },
  'sales.refund_exceeds_credit': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.writeoff_over_tolerance': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.email_missing': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sales.schedule_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'schedule' },
  'sales.schedule_ended': { status: 409, code: 'CONFLICT' },
  'sales.recipient_stopped': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Purchases, from 2500
  'purchases.bill_not_editable': { status: 409, code: 'CONFLICT' },
  'purchases.bill_voided': { status: 409, code: 'CONFLICT' },
  'purchases.bill_has_payments': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'purchases.payment_exceeds_due': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'purchases.duplicate_reference': { status: 409, code: 'CONFLICT' },
  'purchases.supplier_inactive': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'purchases.expense_voided': { status: 409, code: 'CONFLICT' },
  'purchases.withholding_invalid': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'purchases.certificate_voided': { status: 409, code: 'CONFLICT' },
  'purchases.petty_cash_state': { status: 409, code: 'CONFLICT' },
  'purchases.petty_cash_unbalanced': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Banking, from 2600
  'banking.sign_mismatch': { status: 400, code: 'VALIDATION_ERROR', field: 'amount' },
  'banking.transaction_duplicate': { status: 409, code: 'CONFLICT' },
  'banking.transaction_matched': { status: 409, code: 'CONFLICT' },
  'banking.transaction_not_matched': { status: 409, code: 'CONFLICT' },
  'banking.match_amount_mismatch': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.match_target_invalid': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.statement_gap': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.statement_unreadable': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'banking.statement_total_wrong': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.reconcile_difference': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.account_in_use': { status: 409, code: 'CONFLICT' },
  'banking.repayment_exceeds_loan': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.loan_offer_exceeded': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'banking.loan_offer_expired': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Assets and payroll, from 2700
  'assets.disposed': { status: 409, code: 'CONFLICT' },
  'assets.life_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'usefulLifeMonths' },
  'assets.salvage_exceeds_cost': { status: 400, code: 'VALIDATION_ERROR', field: 'salvageValue' },
  'assets.depreciation_run': { status: 409, code: 'CONFLICT' },
  'assets.disposal_too_early': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'payroll.run_exists': { status: 409, code: 'CONFLICT' },
  'payroll.no_employees': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'payroll.employee_terminated': { status: 409, code: 'CONFLICT' },
  'payroll.employee_not_active': { status: 409, code: 'CONFLICT' },
  'payroll.net_negative': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Documents, files, imports, from 2800
  'documents.template_unknown': { status: 400, code: 'VALIDATION_ERROR', field: 'template' },
  'documents.language_unknown': { status: 400, code: 'VALIDATION_ERROR', field: 'language' },
  'documents.paper_unknown': { status: 400, code: 'VALIDATION_ERROR', field: 'paper' },
  'documents.mandatory_missing': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'documents.logo_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'logo' },
  'documents.characters_unsupported': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'documents.not_found': { status: 404, code: 'NOT_FOUND' },
  'documents.link_expired': { status: 404, code: 'NOT_FOUND' },
  'documents.not_ready': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'documents.render_failed': { status: 500, code: 'INTERNAL_ERROR' },
  'documents.render_timeout': { status: 500, code: 'INTERNAL_ERROR' },
  'documents.email_invalid': { status: 400, code: 'VALIDATION_ERROR' },
  'documents.email_limit': { status: 429, code: 'RATE_LIMIT' },
  'documents.order_pdf_not_found': { status: 404, code: 'NOT_FOUND' },
  'documents.file_type_refused': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'documents.file_too_large': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'documents.file_content_mismatch': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'documents.pdf_not_found': { status: 404, code: 'NOT_FOUND' },
  'import.file_unreadable': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'import.rows_refused': { status: 400, code: 'VALIDATION_ERROR', field: 'rows' },
  'import.already_undone': { status: 409, code: 'CONFLICT' },
  'import.not_undoable': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'export.not_ready': { status: 409, code: 'CONFLICT' },
  'reports.range_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'startDate' },
  'reports.periods_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'periodLength' },
  'reports.question_unsupported': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'reports.too_many_lines': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },

  // Electronic invoices, from 2900
  'einvoice.rule_broken': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.unreadable': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'einvoice.xml_forbidden': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'einvoice.too_large': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'einvoice.unsupported_syntax': { status: 400, code: 'VALIDATION_ERROR', field: 'syntax' },
  'einvoice.no_embedded_xml': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'einvoice.pdf_encrypted': { status: 400, code: 'VALIDATION_ERROR', field: 'file' },
  'einvoice.duplicate': { status: 409, code: 'CONFLICT' },
  'einvoice.not_addressed_to_us': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.bank_details_changed': { status: 409, code: 'CONFLICT' },
  'einvoice.supplier_unknown': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.profile_incomplete': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.rounding_policy': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.clearance_rejected': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'einvoice.clearance_unavailable': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'einvoice.clearance_expired': { status: 409, code: 'CONFLICT' },

  // Connect: companies, connections, sync, push, from 3000
  'sync.company_not_found': { status: 404, code: 'NOT_FOUND' },
  'sync.connection_not_found': { status: 404, code: 'NOT_FOUND' },
  'sync.integration_not_found': { status: 404, code: 'NOT_FOUND' },
  'sync.data_type_unsupported': { status: 404, code: 'NOT_FOUND' },
  'sync.data_type_not_queueable': { status: 400, code: 'INVALID_REQUEST', field: 'dataType' },
  'sync.data_not_available': { status: 404, code: 'NOT_FOUND' },
  'sync.dataset_not_requested': { status: 409, code: 'CONFLICT' },
  'sync.dataset_incomplete': { status: 409, code: 'CONFLICT' },
  'sync.dataset_in_progress': { status: 409, code: 'CONFLICT' },
  'sync.dataset_not_found': { status: 404, code: 'NOT_FOUND' },
  'sync.refresh_in_progress': { status: 400, code: 'INVALID_REQUEST' },
  'sync.product_unsupported': { status: 400, code: 'INVALID_REQUEST', field: 'product' },
  'sync.connection_not_linked': { status: 409, code: 'CONFLICT' },
  'sync.connection_transition': { status: 400, code: 'INVALID_REQUEST', field: 'status' },
  'sync.connection_category_taken': { status: 409, code: 'CONFLICT' },
  'sync.authorization_rejected': { status: 400, code: 'INVALID_REQUEST', field: 'credentials' },
  'sync.oauth_state_invalid': { status: 400, code: 'INVALID_REQUEST', field: 'state' },
  'sync.tags_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'tags' },
  'sync.company_reference_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'companyId' },
  'sync.custom_type_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'definition' },
  'sync.supplemental_invalid': { status: 400, code: 'VALIDATION_ERROR', field: 'configuration' },
  'sync.platform_blocked': { status: 403, code: 'FORBIDDEN' },
  'sync.push_connection_missing': { status: 400, code: 'INVALID_REQUEST', field: 'platformKey' },
  'sync.push_unsupported': { status: 400, code: 'INVALID_REQUEST', field: 'dataType' },
  'sync.push_record_missing': { status: 404, code: 'NOT_FOUND' },
  'sync.push_refused': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sync.push_timed_out': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'sync.expense_update_unsupported': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'sync.expense_configuration_missing': { status: 409, code: 'CONFLICT' },
  'sync.bank_feed_account_unknown': { status: 404, code: 'NOT_FOUND' },
  'sync.downstream_forbidden': { status: 403, code: 'FORBIDDEN' },
  'sync.integration_disabled': { status: 400, code: 'INVALID_REQUEST', field: 'platformKey' },

  // Connect: answers of a platform, from 3100
  'connect.platform_auth_expired': { status: 409, code: 'CONFLICT' },
  'connect.platform_permission_denied': { status: 409, code: 'CONFLICT' },
  'connect.platform_subscription_ended': { status: 409, code: 'CONFLICT' },
  'connect.platform_rate_limited': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'connect.platform_quota_exhausted': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'connect.platform_unavailable': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'connect.platform_malformed_reply': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'connect.platform_record_invalid': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.platform_duplicate': { status: 409, code: 'CONFLICT' },
  'connect.platform_stale_version': { status: 409, code: 'CONFLICT' },
  'connect.platform_period_closed': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.platform_not_found': { status: 404, code: 'NOT_FOUND' },
  'connect.platform_question': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.push_outcome_unknown': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'connect.push_mismatch': { status: 409, code: 'CONFLICT' },
  'connect.datatype_unsupported': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.prerequisite_not_met': { status: 409, code: 'CONFLICT' },
  'connect.mapping_failed': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.tieout_difference': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.file_rejected': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.sweep_suspicious': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.tenant_mismatch': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'connect.internal': { status: 500, code: 'INTERNAL_ERROR' },

  // Webhooks and events, from 3200
  'webhooks.url_not_https': { status: 400, code: 'VALIDATION_ERROR', field: 'url' },
  'webhooks.url_refused': { status: 400, code: 'VALIDATION_ERROR', field: 'url' },
  'webhooks.event_unknown': { status: 400, code: 'VALIDATION_ERROR', field: 'events' },
  'webhooks.endpoint_disabled': { status: 409, code: 'CONFLICT' },
  'webhooks.url_taken': { status: 409, code: 'CONFLICT' },
  'webhooks.rotation_active': { status: 409, code: 'CONFLICT' },
  'webhooks.replay_range': { status: 400, code: 'VALIDATION_ERROR', field: 'until' },
  'webhooks.event_expired': { status: 404, code: 'NOT_FOUND' },

  // Test and simulation, from 3300
  'test.live_forbidden': { status: 403, code: 'FORBIDDEN' },
  'test.clock_backwards': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'test.clock_too_far': { status: 422, code: 'BUSINESS_LOGIC_ERROR' },
  'test.simulated_code_unknown': { status: 400, code: 'INVALID_REQUEST', field: 'Simulate-Error' },

  // MCP, from 3400
  'mcp.read_only': { status: 403, code: 'FORBIDDEN' },
  'mcp.tool_unknown': { status: 404, code: 'NOT_FOUND' },
  'mcp.confirmation_required': { status: 409, code: 'CONFLICT' },
  'mcp.confirmation_invalid': { status: 409, code: 'CONFLICT' },

  // Platform, from 9000
  'platform.unexpected': { status: 500, code: 'INTERNAL_ERROR' },
  'platform.maintenance': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.read_only': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.database_unavailable': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.storage_full': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.lane_full': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.overloaded': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.timeout': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.write_conflict': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.shutting_down': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.mail_unavailable': { status: 503, code: 'SERVICE_UNAVAILABLE' },
  'platform.contract_broken': { status: 500, code: 'INTERNAL_ERROR' },
} as const satisfies Record<ErrorCode, BooksLook>

/**
 * A refusal as Books answers it, in the documented member order.
 * Source: Books specification 1.1 and 3 (D).
 */
export function renderBooksError(refusal: Refusal, context: BooksErrorContext): Rendered {
  const look: BooksLook = booksErrors[refusal.code]
  const { status, code } = look
  if (context.acceptsProblem) return renderProblem(refusal, { status, surface: { code } }, context)
  const requestId = context.booksRequestId ?? toBooksRequestId(context.requestId)
  const details = detailsOf(refusal, look, context)
  const retryAfter = status === 429 || status === 503 ? retryAfterOf(refusal, status) : undefined
  const error = {
    code,
    message: messageOf(refusal, look, context),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(details.length === 0 ? {} : { details }),
    requestId,
  }
  const headers = errorHeaders(refusal, status, context)
  return { status, headers, body: { success: false, error } }
}

/**
 * The form of a request id in Books bodies: `req_` and the first 80 bits in 16 lower-case
 * Crockford base32 characters. Source: platform specification 10.
 */
export const toBooksRequestId = (uuid: string): string =>
  `req_${base32Of(uuid.replaceAll('-', '').slice(0, 20))}`

/** Codes whose message is always the same, because `details` says the rest. */
const fixedMessages: Readonly<Partial<Record<BooksCode, string>>> = {
  INVALID_REQUEST: 'Missing or invalid request parameters',
  VALIDATION_ERROR: 'Request body validation failed',
  INTERNAL_ERROR: 'Internal server error',
}

/** Bodies that are no body at all: the sentence alone says it (Books specification 3.1). */
const plainCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'request.malformed_json',
  'request.body_required',
  'request.body_not_object',
])

const codesWithDetails: ReadonlySet<BooksCode> = new Set<BooksCode>([
  'VALIDATION_ERROR',
  'INVALID_REQUEST',
  'UNBALANCED_JOURNAL',
  'BUSINESS_LOGIC_ERROR',
])

function messageOf(refusal: Refusal, look: BooksLook, context: ErrorContext): string {
  const fixed = plainCodes.has(refusal.code) ? undefined : fixedMessages[look.code]
  return fixed ?? wordingOf(refusal, look, context)
}

type Detail = Readonly<{ field: string; message: string }>

/** One entry per field to blame; none when no field is. */
function detailsOf(
  refusal: Refusal,
  look: BooksLook,
  context: BooksErrorContext,
): readonly Detail[] {
  if (!codesWithDetails.has(look.code) || plainCodes.has(refusal.code)) return []
  const own = detailsOfPeriod(refusal, context.dateField)
  if (own !== undefined) return own
  const field =
    look.field === undefined ? undefined : fillText(look.field, valuesOf(refusal), context)
  return faultsOf(refusal, field).flatMap(({ path, message }: Fault) =>
    path === undefined ? [] : [{ field: path, message: toPredicate(refusal.code, message, path) }],
  )
}

/**
 * Closed and locked days blame the date; drafts that stop a close are listed, each with its id.
 * Source: Books specification 9.1 and 12.3.
 */
function detailsOfPeriod(
  refusal: Refusal,
  dateField: string | undefined,
): readonly Detail[] | undefined {
  const { earliest, drafts } = valuesOf(refusal)
  if (refusal.code === 'ledger.drafts_in_period' && Array.isArray(drafts)) {
    return drafts.slice(0, issuesMax).map((draft: DraftItem | string, index) => ({
      field: `drafts[${index}]`,
      message: typeof draft === 'string' ? draft : toDraftText(draft),
    }))
  }
  if (refusal.code !== 'ledger.period_closed' && refusal.code !== 'ledger.period_locked') {
    return undefined
  }
  if (dateField === undefined || typeof earliest !== 'string' || earliest === '') return []
  return [{ field: dateField, message: `must be on or after ${earliest}` }]
}

type DraftItem = Readonly<{ kind: string; id: string; date: string }>

function toDraftText({ kind, id, date }: DraftItem): string {
  const shown = toPrefixed(prefixByKind[kind] ?? kind, id)
  return `${kind.replaceAll('_', ' ')} ${shown} dated ${date}`
}

const prefixByKind: Readonly<Record<string, string>> = {
  journal_entry: 'je',
  invoice: 'inv',
  credit_note: 'cn',
  bill: 'bill',
  expense: 'exp',
  receipt: 'rcp',
  bill_payment: 'bpay',
}

/** Beside its field a sentence loses its subject: `must be a valid date (YYYY-MM-DD)`. */
function toPredicate(code: ErrorCode, message: string, field: string): string {
  if (code === 'request.query_missing') return 'is required'
  const subject = subjectOf(code, field)
  return message.startsWith(subject) ? message.slice(subject.length) : message
}

function subjectOf(code: ErrorCode, field: string): string {
  if (code === 'request.query_invalid') return `Query parameter ${field} is not valid: `
  return /^\{(field|parameter|name)\} /.test(catalogue[code].sentence) ? `${field} ` : ''
}
