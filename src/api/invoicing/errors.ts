import { valuesOf } from '../../kernel/error-text.ts'
import { catalogue, type ErrorCode, type Refusal } from '../../kernel/errors.ts'
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

/** Most issues that the text of a wrong body names. */
const issuesShownMax = 3

/**
 * How Invoicing shows each code; without a text, the filled sentence.
 * Source: platform specification 9.8, Invoicing specification 3.2.
 */
// biome-ignore format: a table reads best with one row a line
export const invoicingErrors = {
  // Request, from 1000
  'request.malformed_json': { status: 400, text: 'Invalid JSON in request body' },
  'request.body_required': { status: 400 },
  'request.body_too_large': { status: 413 },
  'request.media_type_unsupported': { status: 415 },
  'request.encoding_unsupported': { status: 415 },
  'request.uri_too_long': { status: 414 },
  'request.header_invalid': { status: 400 },
  'request.multipart_invalid': { status: 400 },
  'request.query_invalid': { status: 400 },
  'request.query_missing': { status: 400 },
  'request.id_malformed': { status: 400 },
  'request.page_invalid': { status: 400 },
  'request.cursor_invalid': { status: 400 },
  'request.query_language_malformed': { status: 400 },
  'request.query_property_unknown': { status: 400 },
  'request.order_by_unknown': { status: 400 },
  'request.version_unsupported': { status: 404, text: 'Not found' },
  'request.version_header_unknown': { status: 400 },
  'request.route_unknown': { status: 404, text: 'Not found' },
  'request.method_not_allowed': { status: 405, text: 'Method not allowed' },
  'request.business_id_missing': { status: 404, text: 'Business not found' },
  'request.precondition_failed': { status: 412 },
  'request.slow_body': { status: 408 },
  'request.body_not_object': { status: 400 },

  // Validation, from 1100
  'validation.failed': { status: 400 },
  'validation.fields_missing': { status: 400 },
  'validation.items_incomplete': { status: 400 },
  'validation.nothing_to_update': { status: 400 },
  'validation.amount_precision': { status: 400, text: '{field} must not have more than {decimals} decimals' },
  'validation.number_too_precise': { status: 400 },
  'validation.date_invalid': { status: 400 },
  'validation.amount_range': { status: 400 },
  'validation.currency_unknown': { status: 400 },
  'validation.date_order': { status: 400 },
  'validation.text_too_long': { status: 400 },
  'validation.country_unknown': { status: 400 },
  'validation.tax_id_invalid': { status: 400 },
  'validation.choice_exclusive': { status: 400 },

  // API keys, from 1200
  'key.header_missing': { status: 401 },
  'key.format_invalid': { status: 401 },
  'key.wrong_surface': { status: 401, text: 'Invalid API key format' },
  'key.checksum_invalid': { status: 401 },
  'key.unknown': { status: 401 },
  'key.revoked': { status: 401 },
  'key.disabled': { status: 401 },
  'key.rotated_out': { status: 401 },
  'key.expired': { status: 401 },
  'key.ip_not_allowed': { status: 403 },
  'key.scope_insufficient': { status: 403 },
  'key.environment_mismatch': { status: 404, text: 'Business not found' },
  'key.limit_reached': { status: 429 },
  'key.last_key': { status: 400 },
  'key.expiry_invalid': { status: 400 },
  'key.overlap_invalid': { status: 400 },
  'key.already_revoked': { status: 400 },
  'key.resource_not_associated': { status: 404, text: 'Business not found' },

  // Access, from 1300
  'access.business_forbidden': { status: 404, text: 'Business not found' },
  'access.business_suspended': { status: 403 },
  'access.business_archived': { status: 403 },
  'access.organization_suspended': { status: 403 },
  'access.enterprise_only': { status: 403 },
  'access.enterprise_admin_only': { status: 403 },
  'access.role_insufficient': { status: 403 },
  'access.login_failed': { status: 401 },
  'access.login_locked': { status: 429 },
  'access.second_factor_required': { status: 401 },
  'access.second_factor_invalid': { status: 401 },
  'access.session_expired': { status: 401 },
  'access.fresh_login_required': { status: 403 },
  'access.csrf_failed': { status: 403 },
  'access.origin_not_allowed': { status: 403 },
  'access.invitation_invalid': { status: 404 },
  'access.reset_link_invalid': { status: 404 },
  'access.last_owner': { status: 400 },
  'access.link_expired': { status: 404 },
  'access.company_token_invalid': { status: 401 },
  'access.human_required': { status: 403 },
  'access.approval_required': { status: 400 },

  // Plans, trial and credits, from 1400
  'plan.no_subscription': { status: 403 },
  'plan.downgraded': { status: 403 },
  'plan.trial_exhausted': { status: 403 },
  'plan.credits_insufficient': { status: 403 },
  'plan.company_limit': { status: 403 },
  'plan.connection_limit': { status: 403 },
  'plan.sync_schedule_not_allowed': { status: 403 },
  'plan.account_expired': { status: 403 },
  'plan.business_limit': { status: 429 },
  'plan.webhook_endpoint_limit': { status: 429 },
  'plan.people_limit': { status: 429 },
  'plan.storage_limit': { status: 429 },
  'plan.feature_unavailable': { status: 403 },
  'plan.email_budget': { status: 429 },
  'plan.subscription_expired': { status: 403 },

  // Limits, from 1500
  'limit.rate_exceeded': { status: 429, text: 'Rate limit exceeded' },
  'limit.concurrency_exceeded': { status: 429, text: 'Rate limit exceeded' },
  'limit.ip_rate_exceeded': { status: 429, text: 'Rate limit exceeded' },
  'limit.auth_failures': { status: 429, text: 'Rate limit exceeded' },

  // Idempotency, from 1600
  'idempotency.key_invalid': { status: 400 },
  'idempotency.key_required': { status: 400 },
  'idempotency.in_progress': { status: 409 },
  'idempotency.key_reused': { status: 422 },

  // Resources in general, from 1700
  'resource.not_found': { status: 404 },
  'resource.exists': { status: 400 },
  'resource.number_taken': { status: 400 },
  'resource.changed': { status: 400 },
  'resource.in_use': { status: 400 },
  'resource.archived': { status: 400 },
  'resource.invalid_transition': { status: 400 },
  'resource.external_id_taken': { status: 400 },
  'resource.batch_too_large': { status: 400 },
  'resource.batch_item_refused': { status: 400 },

  // Ledger, from 2000
  'ledger.journal_unbalanced': { status: 400 },
  'ledger.journal_unbalanced_currency': { status: 400 },
  'ledger.too_few_lines': { status: 400 },
  'ledger.too_many_lines': { status: 400 },
  'ledger.line_zero': { status: 400 },
  'ledger.line_two_sided': { status: 400 },
  'ledger.account_not_found': { status: 400 },
  'ledger.account_inactive': { status: 400 },
  'ledger.account_is_group': { status: 400 },
  'ledger.account_is_control': { status: 400 },
  'ledger.account_currency_mismatch': { status: 400 },
  'ledger.account_code_taken': { status: 400 },
  'ledger.account_code_reserved': { status: 400 },
  'ledger.account_in_use': { status: 400 },
  'ledger.account_type_locked': { status: 400 },
  'ledger.account_parent_invalid': { status: 400 },
  'ledger.system_account_locked': { status: 400 },
  'ledger.period_closed': { status: 400 },
  'ledger.period_locked': { status: 400 },
  'ledger.date_too_far': { status: 400 },
  'ledger.overlapping_period': { status: 400 },
  'ledger.close_out_of_order': { status: 400 },
  'ledger.currency_withdrawn': { status: 400 },
  'ledger.balance_out_of_range': { status: 400 },
  'ledger.entry_not_draft': { status: 400 },
  'ledger.entry_already_reversed': { status: 400 },
  'ledger.entry_not_posted': { status: 400 },
  'ledger.entry_has_source': { status: 400 },
  'ledger.reversal_too_early': { status: 400 },
  'ledger.rate_missing': { status: 400 },
  'ledger.rate_out_of_range': { status: 400 },
  'ledger.amount_overflow': { status: 400 },
  'ledger.version_conflict': { status: 400 },
  'ledger.balance_floor': { status: 400 },
  'ledger.dimension_unknown': { status: 400 },
  'ledger.opening_exists': { status: 400 },
  'ledger.year_not_closable': { status: 400 },
  'ledger.year_already_closed': { status: 400 },
  'ledger.base_currency_locked': { status: 400 },
  'ledger.drafts_in_period': { status: 400 },

  // Tax, from 2200
  'tax.rate_not_found': { status: 400 },
  'tax.rate_not_effective': { status: 400 },
  'tax.rate_in_use': { status: 400 },
  'tax.reason_missing': { status: 400 },
  'tax.category_mismatch': { status: 400 },
  'tax.override_out_of_tolerance': { status: 400 },
  'tax.return_filed': { status: 400 },
  'tax.return_not_open': { status: 400 },
  'tax.table_missing': { status: 400 },

  // Parties and products, from 2300
  'party.email_taken': { status: 400 },
  'party.archived': { status: 400 },
  'party.wrong_role': { status: 400 },
  'party.has_open_documents': { status: 400 },
  'product.sku_taken': { status: 400 },
  'product.inactive': { status: 400 },
  'product.stock_insufficient': { status: 400 },
  'product.not_tracked': { status: 400 },

  // Sales, from 2400
  'sales.invoice_not_draft': { status: 400 },
  'sales.invoice_voided': { status: 400 },
  'sales.invoice_has_payments': { status: 400 },
  'sales.invoice_already_paid': { status: 400 },
  'sales.invoice_not_open': { status: 400 },
  'sales.number_format_invalid': { status: 400 },
  'sales.currency_fixed': { status: 400 },
  'sales.total_negative': { status: 400 },
  'sales.discount_exceeds_total': { status: 400 },
  'sales.weights_cancel': { status: 400 },
  'sales.credit_exceeds_remaining': { status: 400 },
  'sales.quotation_not_editable': { status: 400 },
  'sales.quotation_expired': { status: 400 },
  'sales.quotation_converted': { status: 400 },
  'sales.quotation_not_accepted': { status: 400 },
  'sales.allocation_exceeds_due': { status: 400 },
  'sales.allocation_exceeds_receipt': { status: 400 },
  'sales.allocation_currency_mismatch': { status: 400, text: 'Payment ({receiptCurrency}) and invoice ({invoiceCurrency}) must be in the same currency' },
  'sales.receipt_voided': { status: 400 },
  'sales.refund_exceeds_credit': { status: 400 },
  'sales.writeoff_over_tolerance': { status: 400 },
  'sales.email_missing': { status: 400 },
  'sales.schedule_invalid': { status: 400 },
  'sales.schedule_ended': { status: 400 },
  'sales.recipient_stopped': { status: 400 },

  // Purchases, from 2500
  'purchases.bill_not_editable': { status: 400 },
  'purchases.bill_voided': { status: 400 },
  'purchases.bill_has_payments': { status: 400 },
  'purchases.payment_exceeds_due': { status: 400 },
  'purchases.duplicate_reference': { status: 400 },
  'purchases.supplier_inactive': { status: 400 },
  'purchases.expense_voided': { status: 400 },
  'purchases.withholding_invalid': { status: 400 },
  'purchases.certificate_voided': { status: 400 },
  'purchases.petty_cash_state': { status: 400 },
  'purchases.petty_cash_unbalanced': { status: 400 },

  // Banking, from 2600
  'banking.sign_mismatch': { status: 400 },
  'banking.transaction_duplicate': { status: 400 },
  'banking.transaction_matched': { status: 400 },
  'banking.transaction_not_matched': { status: 400 },
  'banking.match_amount_mismatch': { status: 400 },
  'banking.match_target_invalid': { status: 400 },
  'banking.statement_gap': { status: 400 },
  'banking.statement_unreadable': { status: 400 },
  'banking.statement_total_wrong': { status: 400 },
  'banking.reconcile_difference': { status: 400 },
  'banking.account_in_use': { status: 400 },
  'banking.repayment_exceeds_loan': { status: 400 },
  'banking.loan_offer_exceeded': { status: 400 },
  'banking.loan_offer_expired': { status: 400 },

  // Assets and payroll, from 2700
  'assets.disposed': { status: 400 },
  'assets.life_invalid': { status: 400 },
  'assets.salvage_exceeds_cost': { status: 400 },
  'assets.depreciation_run': { status: 400 },
  'assets.disposal_too_early': { status: 400 },
  'payroll.run_exists': { status: 400 },
  'payroll.no_employees': { status: 400 },
  'payroll.employee_terminated': { status: 400 },
  'payroll.employee_not_active': { status: 400 },
  'payroll.net_negative': { status: 400 },

  // Documents, files, imports, from 2800
  'documents.template_unknown': { status: 400 },
  'documents.language_unknown': { status: 400 },
  'documents.paper_unknown': { status: 400 },
  'documents.mandatory_missing': { status: 400 },
  'documents.logo_invalid': { status: 400 },
  'documents.characters_unsupported': { status: 400 },
  'documents.not_found': { status: 404 },
  'documents.link_expired': { status: 404 },
  'documents.not_ready': { status: 503 },
  'documents.render_failed': { status: 500, text: 'Internal server error' },
  'documents.render_timeout': { status: 500, text: 'Internal server error' },
  'documents.email_invalid': { status: 400 },
  'documents.email_limit': { status: 429 },
  'documents.order_pdf_not_found': { status: 404, text: 'Not found' },
  'documents.file_type_refused': { status: 400 },
  'documents.file_too_large': { status: 413 },
  'documents.file_content_mismatch': { status: 400 },
  'documents.pdf_not_found': { status: 404, text: 'Invoice not found' },
  'import.file_unreadable': { status: 400 },
  'import.rows_refused': { status: 400 },
  'import.already_undone': { status: 400 },
  'import.not_undoable': { status: 400 },
  'export.not_ready': { status: 400 },
  'reports.range_invalid': { status: 400 },
  'reports.periods_invalid': { status: 400 },
  'reports.question_unsupported': { status: 400 },
  'reports.too_many_lines': { status: 422 },

  // Electronic invoices, from 2900
  'einvoice.rule_broken': { status: 400 },
  'einvoice.unreadable': { status: 400 },
  'einvoice.xml_forbidden': { status: 400 },
  'einvoice.too_large': { status: 400 },
  'einvoice.unsupported_syntax': { status: 400 },
  'einvoice.no_embedded_xml': { status: 400 },
  'einvoice.pdf_encrypted': { status: 400 },
  'einvoice.duplicate': { status: 400 },
  'einvoice.not_addressed_to_us': { status: 400 },
  'einvoice.bank_details_changed': { status: 400 },
  'einvoice.supplier_unknown': { status: 400 },
  'einvoice.profile_incomplete': { status: 400 },
  'einvoice.rounding_policy': { status: 400 },
  'einvoice.clearance_rejected': { status: 400 },
  'einvoice.clearance_unavailable': { status: 503 },
  'einvoice.clearance_expired': { status: 400 },

  // Connect: companies, connections, sync, push, from 3000
  'sync.company_not_found': { status: 404, text: 'Company not found' },
  'sync.connection_not_found': { status: 404 },
  'sync.integration_not_found': { status: 404 },
  'sync.data_type_unsupported': { status: 404 },
  'sync.data_type_not_queueable': { status: 400 },
  'sync.data_not_available': { status: 404 },
  'sync.dataset_not_requested': { status: 400 },
  'sync.dataset_incomplete': { status: 400 },
  'sync.dataset_in_progress': { status: 400 },
  'sync.dataset_not_found': { status: 404 },
  'sync.refresh_in_progress': { status: 400 },
  'sync.product_unsupported': { status: 400 },
  'sync.connection_not_linked': { status: 400 },
  'sync.connection_transition': { status: 400 },
  'sync.connection_category_taken': { status: 400 },
  'sync.authorization_rejected': { status: 400 },
  'sync.oauth_state_invalid': { status: 400 },
  'sync.tags_invalid': { status: 400 },
  'sync.company_reference_invalid': { status: 400 },
  'sync.custom_type_invalid': { status: 400 },
  'sync.supplemental_invalid': { status: 400 },
  'sync.platform_blocked': { status: 403 },
  'sync.push_connection_missing': { status: 400 },
  'sync.push_unsupported': { status: 400 },
  'sync.push_record_missing': { status: 404 },
  'sync.push_refused': { status: 400 },
  'sync.push_timed_out': { status: 503 },
  'sync.expense_update_unsupported': { status: 400 },
  'sync.expense_configuration_missing': { status: 400 },
  'sync.bank_feed_account_unknown': { status: 404 },
  'sync.downstream_forbidden': { status: 403 },
  'sync.integration_disabled': { status: 400 },

  // Connect: answers of a platform, from 3100
  'connect.platform_auth_expired': { status: 400 },
  'connect.platform_permission_denied': { status: 400 },
  'connect.platform_subscription_ended': { status: 400 },
  'connect.platform_rate_limited': { status: 503 },
  'connect.platform_quota_exhausted': { status: 503 },
  'connect.platform_unavailable': { status: 503 },
  'connect.platform_malformed_reply': { status: 503 },
  'connect.platform_record_invalid': { status: 400 },
  'connect.platform_duplicate': { status: 400 },
  'connect.platform_stale_version': { status: 400 },
  'connect.platform_period_closed': { status: 400 },
  'connect.platform_not_found': { status: 404 },
  'connect.platform_question': { status: 400 },
  'connect.push_outcome_unknown': { status: 503 },
  'connect.push_mismatch': { status: 400 },
  'connect.datatype_unsupported': { status: 400 },
  'connect.prerequisite_not_met': { status: 400 },
  'connect.mapping_failed': { status: 400 },
  'connect.tieout_difference': { status: 400 },
  'connect.file_rejected': { status: 400 },
  'connect.sweep_suspicious': { status: 400 },
  'connect.tenant_mismatch': { status: 400 },
  'connect.internal': { status: 500, text: 'Internal server error' },

  // Webhooks and events, from 3200
  'webhooks.url_not_https': { status: 400 },
  'webhooks.url_refused': { status: 400 },
  'webhooks.event_unknown': { status: 400 },
  'webhooks.endpoint_disabled': { status: 400 },
  'webhooks.url_taken': { status: 400 },
  'webhooks.rotation_active': { status: 400 },
  'webhooks.replay_range': { status: 400 },
  'webhooks.event_expired': { status: 404 },

  // Test and simulation, from 3300
  'test.live_forbidden': { status: 403 },
  'test.clock_backwards': { status: 400 },
  'test.clock_too_far': { status: 400 },
  'test.simulated_code_unknown': { status: 400 },

  // MCP, from 3400
  'mcp.read_only': { status: 403 },
  'mcp.tool_unknown': { status: 404 },
  'mcp.confirmation_required': { status: 400 },
  'mcp.confirmation_invalid': { status: 400 },

  // Platform, from 9000
  'platform.unexpected': { status: 500, text: 'Internal server error' },
  'platform.maintenance': { status: 503 },
  'platform.read_only': { status: 503 },
  'platform.database_unavailable': { status: 503 },
  'platform.storage_full': { status: 503 },
  'platform.lane_full': { status: 503 },
  'platform.overloaded': { status: 503 },
  'platform.timeout': { status: 503 },
  'platform.write_conflict': { status: 503 },
  'platform.shutting_down': { status: 503 },
  'platform.mail_unavailable': { status: 503 },
  'platform.contract_broken': { status: 500, text: 'Internal server error' },
} as const satisfies Record<ErrorCode, Look>

