import { valuesOf } from '../../kernel/error-text.ts'
import { catalogue, type ErrorCode, type Refusal, type Retry } from '../../kernel/errors.ts'
import {
  type ErrorContext,
  errorHeaders,
  faultsOf,
  fillText,
  type Look,
  type Rendered,
  wordingOf,
} from '../http/look.ts'
import { renderProblem } from '../http/problem.ts'

/** The one item of a documented `validation`; members left out stay out. */
export type ValidationItem = Readonly<{
  itemId?: string
  message: string
  validatorName?: string
}>

/** How a push ends with a code: its status and the status code in its body, not of the answer. */
export type PushLook = Readonly<{ status: 'Failed' | 'TimedOut'; statusCode: number }>

/** State of a dataset whose sync ends with a code. */
export type DatasetStatus =
  | 'AuthError'
  | 'PermissionsError'
  | 'RateLimitError'
  | 'FetchError'
  | 'NotSupported'
  | 'PrerequisiteNotMet'
  | 'MapError'
  | 'ValidationError'
  | 'InternalError'

/**
 * `service` is a name, `family` (the service of the list that was asked), or `{platformName}`.
 * `push` and `dataset` stand on codes that end work in the background; their status and service
 * are only for the rare place where such a code is answered directly.
 */
export type ConnectLook = Look &
  Readonly<{
    service: string
    validation?: true | ValidationItem
    push?: PushLook
    dataset?: DatasetStatus
  }>

/** `family` and `validatorName` come from the record of the route. */
export type ConnectErrorContext = ErrorContext &
  Readonly<{ family?: string | undefined; validatorName?: string | undefined }>

/** How a push operation ends: the members of its body that a failure decides. */
export type PushOutcome = Readonly<{
  status: 'Failed' | 'TimedOut'
  statusCode: number
  errorMessage: string
  validation: Validation
}>

export type Validation = Readonly<{
  errors: readonly Readonly<Partial<ValidationItem>>[]
  warnings: readonly Readonly<Partial<ValidationItem>>[]
}>

/**
 * How Connect shows each code; without a text, the filled sentence.
 * Source: platform specification 9.8, Connect specification 4.3.
 */