/**
 * A refusal as Invoicing answers it: exactly one member, `error`.
 * Source: Invoicing specification 3 (D).
 */
export function renderInvoicingError(refusal: Refusal, context: ErrorContext): Rendered {
  const look: Look = invoicingErrors[refusal.code]
  const error = textOf(refusal, look, context)
  if (context.acceptsProblem) {
    return renderProblem(refusal, { status: look.status, detail: error, surface: {} }, context)
  }
  const headers = errorHeaders(refusal, look.status, context)
  return { status: look.status, headers, body: { error } }
}

/**
 * `items[1].tax_rate must be between 0 and 100; currency is required`; the wording otherwise. A
 * receipt is called a payment here.
 */
function textOf(refusal: Refusal, look: Look, context: ErrorContext): string {
  const values = valuesOf(refusal)
  if (values['resource'] === 'Receipt') {
    const template = look.text ?? catalogue[refusal.code].sentence
    return fillText(template, { ...values, resource: 'Payment' }, context)
  }
  if (refusal.code !== 'validation.failed') return wordingOf(refusal, look, context)
  const faults = faultsOf(refusal)
    .slice(0, issuesShownMax)
    .map(({ path, message }) =>
      path === undefined || path === '' ? message : `${path} ${message}`,
    )
  return faults.length === 0 ? wordingOf(refusal, look, context) : faults.join('; ')
}