// biome-ignore format: a table reads best with one row a line
export const connectErrors = {
  // Request, from 1000
  'request.malformed_json': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.' },
  'request.body_required': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.' },
  'request.body_too_large': { status: 413, service: 'PublicApi', text: 'Request body is too large.' },
  'request.media_type_unsupported': { status: 415, service: 'PublicApi', text: 'Unsupported content type.' },
  'request.encoding_unsupported': { status: 415, service: 'PublicApi' },
  'request.uri_too_long': { status: 414, service: 'PublicApi' },
  'request.header_invalid': { status: 400, service: 'PublicApi' },
  'request.multipart_invalid': { status: 400, service: 'PublicApi' },
  'request.query_invalid': { status: 400, service: 'PublicApi' },
  'request.query_missing': { status: 400, service: 'PublicApi' },
  'request.id_malformed': { status: 400, service: 'PublicApi' },
  'request.page_invalid': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.' },
  'request.cursor_invalid': { status: 400, service: 'PublicApi' },
  'request.query_language_malformed': { status: 400, service: 'family', text: 'Error parsing query - Malformed query.' },
  'request.query_property_unknown': { status: 400, service: 'family', text: 'Error parsing query - Could not resolve property {property} on {entity}' },
  'request.order_by_unknown': { status: 400, service: 'family', text: 'Error parsing query - Could not resolve property {property} on {entity}' },
  'request.version_unsupported': { status: 404, service: 'PublicApi', text: 'NotFound' },
  'request.version_header_unknown': { status: 400, service: 'PublicApi' },
  'request.route_unknown': { status: 404, service: 'PublicApi', text: 'NotFound' },
  'request.method_not_allowed': { status: 405, service: 'PublicApi', text: 'Method Not Allowed' },
  'request.business_id_missing': { status: 400, service: 'PublicApi' },
  'request.precondition_failed': { status: 412, service: 'PublicApi' },
  'request.slow_body': { status: 408, service: 'PublicApi' },
  'request.body_not_object': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.' },

  // Validation, from 1100
  'validation.failed': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.', validation: true },
  'validation.fields_missing': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.', validation: true },
  'validation.items_incomplete': { status: 400, service: 'PublicApi', text: 'Error processing request - not valid.', validation: true },
  'validation.nothing_to_update': { status: 400, service: 'PublicApi', validation: true },
  'validation.amount_precision': { status: 400, service: 'PublicApi', validation: true },
  'validation.number_too_precise': { status: 400, service: 'PublicApi', validation: true },
  'validation.date_invalid': { status: 400, service: 'PublicApi', validation: true },
  'validation.amount_range': { status: 400, service: 'PublicApi', validation: true },
  'validation.currency_unknown': { status: 400, service: 'PublicApi', validation: true },
  'validation.date_order': { status: 400, service: 'PublicApi', validation: true },
  'validation.text_too_long': { status: 400, service: 'PublicApi', text: 'Max string length ({max}) for `{field}` reached.', validation: true },
  'validation.country_unknown': { status: 400, service: 'PublicApi', validation: true },
  'validation.tax_id_invalid': { status: 400, service: 'PublicApi', validation: true },
  'validation.choice_exclusive': { status: 400, service: 'PublicApi', validation: true },

  // API keys, from 1200
  'key.header_missing': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'key.format_invalid': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'key.wrong_surface': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'key.checksum_invalid': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'key.unknown': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'key.revoked': { status: 403, service: 'PublicApi', text: 'You are using an outdated API key or a key not associated with that resource.' },
  'key.disabled': { status: 403, service: 'PublicApi', text: 'You are using an outdated API key or a key not associated with that resource.' },
  'key.rotated_out': { status: 403, service: 'PublicApi', text: 'You are using an outdated API key or a key not associated with that resource.' },
  'key.expired': { status: 403, service: 'PublicApi', text: 'You are using an outdated API key or a key not associated with that resource.' },
  'key.ip_not_allowed': { status: 403, service: 'PublicApi' },
  'key.scope_insufficient': { status: 403, service: 'PublicApi' },
  'key.environment_mismatch': { status: 404, service: 'ClientsApi', text: 'No company was found with ID {companyId}' },
  'key.limit_reached': { status: 409, service: 'PublicApi', text: 'Maximum number of API keys reached. To create a new API key, delete an unused key and try again.' },
  'key.last_key': { status: 409, service: 'PublicApi' },
  'key.expiry_invalid': { status: 400, service: 'PublicApi', validation: true },
  'key.overlap_invalid': { status: 400, service: 'PublicApi', validation: true },
  'key.already_revoked': { status: 409, service: 'PublicApi' },
  'key.resource_not_associated': { status: 403, service: 'PublicApi', text: 'You are using an outdated API key or a key not associated with that resource.' },

  // Access, from 1300
  'access.business_forbidden': { status: 404, service: 'PublicApi', text: 'NotFound' },
  'access.business_suspended': { status: 403, service: 'PublicApi' },
  'access.business_archived': { status: 403, service: 'PublicApi' },
  'access.organization_suspended': { status: 403, service: 'PublicApi' },
  'access.enterprise_only': { status: 403, service: 'PublicApi' },
  'access.enterprise_admin_only': { status: 403, service: 'PublicApi' },
  'access.role_insufficient': { status: 403, service: 'PublicApi' },
  'access.login_failed': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'access.login_locked': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'access.second_factor_required': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'access.second_factor_invalid': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'access.session_expired': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'access.fresh_login_required': { status: 403, service: 'PublicApi' },
  'access.csrf_failed': { status: 403, service: 'PublicApi' },
  'access.origin_not_allowed': { status: 403, service: 'PublicApi' },
  'access.invitation_invalid': { status: 404, service: 'PublicApi' },
  'access.reset_link_invalid': { status: 404, service: 'PublicApi' },
  'access.last_owner': { status: 409, service: 'PublicApi' },
  'access.link_expired': { status: 404, service: 'PublicApi' },
  'access.company_token_invalid': { status: 401, service: 'PublicApi', text: 'Unauthorized' },
  'access.human_required': { status: 403, service: 'PublicApi' },
  'access.approval_required': { status: 409, service: 'PublicApi' },

  // Plans, trial and credits, from 1400
  'plan.no_subscription': { status: 402, service: 'PublicApi', text: 'Payment Required' },
  'plan.downgraded': { status: 402, service: 'PublicApi', text: 'Payment Required' },
  'plan.trial_exhausted': { status: 402, service: 'PublicApi', text: 'Payment Required' },
  'plan.credits_insufficient': { status: 402, service: 'PublicApi', text: 'Payment Required' },
  'plan.company_limit': { status: 402, service: 'PublicApi', text: 'CompanyValidationException: Company limit exceeded', validation: { itemId: 'Company', message: 'Company limit exceeded. Learn more at {docsUrl}', validatorName: 'CreateCompany' } },
  'plan.connection_limit': { status: 402, service: 'PublicApi' },
  'plan.sync_schedule_not_allowed': { status: 402, service: 'PublicApi', text: 'SyncSettingsValidationException: Sync schedule not allowed', validation: { itemId: 'SyncSchedule', message: 'Sync schedule not allowed. Learn more at {docsUrl}', validatorName: 'SyncSettings' } },
  'plan.account_expired': { status: 402, service: 'PublicApi', text: 'Payment Required', validation: { message: 'Account expired. Learn more at {docsUrl}' } },
  'plan.business_limit': { status: 402, service: 'PublicApi' },
  'plan.webhook_endpoint_limit': { status: 402, service: 'PublicApi' },
  'plan.people_limit': { status: 402, service: 'PublicApi' },
  'plan.storage_limit': { status: 402, service: 'PublicApi' },
  'plan.feature_unavailable': { status: 402, service: 'PublicApi' },
  'plan.email_budget': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'plan.subscription_expired': { status: 402, service: 'PublicApi', text: 'Payment Required' },

  // Limits, from 1500
  'limit.rate_exceeded': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'limit.concurrency_exceeded': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'limit.ip_rate_exceeded': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'limit.auth_failures': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },

  // Idempotency, from 1600
  'idempotency.key_invalid': { status: 400, service: 'PublicApi' },
  'idempotency.key_required': { status: 400, service: 'PublicApi' },
  'idempotency.in_progress': { status: 409, service: 'PublicApi' },
  'idempotency.key_reused': { status: 422, service: 'PublicApi' },

  // Resources in general, from 1700
  'resource.not_found': { status: 404, service: 'PublicApi', text: '{resource} {id} not found' },
  'resource.exists': { status: 409, service: 'PublicApi' },
  'resource.number_taken': { status: 409, service: 'PublicApi' },
  'resource.changed': { status: 409, service: 'PublicApi' },
  'resource.in_use': { status: 409, service: 'PublicApi' },
  'resource.archived': { status: 409, service: 'PublicApi' },
  'resource.invalid_transition': { status: 409, service: 'PublicApi' },
  'resource.external_id_taken': { status: 409, service: 'PublicApi' },
  'resource.batch_too_large': { status: 400, service: 'PublicApi', validation: true },
  'resource.batch_item_refused': { status: 400, service: 'PushApi', validation: true },

  // Ledger, from 2000
  'ledger.journal_unbalanced': { status: 400, service: 'PushApi', validation: true },
  'ledger.journal_unbalanced_currency': { status: 400, service: 'PushApi', validation: true },
  'ledger.too_few_lines': { status: 400, service: 'PublicApi', validation: true },
  'ledger.too_many_lines': { status: 400, service: 'PublicApi', validation: true },
  'ledger.line_zero': { status: 400, service: 'PublicApi', validation: true },
  'ledger.line_two_sided': { status: 400, service: 'PublicApi', validation: true },
  'ledger.account_not_found': { status: 400, service: 'PushApi', validation: true },
  'ledger.account_inactive': { status: 400, service: 'PushApi', validation: true },
  'ledger.account_is_group': { status: 400, service: 'PushApi', validation: true },
  'ledger.account_is_control': { status: 400, service: 'PushApi', validation: true },
  'ledger.account_currency_mismatch': { status: 400, service: 'PushApi', validation: true },
  'ledger.account_code_taken': { status: 409, service: 'PublicApi' },
  'ledger.account_code_reserved': { status: 409, service: 'PublicApi' },
  'ledger.account_in_use': { status: 409, service: 'PublicApi' },
  'ledger.account_type_locked': { status: 409, service: 'PublicApi' },
  'ledger.account_parent_invalid': { status: 400, service: 'PushApi', validation: true },
  'ledger.system_account_locked': { status: 400, service: 'PushApi', validation: true },
  'ledger.period_closed': { status: 400, service: 'PushApi', validation: true },
  'ledger.period_locked': { status: 400, service: 'PushApi', validation: true },
  'ledger.date_too_far': { status: 400, service: 'PushApi', validation: true },
  'ledger.overlapping_period': { status: 409, service: 'PublicApi' },
  'ledger.close_out_of_order': { status: 400, service: 'PushApi', validation: true },
  'ledger.currency_withdrawn': { status: 400, service: 'PushApi', validation: true },
  'ledger.balance_out_of_range': { status: 400, service: 'PushApi', validation: true },
  'ledger.entry_not_draft': { status: 409, service: 'PublicApi' },
  'ledger.entry_already_reversed': { status: 409, service: 'PublicApi' },
  'ledger.entry_not_posted': { status: 409, service: 'PublicApi' },
  'ledger.entry_has_source': { status: 409, service: 'PublicApi' },
  'ledger.reversal_too_early': { status: 400, service: 'PushApi', validation: true },
  'ledger.rate_missing': { status: 400, service: 'PushApi', validation: true },
  'ledger.rate_out_of_range': { status: 400, service: 'PushApi', validation: true },
  'ledger.amount_overflow': { status: 400, service: 'PushApi', validation: true },
  'ledger.version_conflict': { status: 409, service: 'PublicApi' },
  'ledger.balance_floor': { status: 400, service: 'PushApi', validation: true },
  'ledger.dimension_unknown': { status: 400, service: 'PushApi', validation: true },
  'ledger.opening_exists': { status: 409, service: 'PublicApi' },
  'ledger.year_not_closable': { status: 400, service: 'PushApi', validation: true },
  'ledger.year_already_closed': { status: 409, service: 'PublicApi' },
  'ledger.base_currency_locked': { status: 409, service: 'PublicApi' },
  'ledger.drafts_in_period': { status: 400, service: 'PushApi', validation: true },

  // Tax, from 2200
  'tax.rate_not_found': { status: 400, service: 'PushApi', validation: true },
  'tax.rate_not_effective': { status: 400, service: 'PushApi', validation: true },
  'tax.rate_in_use': { status: 409, service: 'PublicApi' },
  'tax.reason_missing': { status: 400, service: 'PushApi', validation: true },
  'tax.category_mismatch': { status: 400, service: 'PushApi', validation: true },
  'tax.override_out_of_tolerance': { status: 400, service: 'PushApi', validation: true },
  'tax.return_filed': { status: 409, service: 'PublicApi' },
  'tax.return_not_open': { status: 409, service: 'PublicApi' },
  'tax.table_missing': { status: 400, service: 'PushApi', validation: true },

  // Parties and products, from 2300
  'party.email_taken': { status: 409, service: 'PublicApi' },
  'party.archived': { status: 400, service: 'PushApi', validation: true },
  'party.wrong_role': { status: 400, service: 'PushApi', validation: true },
  'party.has_open_documents': { status: 400, service: 'PushApi', validation: true },
  'product.sku_taken': { status: 409, service: 'PublicApi' },
  'product.inactive': { status: 400, service: 'PushApi', validation: true },
  'product.stock_insufficient': { status: 400, service: 'PushApi', validation: true },
  'product.not_tracked': { status: 400, service: 'PushApi', validation: true },

  // Sales, from 2400
  'sales.invoice_not_draft': { status: 409, service: 'PublicApi' },
  'sales.invoice_voided': { status: 409, service: 'PublicApi' },
  'sales.invoice_has_payments': { status: 400, service: 'PushApi', validation: true },
  'sales.invoice_already_paid': { status: 409, service: 'PublicApi' },
  'sales.invoice_not_open': { status: 400, service: 'PushApi', validation: true },
  'sales.number_format_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sales.currency_fixed': { status: 409, service: 'PublicApi' },
  'sales.total_negative': { status: 400, service: 'PushApi', validation: true },
  'sales.discount_exceeds_total': { status: 400, service: 'PushApi', validation: true },
  'sales.weights_cancel': { status: 400, service: 'PushApi', validation: true },
  'sales.credit_exceeds_remaining': { status: 400, service: 'PushApi', validation: true },
  'sales.quotation_not_editable': { status: 409, service: 'PublicApi' },
  'sales.quotation_expired': { status: 400, service: 'PushApi', validation: true },
  'sales.quotation_converted': { status: 409, service: 'PublicApi' },
  'sales.quotation_not_accepted': { status: 400, service: 'PushApi', validation: true },
  'sales.allocation_exceeds_due': { status: 400, service: 'PushApi', validation: true },
  'sales.allocation_exceeds_receipt': { status: 400, service: 'PushApi', validation: true },
  'sales.allocation_currency_mismatch': { status: 400, service: 'PushApi', validation: true },
  'sales.receipt_voided': { status: 409, service: 'PublicApi' },
  'sales.refund_exceeds_credit': { status: 400, service: 'PushApi', validation: true },
  'sales.writeoff_over_tolerance': { status: 400, service: 'PushApi', validation: true },
  'sales.email_missing': { status: 400, service: 'PushApi', validation: true },
  'sales.schedule_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sales.schedule_ended': { status: 409, service: 'PublicApi' },
  'sales.recipient_stopped': { status: 400, service: 'PushApi', validation: true },

  // Purchases, from 2500
  'purchases.bill_not_editable': { status: 409, service: 'PublicApi' },
  'purchases.bill_voided': { status: 409, service: 'PublicApi' },
  'purchases.bill_has_payments': { status: 400, service: 'PushApi', validation: true },
  'purchases.payment_exceeds_due': { status: 400, service: 'PushApi', validation: true },
  'purchases.duplicate_reference': { status: 409, service: 'PublicApi' },
  'purchases.supplier_inactive': { status: 400, service: 'PushApi', validation: true },
  'purchases.expense_voided': { status: 409, service: 'PublicApi' },
  'purchases.withholding_invalid': { status: 400, service: 'PushApi', validation: true },
  'purchases.certificate_voided': { status: 409, service: 'PublicApi' },
  'purchases.petty_cash_state': { status: 409, service: 'PublicApi' },
  'purchases.petty_cash_unbalanced': { status: 400, service: 'PushApi', validation: true },

  // Banking, from 2600
  'banking.sign_mismatch': { status: 400, service: 'PublicApi', validation: true },
  'banking.transaction_duplicate': { status: 409, service: 'PublicApi' },
  'banking.transaction_matched': { status: 409, service: 'PublicApi' },
  'banking.transaction_not_matched': { status: 409, service: 'PublicApi' },
  'banking.match_amount_mismatch': { status: 400, service: 'PushApi', validation: true },
  'banking.match_target_invalid': { status: 400, service: 'PushApi', validation: true },
  'banking.statement_gap': { status: 400, service: 'PushApi', validation: true },
  'banking.statement_unreadable': { status: 400, service: 'PublicApi', validation: true },
  'banking.statement_total_wrong': { status: 400, service: 'PushApi', validation: true },
  'banking.reconcile_difference': { status: 400, service: 'PushApi', validation: true },
  'banking.account_in_use': { status: 409, service: 'PublicApi' },
  'banking.repayment_exceeds_loan': { status: 400, service: 'PushApi', validation: true },
  'banking.loan_offer_exceeded': { status: 400, service: 'PushApi', validation: true },
  'banking.loan_offer_expired': { status: 400, service: 'PushApi', validation: true },

  // Assets and payroll, from 2700
  'assets.disposed': { status: 409, service: 'PublicApi' },
  'assets.life_invalid': { status: 400, service: 'PublicApi', validation: true },
  'assets.salvage_exceeds_cost': { status: 400, service: 'PublicApi', validation: true },
  'assets.depreciation_run': { status: 409, service: 'PublicApi' },
  'assets.disposal_too_early': { status: 400, service: 'PushApi', validation: true },
  'payroll.run_exists': { status: 409, service: 'PublicApi' },
  'payroll.no_employees': { status: 400, service: 'PushApi', validation: true },
  'payroll.employee_terminated': { status: 409, service: 'PublicApi' },
  'payroll.employee_not_active': { status: 409, service: 'PublicApi' },
  'payroll.net_negative': { status: 400, service: 'PushApi', validation: true },

  // Documents, files, imports, from 2800
  'documents.template_unknown': { status: 400, service: 'PublicApi', validation: true },
  'documents.language_unknown': { status: 400, service: 'PublicApi', validation: true },
  'documents.paper_unknown': { status: 400, service: 'PublicApi', validation: true },
  'documents.mandatory_missing': { status: 400, service: 'PushApi', validation: true },
  'documents.logo_invalid': { status: 400, service: 'PublicApi', validation: true },
  'documents.characters_unsupported': { status: 400, service: 'PushApi', validation: true },
  'documents.not_found': { status: 404, service: 'PublicApi' },
  'documents.link_expired': { status: 404, service: 'PublicApi' },
  'documents.not_ready': { status: 503, service: 'PublicApi' },
  'documents.render_failed': { status: 500, service: 'PublicApi', text: 'There is a problem with our server. Please try again later.' },
  'documents.render_timeout': { status: 500, service: 'PublicApi', text: 'There is a problem with our server. Please try again later.' },
  'documents.email_invalid': { status: 400, service: 'PublicApi', validation: true },
  'documents.email_limit': { status: 429, service: 'PublicApi', text: 'You have made too many requests in a given amount of time; please retry later.' },
  'documents.order_pdf_not_found': { status: 404, service: '{platformName}', text: 'PurchaseOrderPdfNotFoundException: Purchase order not found for company {companyId} and purchase order ID {orderId}' },
  'documents.file_type_refused': { status: 400, service: 'PublicApi', validation: true },
  'documents.file_too_large': { status: 413, service: 'PublicApi' },
  'documents.file_content_mismatch': { status: 400, service: 'PublicApi', validation: true },
  'documents.pdf_not_found': { status: 404, service: '{platformName}', text: 'InvoicePdfNotFoundException: Invoice not found for company {companyId} and invoice ID {invoiceId}' },
  'import.file_unreadable': { status: 400, service: 'PublicApi', validation: true },
  'import.rows_refused': { status: 400, service: 'PublicApi', validation: true },
  'import.already_undone': { status: 409, service: 'PublicApi' },
  'import.not_undoable': { status: 400, service: 'PushApi', validation: true },
  'export.not_ready': { status: 409, service: 'PublicApi' },
  'reports.range_invalid': { status: 400, service: 'PublicApi', validation: true },
  'reports.periods_invalid': { status: 400, service: 'PublicApi', validation: true },
  'reports.question_unsupported': { status: 400, service: 'PublicApi', validation: true },
  'reports.too_many_lines': { status: 400, service: 'PublicApi', validation: true },

  // Electronic invoices, from 2900
  'einvoice.rule_broken': { status: 400, service: 'PushApi', validation: true },
  'einvoice.unreadable': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.xml_forbidden': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.too_large': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.unsupported_syntax': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.no_embedded_xml': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.pdf_encrypted': { status: 400, service: 'PublicApi', validation: true },
  'einvoice.duplicate': { status: 409, service: 'PublicApi' },
  'einvoice.not_addressed_to_us': { status: 400, service: 'PushApi', validation: true },
  'einvoice.bank_details_changed': { status: 409, service: 'PublicApi' },
  'einvoice.supplier_unknown': { status: 400, service: 'PushApi', validation: true },
  'einvoice.profile_incomplete': { status: 400, service: 'PushApi', validation: true },
  'einvoice.rounding_policy': { status: 400, service: 'PushApi', validation: true },
  'einvoice.clearance_rejected': { status: 400, service: 'PushApi', validation: true },
  'einvoice.clearance_unavailable': { status: 503, service: 'PublicApi' },
  'einvoice.clearance_expired': { status: 409, service: 'PublicApi' },

  // Connect: companies, connections, sync, push, from 3000
  'sync.company_not_found': { status: 404, service: 'ClientsApi' },
  'sync.connection_not_found': { status: 404, service: 'PublicApi' },
  'sync.integration_not_found': { status: 404, service: 'PublicApi' },
  'sync.data_type_unsupported': { status: 404, service: 'PullApi' },
  'sync.data_type_not_queueable': { status: 400, service: 'PullApi', text: "Datatype '{dataType}' not supported by platform {integrationId}" },
  'sync.data_not_available': { status: 404, service: 'PublicApi' },
  'sync.dataset_not_requested': { status: 409, service: 'PublicApi' },
  'sync.dataset_incomplete': { status: 409, service: 'PublicApi' },
  'sync.dataset_in_progress': { status: 409, service: 'PullApi', text: 'DatasetAlreadyInProgressException: Cannot queue {dataType} sync for {companyId} as previous sync {datasetId} is still in progress' },
  'sync.dataset_not_found': { status: 404, service: 'PullApi' },
  'sync.refresh_in_progress': { status: 400, service: 'PublicApi', text: 'Data cannot be refreshed while a read operation is in progress. Allow the read to complete before attempting to refresh.' },
  'sync.product_unsupported': { status: 400, service: 'PublicApi', text: "{product} doesn't support data refreshing. See {docsUrl}" },
  'sync.connection_not_linked': { status: 403, service: 'PublicApi', text: "A downstream endpoint can't be accessed. Data connection {connectionId} is {status}." },
  'sync.connection_transition': { status: 400, service: 'PublicApi' },
  'sync.connection_category_taken': { status: 409, service: 'PublicApi' },
  'sync.authorization_rejected': { status: 400, service: 'PublicApi' },
  'sync.oauth_state_invalid': { status: 400, service: 'PublicApi' },
  'sync.tags_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sync.company_reference_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sync.custom_type_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sync.supplemental_invalid': { status: 400, service: 'PublicApi', validation: true },
  'sync.platform_blocked': { status: 451, service: 'StdznCustomData', text: "Platform '{platformKey}' is not currently available for compliance purposes." },
  'sync.push_connection_missing': { status: 400, service: 'PublicApi' },
  'sync.push_unsupported': { status: 400, service: 'PushApi' },
  'sync.push_record_missing': { status: 404, service: 'PushApi' },
  'sync.push_refused': { status: 400, service: 'PushApi', text: 'An error occurred in a downstream service. Correlation ID: {correlationId}. Message: Push failed for {entity}: see validation for more information', validation: true, push: { status: 'Failed', statusCode: 400 } },
  'sync.push_timed_out': { status: 503, service: 'PushApi', push: { status: 'TimedOut', statusCode: 408 } },
  'sync.expense_update_unsupported': { status: 422, service: 'ExpenseSyncApi' },
  'sync.expense_configuration_missing': { status: 409, service: 'PublicApi' },
  'sync.bank_feed_account_unknown': { status: 404, service: 'PublicApi' },
  'sync.downstream_forbidden': { status: 403, service: '{platformName}' },
  'sync.integration_disabled': { status: 400, service: 'ClientsApi' },

  // Connect: answers of a platform, from 3100
  'connect.platform_auth_expired': { status: 403, service: '{platformName}', push: { status: 'Failed', statusCode: 401 }, dataset: 'AuthError' },
  'connect.platform_permission_denied': { status: 403, service: '{platformName}', push: { status: 'Failed', statusCode: 403 }, dataset: 'PermissionsError' },
  'connect.platform_subscription_ended': { status: 403, service: '{platformName}', push: { status: 'Failed', statusCode: 403 }, dataset: 'PermissionsError' },
  'connect.platform_rate_limited': { status: 429, service: '{platformName}', push: { status: 'Failed', statusCode: 429 }, dataset: 'RateLimitError' },
  'connect.platform_quota_exhausted': { status: 429, service: '{platformName}', push: { status: 'Failed', statusCode: 429 }, dataset: 'RateLimitError' },
  'connect.platform_unavailable': { status: 503, service: '{platformName}', push: { status: 'Failed', statusCode: 503 }, dataset: 'FetchError' },
  'connect.platform_malformed_reply': { status: 502, service: '{platformName}', push: { status: 'Failed', statusCode: 502 }, dataset: 'FetchError' },
  'connect.platform_record_invalid': { status: 400, service: '{platformName}', push: { status: 'Failed', statusCode: 400 } },
  'connect.platform_duplicate': { status: 409, service: '{platformName}', push: { status: 'Failed', statusCode: 409 } },
  'connect.platform_stale_version': { status: 409, service: '{platformName}', push: { status: 'Failed', statusCode: 409 } },
  'connect.platform_period_closed': { status: 400, service: '{platformName}', push: { status: 'Failed', statusCode: 400 } },
  'connect.platform_not_found': { status: 404, service: '{platformName}', push: { status: 'Failed', statusCode: 404 } },
  'connect.platform_question': { status: 400, service: '{platformName}', push: { status: 'Failed', statusCode: 400 } },
  'connect.push_outcome_unknown': { status: 502, service: '{platformName}', push: { status: 'Failed', statusCode: 502 } },
  'connect.push_mismatch': { status: 409, service: '{platformName}', push: { status: 'Failed', statusCode: 409 } },
  'connect.datatype_unsupported': { status: 400, service: '{platformName}', push: { status: 'Failed', statusCode: 400 }, dataset: 'NotSupported' },
  'connect.prerequisite_not_met': { status: 409, service: 'PullApi', dataset: 'PrerequisiteNotMet' },
  'connect.mapping_failed': { status: 400, service: 'PullApi', push: { status: 'Failed', statusCode: 400 }, dataset: 'MapError' },
  'connect.tieout_difference': { status: 400, service: '{platformName}' },
  'connect.file_rejected': { status: 400, service: 'PullApi', push: { status: 'Failed', statusCode: 400 }, dataset: 'ValidationError' },
  'connect.sweep_suspicious': { status: 400, service: 'PullApi', dataset: 'ValidationError' },
  'connect.tenant_mismatch': { status: 400, service: '{platformName}' },
  'connect.internal': { status: 500, service: 'PublicApi', push: { status: 'Failed', statusCode: 500 }, dataset: 'InternalError' },

  // Webhooks and events, from 3200
  'webhooks.url_not_https': { status: 400, service: 'PublicApi', validation: true },
  'webhooks.url_refused': { status: 400, service: 'PublicApi', validation: true },
  'webhooks.event_unknown': { status: 400, service: 'PublicApi', validation: true },
  'webhooks.endpoint_disabled': { status: 409, service: 'PublicApi' },
  'webhooks.url_taken': { status: 409, service: 'PublicApi' },
  'webhooks.rotation_active': { status: 409, service: 'PublicApi' },
  'webhooks.replay_range': { status: 400, service: 'PublicApi', validation: true },
  'webhooks.event_expired': { status: 404, service: 'PublicApi' },

  // Test and simulation, from 3300
  'test.live_forbidden': { status: 403, service: 'PublicApi' },
  'test.clock_backwards': { status: 400, service: 'PushApi', validation: true },
  'test.clock_too_far': { status: 400, service: 'PushApi', validation: true },
  'test.simulated_code_unknown': { status: 400, service: 'PublicApi' },

  // MCP, from 3400
  'mcp.read_only': { status: 403, service: 'PublicApi' },
  'mcp.tool_unknown': { status: 404, service: 'PublicApi' },
  'mcp.confirmation_required': { status: 409, service: 'PublicApi' },
  'mcp.confirmation_invalid': { status: 409, service: 'PublicApi' },

  // Platform, from 9000
  'platform.unexpected': { status: 500, service: 'PublicApi', text: 'There is a problem with our server. Please try again later.' },
  'platform.maintenance': { status: 503, service: 'PublicApi' },
  'platform.read_only': { status: 503, service: 'PublicApi' },
  'platform.database_unavailable': { status: 503, service: 'PublicApi' },
  'platform.storage_full': { status: 503, service: 'PublicApi' },
  'platform.lane_full': { status: 503, service: 'PublicApi' },
  'platform.overloaded': { status: 503, service: 'PublicApi' },
  'platform.timeout': { status: 503, service: 'PublicApi' },
  'platform.write_conflict': { status: 503, service: 'PublicApi' },
  'platform.shutting_down': { status: 503, service: 'PublicApi' },
  'platform.mail_unavailable': { status: 503, service: 'PublicApi' },
  'platform.contract_broken': { status: 500, service: 'PublicApi', text: 'There is a problem with our server. Please try again later.' },
} as const satisfies Record<ErrorCode, ConnectLook>

/**
 * A refusal as Connect answers it, in the documented member order; `correlationId` is the request
 * id and `detailedErrorCode` the number of the code. Source: Connect specification 4.1 (D).
 */
export function renderConnectError(refusal: Refusal, context: ConnectErrorContext): Rendered {
  const look: ConnectLook = connectErrors[refusal.code]
  const { status } = look
  const { number, retry } = catalogue[refusal.code]
  const validation = validationOf(refusal, look, context)
  const body = {
    statusCode: status,
    service: serviceOf(refusal, look, context),
    error: wordingOf(refusal, look, context),
    correlationId: context.requestId,
    ...(validation === undefined ? {} : { validation }),
    canBeRetried: toCanBeRetried(retry),
    detailedErrorCode: number,
  }
  if (context.acceptsProblem) return renderProblem(refusal, { status, surface: body }, context)
  const headers = errorHeaders(refusal, status, context)
  const challenge = status === 401 ? { 'WWW-Authenticate': 'Basic realm="connect"' } : {}
  return { status, headers: { ...headers, ...challenge }, body }
}

/**
 * How a push of an entity ends when it meets a refusal: never an HTTP error, but an operation
 * that failed with the status code of the refusal.
 * A question of the platform is a warning. Source: Connect specification 4.5 and 17.4.
 */
export function toPushOutcome(
  refusal: Refusal,
  entity: string,
  context: ConnectErrorContext,
): PushOutcome {
  const look: ConnectLook = connectErrors[refusal.code]
  const { status, statusCode } = look.push ?? { status: 'Failed', statusCode: look.status }
  const refused = connectErrors['sync.push_refused'].text
  const errorMessage =
    status === 'TimedOut'
      ? wordingOf(refusal, look, context)
      : fillText(refused, { ...valuesOf(refusal), entity }, context)
  const items = faultsOf(refusal).map((fault) => toItem(fault.path, fault.message, entity))
  const isQuestion = refusal.code === 'connect.platform_question'
  const validation = isQuestion ? { errors: [], warnings: items } : { errors: items, warnings: [] }
  return { status, statusCode, errorMessage, validation }
}

/** `"True"`, `"False"` or `"Unknown"`, always a string. Source: Connect specification 4.2. */
export const toCanBeRetried = (retry: Retry): 'True' | 'False' | 'Unknown' =>
  canBeRetriedByRetry[retry]

const canBeRetriedByRetry = {
  never: 'False',
  action: 'False',
  after: 'True',
  backoff: 'True',
  unknown: 'Unknown',
} as const satisfies Record<Retry, string>

function serviceOf(refusal: Refusal, look: ConnectLook, context: ConnectErrorContext): string {
  if (look.service === 'family') return context.family ?? familyOf(valuesOf(refusal)['entity'])
  const name = fillText(look.service, valuesOf(refusal), context)
  return name === '' ? 'PublicApi' : name
}

/** The service that answers lists of an entity. Source: Connect specification 8.5. */
function familyOf(entity: unknown): string {
  if (entity === 'PushOperation') return 'PushApi'
  const isClients = entity === 'Company' || entity === 'DataConnection' || entity === 'Integration'
  return isClients ? 'ClientsApi' : 'PullApi'
}

function validationOf(
  refusal: Refusal,
  look: ConnectLook,
  context: ConnectErrorContext,
): Validation | undefined {
  if (look.validation === undefined) return undefined
  if (look.validation === true) {
    const errors = faultsOf(refusal).map((fault) =>
      toItem(fault.path, fault.message, context.validatorName),
    )
    return { errors, warnings: [] }
  }
  const { itemId, message, validatorName } = look.validation
  return {
    errors: [toItem(itemId, fillText(message, valuesOf(refusal), context), validatorName)],
    warnings: [],
  }
}

const toItem = (
  itemId: string | undefined,
  message: string,
  validatorName: string | undefined,
): Readonly<Partial<ValidationItem>> => ({
  ...(itemId === undefined ? {} : { itemId }),
  message,
  ...(validatorName === undefined ? {} : { validatorName }),
})
