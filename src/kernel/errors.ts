/*
 * The catalogue of everything the product refuses, and the one class that refuses.
 *
 * A code is `group.reason` and a number; both stay for ever and are locked in
 * test/catalogue.lock.json. The catalogue knows no HTTP status and no surface: each surface has a
 * total table of looks beside its routes. Words that need money or blame live in error-text.ts.
 *
 * Source: platform specification 9.
 */

/**
 * Every refusal by code: number, sentence, names of its parameters, and when to try again.
 * A name that ends in `[]` is a list. Every value in a sentence is a parameter.
 * Source: platform specification 9.8.
 */
// biome-ignore format: a table reads best with one row a line
export const catalogue = {
  // Request, from 1000
  'request.malformed_json': entry(1001, 'Request body is not valid JSON', ['position'], 'never'),
  'request.body_required': entry(1002, 'A request body is required', [], 'never'),
  'request.body_too_large': entry(1003, 'Request body is larger than {limitBytes} bytes', ['limitBytes'], 'never'),
  'request.media_type_unsupported': entry(1004, 'Content-Type {mediaType} is not supported; use {expected}', ['mediaType', 'expected'], 'never'),
  'request.encoding_unsupported': entry(1005, 'Content-Encoding {encoding} is not supported', ['encoding'], 'never'),
  'request.uri_too_long': entry(1006, 'Request URI is longer than {limitBytes} bytes', ['limitBytes'], 'never'),
  'request.header_invalid': entry(1007, 'Header {header} is not valid: {reason}', ['header', 'reason'], 'never'),
  'request.multipart_invalid': entry(1008, 'Multipart body is not valid: {reason}', ['reason'], 'never'),
  'request.query_invalid': entry(1009, 'Query parameter {parameter} is not valid: {reason}', ['parameter', 'reason'], 'never'),
  'request.query_missing': entry(1010, 'Query parameter {parameter} is required', ['parameter'], 'never'),
  'request.id_malformed': entry(1011, '{name} must be a valid UUID', ['name'], 'never'),
  'request.page_invalid': entry(1012, '{parameter} must be between {min} and {max}', ['parameter', 'min', 'max'], 'never'),
  'request.cursor_invalid': entry(1013, 'Cursor is not valid or belongs to another query', [], 'never'),
  'request.query_language_malformed': entry(1014, 'Query could not be parsed at position {position}', ['position'], 'never'),
  'request.query_property_unknown': entry(1015, 'Query names an unknown property {property} of {entity}', ['property', 'entity'], 'never'),
  'request.order_by_unknown': entry(1016, 'Cannot order {entity} by {property}', ['entity', 'property'], 'never'),
  'request.version_unsupported': entry(1017, 'API version {version} is not supported. Use /v1/.', ['version'], 'never'),
  'request.version_header_unknown': entry(1018, 'Tallystick-Version {value} is not a published version', ['value'], 'never'),
  'request.route_unknown': entry(1019, 'No such endpoint', ['method', 'path'], 'never'),
  'request.method_not_allowed': entry(1020, 'Method {method} is not allowed here; allowed: {allowed}', ['method', 'allowed'], 'never'),
  'request.business_id_missing': entry(1021, 'businessId query parameter is required', [], 'never'),
  'request.precondition_failed': entry(1022, 'The {resource} has changed since version {expected}; it is now {current}', ['resource', 'expected', 'current'], 'never'),
  'request.slow_body': entry(1023, 'The request body did not arrive within {seconds} seconds', ['seconds'], 'backoff'),
  'request.body_not_object': entry(1024, 'Request body must be a JSON object', [], 'never'),

  // Validation, from 1100
  'validation.failed': entry(1101, 'Request body validation failed', ['issues[]'], 'never'),
  'validation.fields_missing': entry(1102, 'Missing required fields: {fields}', ['fields'], 'never'),
  'validation.items_incomplete': entry(1103, 'Each item requires: {fields}', ['fields', 'items[]'], 'never'),
  'validation.nothing_to_update': entry(1104, 'No valid fields to update', [], 'never'),
  'validation.amount_precision': entry(1105, '{field} has more than {decimals} decimals for {currency}', ['field', 'decimals', 'currency'], 'never'),
  'validation.number_too_precise': entry(1106, '{field} has more than 15 significant digits', ['field'], 'never'),
  'validation.date_invalid': entry(1107, '{field} must be a valid date (YYYY-MM-DD)', ['field'], 'never'),
  'validation.amount_range': entry(1108, '{field} must be greater than {min} and at most {max}', ['field', 'min', 'max'], 'never'),
  'validation.currency_unknown': entry(1109, '{currency} is not an ISO 4217 currency code', ['currency'], 'never'),
  'validation.date_order': entry(1110, '{field} must be after {other}', ['field', 'other'], 'never'),
  'validation.text_too_long': entry(1111, '{field} must not be longer than {max} characters', ['field', 'max'], 'never'),
  'validation.country_unknown': entry(1112, '{field} must be an ISO 3166-1 alpha-2 country code', ['field'], 'never'),
  'validation.tax_id_invalid': entry(1113, '{field} is not a valid {scheme} number', ['field', 'scheme'], 'never'),
  'validation.choice_exclusive': entry(1114, 'Send exactly one of: {fields}', ['fields'], 'never'),

  // API keys, from 1200
  'key.header_missing': entry(1201, 'Missing Authorization header', [], 'never'),
  'key.format_invalid': entry(1202, 'Invalid API key format', [], 'never'),
  'key.wrong_surface': entry(1203, 'This API key belongs to another API', [], 'never'),
  'key.checksum_invalid': entry(1204, 'Invalid API key', [], 'never'),
  'key.unknown': entry(1205, 'Invalid API key', [], 'never'),
  'key.revoked': entry(1206, 'Invalid API key', [], 'never'),
  'key.disabled': entry(1207, 'Invalid API key', [], 'never'),
  'key.rotated_out': entry(1208, 'Invalid API key', [], 'never'),
  'key.expired': entry(1209, 'API key has expired', [], 'never'),
  'key.ip_not_allowed': entry(1210, 'This API key may not be used from address {ip}', ['ip'], 'never'),
  'key.scope_insufficient': entry(1211, 'Insufficient permissions. Required: {required}', ['required'], 'never'),
  'key.environment_mismatch': entry(1212, 'No access to the requested business', ['environment', 'companyId'], 'never'),
  'key.limit_reached': entry(1213, 'API key limit reached for your current plan', ['limit'], 'action'),
  'key.last_key': entry(1214, 'The last API key cannot be deleted', [], 'never'),
  'key.expiry_invalid': entry(1215, 'Expiry must be between 1 and {maxDays} days from now', ['maxDays'], 'never'),
  'key.overlap_invalid': entry(1216, 'Overlap must be between 0 and {maxHours} hours', ['maxHours'], 'never'),
  'key.already_revoked': entry(1217, 'API key {keyId} is already revoked', ['keyId'], 'never'),
  'key.resource_not_associated': entry(1218, 'This API key is not associated with that resource', [], 'never'),

  // Access, from 1300
  'access.business_forbidden': entry(1301, 'No access to the requested business', [], 'never'),
  'access.business_suspended': entry(1302, 'This business is suspended', ['since'], 'action'),
  'access.business_archived': entry(1303, 'This business is archived and read only', [], 'never'),
  'access.organization_suspended': entry(1304, 'This organization is suspended', [], 'action'),
  'access.enterprise_only': entry(1305, 'This endpoint is for enterprise accounts only', [], 'never'),
  'access.enterprise_admin_only': entry(1306, 'Only an administrator of the enterprise may do this', [], 'never'),
  'access.role_insufficient': entry(1307, 'Your role may not do this. Required permission: {permission}', ['permission'], 'never'),
  'access.login_failed': entry(1308, 'E-mail address or password is wrong', [], 'never'),
  'access.login_locked': entry(1309, 'Too many failed attempts. Try again in {retryAfterSeconds} seconds.', ['retryAfterSeconds'], 'after'),
  'access.second_factor_required': entry(1310, 'A second factor is required', [], 'action'),
  'access.second_factor_invalid': entry(1311, 'The code is wrong or has expired', [], 'never'),
  'access.session_expired': entry(1312, 'Please sign in again', [], 'action'),
  'access.fresh_login_required': entry(1313, 'Please confirm your password to continue', [], 'action'),
  'access.csrf_failed': entry(1314, 'The request did not come from this console', [], 'never'),
  'access.origin_not_allowed': entry(1315, 'Origin {origin} is not allowed', ['origin'], 'never'),
  'access.invitation_invalid': entry(1316, 'This invitation is not valid any more', [], 'never'),
  'access.reset_link_invalid': entry(1317, 'This link is not valid any more', [], 'never'),
  'access.last_owner': entry(1318, 'An organization must keep at least one owner', [], 'never'),
  'access.link_expired': entry(1319, 'This link has expired', [], 'never'),
  'access.company_token_invalid': entry(1320, 'Company access token is not valid or has expired', [], 'never'),
  'access.human_required': entry(1321, '{action} can only be done by a person in the console', ['action'], 'never'),
  'access.approval_required': entry(1322, '{action} waits for approval by {role}', ['action', 'role', 'approvalId'], 'action'),

  // Plans, trial and credits, from 1400
  'plan.no_subscription': entry(1401, 'API keys require a Premium or Accountant Pro subscription', [], 'action'),
  'plan.downgraded': entry(1402, 'The subscription was downgraded after this key was issued', [], 'action'),
  'plan.trial_exhausted': entry(1403, 'All {limit} trial calls are used. Top up credits, or use a test key.', ['limit'], 'action'),
  'plan.credits_insufficient': entry(1404, 'The credit balance is too low for this call', ['balance', 'price'], 'action'),
  'plan.company_limit': entry(1405, 'Company limit exceeded', ['docsUrl', 'limit'], 'action'),
  'plan.connection_limit': entry(1406, 'Active connection limit of {limit} reached', ['limit'], 'action'),
  'plan.sync_schedule_not_allowed': entry(1407, 'Sync schedule not allowed', ['hours', 'docsUrl'], 'action'),
  'plan.account_expired': entry(1408, 'Account expired', ['docsUrl', 'days'], 'action'),
  'plan.business_limit': entry(1409, 'Business limit of {limit} reached for your current plan', ['limit'], 'action'),
  'plan.webhook_endpoint_limit': entry(1410, 'Webhook endpoint limit reached for your current plan', ['limit'], 'action'),
  'plan.people_limit': entry(1411, 'Seat limit of {limit} reached for your current plan', ['limit'], 'action'),
  'plan.storage_limit': entry(1412, 'Attachment storage of {limitBytes} bytes is used up', ['limitBytes'], 'action'),
  'plan.feature_unavailable': entry(1413, '{feature} is not part of your current plan', ['feature'], 'action'),
  'plan.email_budget': entry(1414, 'The e-mail budget of {limit} messages per day is used up', ['limit'], 'after'),
  'plan.subscription_expired': entry(1415, 'This business is suspended', ['since'], 'action'),

  // Limits, from 1500
  'limit.rate_exceeded': entry(1501, 'Rate limit exceeded. Retry after {retryAfterSeconds} seconds.', ['retryAfterSeconds', 'policy', 'limit', 'windowSeconds'], 'after'),
  'limit.concurrency_exceeded': entry(1502, 'More than {limit} requests in flight. Retry after {retryAfterSeconds} seconds.', ['limit', 'retryAfterSeconds'], 'after'),
  'limit.ip_rate_exceeded': entry(1503, 'Too many requests from this address. Retry after {retryAfterSeconds} seconds.', ['retryAfterSeconds'], 'after'),
  'limit.auth_failures': entry(1504, 'Too many failed authentications from this address. Retry after {retryAfterSeconds} seconds.', ['retryAfterSeconds'], 'after'),

  // Idempotency, from 1600
  'idempotency.key_invalid': entry(1601, 'Idempotency-Key must be 1 to 255 visible ASCII characters', [], 'never'),
  'idempotency.key_required': entry(1602, 'Idempotency-Key is required here', [], 'never'),
  'idempotency.in_progress': entry(1603, 'A request with this Idempotency-Key is still in progress', [], 'after'),
  'idempotency.key_reused': entry(1604, 'This Idempotency-Key was used with a different request', [], 'never'),

  // Resources in general, from 1700
  'resource.not_found': entry(1701, '{resource} not found', ['resource', 'id'], 'never'),
  'resource.exists': entry(1702, '{resource} with this {field} already exists', ['resource', 'field', 'existingId'], 'never'),
  'resource.number_taken': entry(1703, '{resource} number already exists', ['resource', 'number'], 'never'),
  'resource.changed': entry(1704, '{resource} was changed by someone else; read it again', ['resource', 'version'], 'action'),
  'resource.in_use': entry(1705, '{resource} is in use by {usedBy} and cannot be deleted', ['resource', 'usedBy'], 'never'),
  'resource.archived': entry(1706, '{resource} is archived', ['resource'], 'never'),
  'resource.invalid_transition': entry(1707, '{resource} cannot change from {from} to {to}', ['resource', 'from', 'to'], 'never'),
  'resource.external_id_taken': entry(1708, 'externalId {externalId} is already used by another {resource}', ['externalId', 'resource'], 'never'),
  'resource.batch_too_large': entry(1709, 'At most {max} items may be sent at once', ['max'], 'never'),
  'resource.batch_item_refused': entry(1710, 'Item {index} was refused: {reason}', ['index', 'reason', 'itemCode'], 'never'),

  // Ledger, from 2000
  'ledger.journal_unbalanced': entry(2001, 'Debits ({debit}) and credits ({credit}) differ by {difference}', ['debit', 'credit', 'difference'], 'never'),
  'ledger.journal_unbalanced_currency': entry(2002, 'Lines in {currency} do not balance and no exchange line explains the difference of {difference}', ['currency', 'difference'], 'never'),
  'ledger.too_few_lines': entry(2003, 'A journal entry needs at least {min} lines', ['min'], 'never'),
  'ledger.too_many_lines': entry(2004, 'A journal entry may have at most {max} lines', ['max'], 'never'),
  'ledger.line_zero': entry(2005, 'Line {line} has neither a debit nor a credit', ['line'], 'never'),
  'ledger.line_two_sided': entry(2006, 'Line {line} has both a debit and a credit', ['line'], 'never'),
  'ledger.account_not_found': entry(2007, 'Account {account} does not exist', ['account'], 'never'),
  'ledger.account_inactive': entry(2008, 'Account {account} is inactive', ['account'], 'never'),
  'ledger.account_is_group': entry(2009, 'Account {account} is a heading and takes no postings', ['account'], 'never'),
  'ledger.account_is_control': entry(2010, 'Account {account} is a control account; use {use} instead', ['account', 'use'], 'never'),
  'ledger.account_currency_mismatch': entry(2011, 'Account {account} accepts {accountCurrency} only', ['account', 'accountCurrency'], 'never'),
  'ledger.account_code_taken': entry(2012, 'Account code {code} is already used', ['code'], 'never'),
  'ledger.account_code_reserved': entry(2013, 'Account code {code} belongs to a system account', ['code'], 'never'),
  'ledger.account_in_use': entry(2014, 'Account {account} has postings and cannot be deleted', ['account'], 'never'),
  'ledger.account_type_locked': entry(2015, 'The category of account {account} cannot change after the first posting', ['account'], 'never'),
  'ledger.account_parent_invalid': entry(2016, 'Account {account} cannot be placed under {parent}', ['account', 'parent'], 'never'),
  'ledger.system_account_locked': entry(2017, 'Account {account} is a system account; only name and subcategory may change', ['account'], 'never'),
  'ledger.period_closed': entry(2018, '{date} lies in a closed period; the earliest open date is {earliest}', ['date', 'earliest'], 'never'),
  'ledger.period_locked': entry(2019, '{date} is locked for {scope}; the earliest open date is {earliest}', ['date', 'scope', 'earliest'], 'never'),
  'ledger.date_too_far': entry(2020, '{date} is outside the accepted range {from} to {to}', ['date', 'from', 'to'], 'never'),
  'ledger.overlapping_period': entry(2021, 'The period overlaps {period}', ['period'], 'never'),
  'ledger.close_out_of_order': entry(2022, 'Close {period} first', ['period'], 'never'),
  'ledger.currency_withdrawn': entry(2023, 'Currency {currency} was withdrawn on {date}', ['currency', 'date'], 'never'),
  'ledger.balance_out_of_range': entry(2024, 'The balance of account {account} would be too large', ['account'], 'never'),
  'ledger.entry_not_draft': entry(2025, 'Journal entry {number} is {status} and cannot be changed', ['number', 'status'], 'never'),
  'ledger.entry_already_reversed': entry(2026, 'Journal entry {number} was already reversed by {reversal}', ['number', 'reversal'], 'never'),
  'ledger.entry_not_posted': entry(2027, 'Journal entry {number} is not posted', ['number'], 'never'),
  'ledger.entry_has_source': entry(2028, 'Journal entry {number} belongs to {source}; void that instead', ['number', 'source'], 'never'),
  'ledger.reversal_too_early': entry(2029, 'A reversal may not be dated before {date}', ['date'], 'never'),
  'ledger.rate_missing': entry(2030, 'No exchange rate from {from} to {to} on {date}', ['from', 'to', 'date'], 'never'),
  'ledger.rate_out_of_range': entry(2031, 'Exchange rate {rate} from {from} to {to} is outside the accepted range', ['rate', 'from', 'to'], 'never'),
  'ledger.amount_overflow': entry(2032, 'The amount is too large', [], 'never'),
  'ledger.version_conflict': entry(2033, 'Account {account} is at version {current}, not {expected}', ['account', 'current', 'expected'], 'action'),
  'ledger.balance_floor': entry(2034, 'Account {account} may not fall below {floor}', ['account', 'floor'], 'never'),
  'ledger.dimension_unknown': entry(2035, '{dimension} {value} does not exist or is inactive', ['dimension', 'value'], 'never'),
  'ledger.opening_exists': entry(2036, 'Opening balances were already posted on {date}', ['date'], 'never'),
  'ledger.year_not_closable': entry(2037, 'The year cannot be closed: {reason}', ['reason'], 'never'),
  'ledger.year_already_closed': entry(2038, 'The year ending {date} is already closed', ['date'], 'never'),
  'ledger.base_currency_locked': entry(2039, 'The base currency cannot change after the first posting', [], 'never'),
  'ledger.drafts_in_period': entry(2040, '{count} drafts are dated in the period to {date}; post or delete them, or acknowledge them', ['count', 'date', 'drafts[]'], 'action'),

  // Tax, from 2200
  'tax.rate_not_found': entry(2201, 'Tax rate {rate} does not exist', ['rate'], 'never'),
  'tax.rate_not_effective': entry(2202, 'Tax rate {rate} is not in force on {date}', ['rate', 'date'], 'never'),
  'tax.rate_in_use': entry(2203, 'Tax rate {rate} is in use; end it with a date instead', ['rate'], 'never'),
  'tax.reason_missing': entry(2204, 'Line {line} is {category} and needs an exemption reason', ['line', 'category'], 'never'),
  'tax.category_mismatch': entry(2205, 'A rate of {rate} does not fit category {category}', ['rate', 'category'], 'never'),
  'tax.override_out_of_tolerance': entry(2206, 'Tax on line {line} differs from the computed amount by more than {tolerance}', ['line', 'tolerance'], 'never'),
  'tax.return_filed': entry(2207, 'The return for {period} is filed; its transactions are locked', ['period'], 'never'),
  'tax.return_not_open': entry(2208, 'The return for {period} cannot be filed: {reason}', ['period', 'reason'], 'never'),
  'tax.table_missing': entry(2209, 'No {table} table is configured for {date}', ['table', 'date'], 'never'),

  // Parties and products, from 2300
  'party.email_taken': entry(2301, 'Another {role} already uses this e-mail address', ['role', 'existingId'], 'never'),
  'party.archived': entry(2302, '{role} {name} is inactive', ['role', 'name'], 'never'),
  'party.wrong_role': entry(2303, '{name} is not a {role}', ['name', 'role'], 'never'),
  'party.has_open_documents': entry(2304, '{name} has {count} open documents', ['name', 'count'], 'never'),
  'product.sku_taken': entry(2305, 'SKU {sku} is already used', ['sku'], 'never'),
  'product.inactive': entry(2306, 'Product {name} is inactive', ['name'], 'never'),
  'product.stock_insufficient': entry(2307, 'Only {available} of {name} are in stock', ['available', 'name'], 'never'),
  'product.not_tracked': entry(2308, 'Product {name} does not track stock', ['name'], 'never'),

  // Sales, from 2400
  'sales.invoice_not_draft': entry(2401, 'Invoice {number} is {status}; only drafts can be changed in this way', ['number', 'status'], 'never'),
  'sales.invoice_voided': entry(2402, 'Invoice {number} is already voided', ['number'], 'never'),
  'sales.invoice_has_payments': entry(2403, 'Invoice {number} has payments; remove them or issue a credit note', ['number'], 'never'),
  'sales.invoice_already_paid': entry(2404, 'Invoice {number} is already paid', ['number'], 'never'),
  'sales.invoice_not_open': entry(2405, 'Invoice {number} is {status} and takes no payments', ['number', 'status'], 'never'),
  'sales.number_format_invalid': entry(2406, '{number} does not fit the number format {format}', ['number', 'format'], 'never'),
  'sales.currency_fixed': entry(2407, 'The currency of {number} cannot change any more', ['number'], 'never'),
  'sales.total_negative': entry(2408, 'The total may not be negative; issue a credit note instead', [], 'never'),
  'sales.discount_exceeds_total': entry(2409, 'The discount of {amount} exceeds the total', ['amount'], 'never'),
  'sales.weights_cancel': entry(2410, 'The amount cannot be spread over lines that cancel each other', [], 'never'),
  'sales.credit_exceeds_remaining': entry(2411, 'The credit of {amount} exceeds the remaining {remaining}', ['amount', 'remaining'], 'never'),
  'sales.quotation_not_editable': entry(2412, 'Quotation {number} is {status} and cannot be changed', ['number', 'status'], 'never'),
  'sales.quotation_expired': entry(2413, 'Quotation {number} expired on {date}', ['number', 'date'], 'never'),
  'sales.quotation_converted': entry(2414, 'Quotation {number} was already converted to {invoiceNumber}', ['number', 'invoiceNumber'], 'never'),
  'sales.quotation_not_accepted': entry(2415, 'Quotation {number} is {status}; only accepted quotations can be converted', ['number', 'status'], 'never'),
  'sales.allocation_exceeds_due': entry(2416, '{amount} is more than the {due} due on invoice {number}', ['amount', 'due', 'number'], 'never'),
  'sales.allocation_exceeds_receipt': entry(2417, 'The allocations exceed the receipt by {difference}', ['difference'], 'never'),
  'sales.allocation_currency_mismatch': entry(2418, 'Receipt ({receiptCurrency}) and invoice ({invoiceCurrency}) need an exchange rate', ['receiptCurrency', 'invoiceCurrency'], 'never'),
  'sales.receipt_voided': entry(2419, 'Receipt {number} is already voided', ['number'], 'never'),
  'sales.refund_exceeds_credit': entry(2420, '{amount} is more than the credit of {remaining}', ['amount', 'remaining'], 'never'),
  'sales.writeoff_over_tolerance': entry(2421, 'Only differences up to {tolerance} may be written off', ['tolerance'], 'never'),
  'sales.email_missing': entry(2422, '{name} has no e-mail address', ['name'], 'never'),
  'sales.schedule_invalid': entry(2423, 'The schedule is not valid: {reason}', ['reason'], 'never'),
  'sales.schedule_ended': entry(2424, 'The schedule ended on {date}', ['date'], 'never'),
  'sales.recipient_stopped': entry(2425, '{email} has opted out of messages', ['email'], 'never'),

  // Purchases, from 2500
  'purchases.bill_not_editable': entry(2501, 'Bill {number} is {status} and cannot be changed', ['number', 'status'], 'never'),
  'purchases.bill_voided': entry(2502, 'Bill {number} is already voided', ['number'], 'never'),
  'purchases.bill_has_payments': entry(2503, 'Bill {number} has payments and cannot be voided', ['number'], 'never'),
  'purchases.payment_exceeds_due': entry(2504, '{amount} is more than the {due} due on bill {number}', ['amount', 'due', 'number'], 'never'),
  'purchases.duplicate_reference': entry(2505, 'Supplier {name} already has a bill with reference {reference}', ['name', 'reference', 'existingId'], 'never'),
  'purchases.supplier_inactive': entry(2506, 'Supplier {name} is inactive', ['name'], 'never'),
  'purchases.expense_voided': entry(2507, 'Expense {number} is already voided', ['number'], 'never'),
  'purchases.withholding_invalid': entry(2508, 'Withholding of {amount} exceeds the payment', ['amount'], 'never'),
  'purchases.certificate_voided': entry(2509, 'Certificate {number} is voided', ['number'], 'never'),
  'purchases.petty_cash_state': entry(2510, 'Petty cash request {number} is {status}; {action} is not possible', ['number', 'status', 'action'], 'never'),
  'purchases.petty_cash_unbalanced': entry(2511, 'Expenses and returned cash must add up to {expected}', ['expected'], 'never'),

  // Banking, from 2600
  'banking.sign_mismatch': entry(2601, 'A {type} must have a {sign} amount', ['type', 'sign'], 'never'),
  'banking.transaction_duplicate': entry(2602, 'This bank transaction was already imported', ['existingId'], 'never'),
  'banking.transaction_matched': entry(2603, 'This bank transaction is already matched', [], 'never'),
  'banking.transaction_not_matched': entry(2604, 'This bank transaction is not matched', [], 'never'),
  'banking.match_amount_mismatch': entry(2605, 'The matched items differ from the bank transaction by {difference}', ['difference'], 'never'),
  'banking.match_target_invalid': entry(2606, '{resource} {id} cannot be matched: {reason}', ['resource', 'id', 'reason'], 'never'),
  'banking.statement_gap': entry(2607, 'The statement opens at {found} but the account stood at {expected}', ['found', 'expected'], 'never'),
  'banking.statement_unreadable': entry(2608, 'The statement could not be read: {reason}', ['reason', 'line'], 'never'),
  'banking.statement_total_wrong': entry(2609, 'Opening balance and lines do not give the closing balance; the difference is {difference}', ['difference'], 'never'),
  'banking.reconcile_difference': entry(2610, 'Book and bank balance differ by {difference}', ['difference'], 'never'),
  'banking.account_in_use': entry(2611, 'Bank account {name} has transactions and cannot be deleted', ['name'], 'never'),
  'banking.repayment_exceeds_loan': entry(2612, '{amount} is more than the {balance} outstanding on loan {number}', ['amount', 'balance', 'number'], 'never'),
  'banking.loan_offer_exceeded': entry(2613, '{amount} is more than the {available} offered', ['amount', 'available'], 'never'),
  'banking.loan_offer_expired': entry(2614, 'The offer expired on {date}', ['date'], 'never'),

  // Assets and payroll, from 2700
  'assets.disposed': entry(2701, 'Asset {number} was already disposed of', ['number'], 'never'),
  'assets.life_invalid': entry(2702, 'Useful life must be between 1 and {max} months', ['max'], 'never'),
  'assets.salvage_exceeds_cost': entry(2703, 'Salvage value may not exceed cost', [], 'never'),
  'assets.depreciation_run': entry(2704, 'Depreciation for {period} has already been run', ['period'], 'never'),
  'assets.disposal_too_early': entry(2705, 'Disposal may not be dated before the last depreciation on {date}', ['date'], 'never'),
  'payroll.run_exists': entry(2706, 'Payroll for {period} has already been run', ['period'], 'never'),
  'payroll.no_employees': entry(2707, 'There are no active employees in {period}', ['period'], 'never'),
  'payroll.employee_terminated': entry(2708, '{name} is terminated', ['name'], 'never'),
  'payroll.employee_not_active': entry(2709, '{name} is not active', ['name'], 'never'),
  'payroll.net_negative': entry(2710, 'Deductions of {name} exceed gross pay', ['name'], 'never'),

  // Documents, files, imports, from 2800
  'documents.template_unknown': entry(2801, 'Template {template} does not exist', ['template'], 'never'),
  'documents.language_unknown': entry(2802, 'Language {value} is not available', ['value'], 'never'),
  'documents.paper_unknown': entry(2803, 'Paper size {value} is not available', ['value'], 'never'),
  'documents.mandatory_missing': entry(2804, 'The document lacks mandatory particulars: {fields}', ['fields'], 'never'),
  'documents.logo_invalid': entry(2805, 'The logo is not valid: {reason}', ['reason'], 'never'),
  'documents.characters_unsupported': entry(2806, 'No bundled font has the characters {value}', ['value'], 'never'),
  'documents.not_found': entry(2807, 'This link is not valid', [], 'never'),
  'documents.link_expired': entry(2808, 'This document link has expired', [], 'never'),
  'documents.not_ready': entry(2809, 'The document is still being made', [], 'after'),
  'documents.render_failed': entry(2810, 'The document could not be made', [], 'backoff'),
  'documents.render_timeout': entry(2811, 'The document took too long to make', [], 'backoff'),
  'documents.email_invalid': entry(2812, '{field} is not a valid e-mail address', ['field'], 'never'),
  'documents.email_limit': entry(2813, 'More than {limit} messages for this document today', ['limit'], 'after'),
  'documents.order_pdf_not_found': entry(2814, 'Purchase order not found for company {companyId} and purchase order ID {orderId}', ['companyId', 'orderId', 'platformName'], 'never'),
  'documents.file_type_refused': entry(2815, 'Files of type {mediaType} are not accepted', ['mediaType'], 'never'),
  'documents.file_too_large': entry(2816, 'Files may be at most {limitBytes} bytes', ['limitBytes'], 'never'),
  'documents.file_content_mismatch': entry(2817, 'The file is not a {mediaType}', ['mediaType'], 'never'),
  'documents.pdf_not_found': entry(2818, 'Invoice not found for company {companyId} and invoice ID {invoiceId}', ['companyId', 'invoiceId', 'platformName'], 'never'),
  'import.file_unreadable': entry(2819, 'The file could not be read: {reason}', ['reason'], 'never'),
  'import.rows_refused': entry(2820, '{count} rows have errors; nothing was imported', ['count', 'rows[]'], 'never'),
  'import.already_undone': entry(2821, 'This import was already undone', [], 'never'),
  'import.not_undoable': entry(2822, 'This import cannot be undone: {reason}', ['reason'], 'never'),
  'export.not_ready': entry(2823, 'The export is still being made', [], 'after'),
  'reports.range_invalid': entry(2824, 'The start date must not be after the end date', [], 'never'),
  'reports.periods_invalid': entry(2825, 'periodLength and periodsToCompare must be between 1 and {max}', ['max'], 'never'),
  'reports.question_unsupported': entry(2826, 'The question is not one that can be answered from the reports', [], 'never'),
  'reports.too_many_lines': entry(2827, 'The report would add up more than {max} lines one by one', ['max'], 'never'),

  // Electronic invoices, from 2900
  'einvoice.rule_broken': entry(2901, '{rule}: {reason}', ['rule', 'reason', 'pointer', 'issues[]'], 'never'),
  'einvoice.unreadable': entry(2902, 'The file is not a readable electronic invoice: {reason}', ['reason'], 'never'),
  'einvoice.xml_forbidden': entry(2903, 'The file uses XML features that are not accepted', [], 'never'),
  'einvoice.too_large': entry(2904, 'Electronic invoices may be at most {limitBytes} bytes', ['limitBytes'], 'never'),
  'einvoice.unsupported_syntax': entry(2905, 'The syntax {value} is not supported', ['value'], 'never'),
  'einvoice.no_embedded_xml': entry(2906, 'The PDF has no embedded invoice', [], 'never'),
  'einvoice.pdf_encrypted': entry(2907, 'The PDF is encrypted', [], 'never'),
  'einvoice.duplicate': entry(2908, 'This electronic invoice was already received', ['existingId'], 'never'),
  'einvoice.not_addressed_to_us': entry(2909, 'The invoice is addressed to {name}', ['name'], 'never'),
  'einvoice.bank_details_changed': entry(2910, 'The bank details differ from those stored for {name}; confirm them', ['name'], 'action'),
  'einvoice.supplier_unknown': entry(2911, 'No supplier matches {name}', ['name'], 'never'),
  'einvoice.profile_incomplete': entry(2912, 'The customer lacks data needed for {profile}: {fields}', ['profile', 'fields'], 'never'),
  'einvoice.rounding_policy': entry(2913, 'The rounding policy of this business does not fit electronic invoices', [], 'never'),
  'einvoice.clearance_rejected': entry(2914, 'The authority rejected the invoice: {reason}', ['reason'], 'never'),
  'einvoice.clearance_unavailable': entry(2915, 'The authority could not be reached', [], 'backoff'),
  'einvoice.clearance_expired': entry(2916, 'The time for clearance ended on {date}', ['date'], 'never'),

  // Connect: companies, connections, sync, push, from 3000
  'sync.company_not_found': entry(3001, 'No company was found with ID {companyId}', ['companyId'], 'never'),
  'sync.connection_not_found': entry(3002, 'Data connection {connectionId} not found', ['connectionId'], 'never'),
  'sync.integration_not_found': entry(3003, 'No integration with key {platformKey}', ['platformKey'], 'never'),
  'sync.data_type_unsupported': entry(3004, 'Datatype {dataType} not supported by platform(s) {platforms}', ['dataType', 'platforms'], 'never'),
  'sync.data_type_not_queueable': entry(3005, 'Datatype {dataType} not supported by platform {integrationId}', ['dataType', 'integrationId'], 'never'),
  'sync.data_not_available': entry(3006, 'No data available for {dataType} for ID {id}', ['dataType', 'id'], 'never'),
  'sync.dataset_not_requested': entry(3007, 'The data set has not been requested.', [], 'action'),
  'sync.dataset_incomplete': entry(3008, 'The syncing of data set has not been completed.', [], 'after'),
  'sync.dataset_in_progress': entry(3009, 'Cannot queue {dataType} sync for {companyId} as previous sync {datasetId} is still in progress', ['dataType', 'companyId', 'datasetId'], 'after'),
  'sync.dataset_not_found': entry(3010, 'No data set was found with ID {datasetId}', ['datasetId'], 'never'),
  'sync.refresh_in_progress': entry(3011, 'Data cannot be refreshed while a read operation is in progress.', [], 'after'),
  'sync.product_unsupported': entry(3012, 'Product {product} does not support a data refresh', ['product', 'docsUrl'], 'never'),
  'sync.connection_not_linked': entry(3013, 'Data connection {connectionId} is {status}; link it first', ['connectionId', 'status', 'platformName'], 'action'),
  'sync.connection_transition': entry(3014, 'Only a linked connection can be unlinked; this one is {status}', ['status'], 'never'),
  'sync.connection_category_taken': entry(3015, 'Company {companyId} already has an active {sourceType} connection', ['companyId', 'sourceType'], 'never'),
  'sync.authorization_rejected': entry(3016, '{platformName} did not accept the credentials: {reason}', ['platformName', 'reason'], 'action'),
  'sync.oauth_state_invalid': entry(3017, 'The authorization answer does not belong to a pending connection', [], 'never'),
  'sync.tags_invalid': entry(3018, 'Tags: {reason}', ['reason'], 'never'),
  'sync.company_reference_invalid': entry(3019, 'Company {companyId} cannot be a parent here', ['companyId'], 'never'),
  'sync.custom_type_invalid': entry(3020, 'Custom data type definition is not valid: {reason}', ['reason'], 'never'),
  'sync.supplemental_invalid': entry(3021, 'Supplemental data configuration is not valid: {reason}', ['reason'], 'never'),
  'sync.platform_blocked': entry(3022, 'Platform {platformKey} is not currently available for compliance purposes.', ['platformKey'], 'never'),
  'sync.push_connection_missing': entry(3023, 'Push object DataConnectionArgs must be provided', [], 'never'),
  'sync.push_unsupported': entry(3024, '{operation} of {dataType} is not supported by {platformName}', ['operation', 'dataType', 'platformName'], 'never'),
  'sync.push_record_missing': entry(3025, 'Record {id} of {dataType} does not exist at {platformName}', ['id', 'dataType', 'platformName'], 'never'),
  'sync.push_refused': entry(3026, 'Push failed for {entity}: see validation for more information', ['entity', 'issues[]'], 'never'),
  'sync.push_timed_out': entry(3027, 'The push did not complete within {minutes} minutes', ['minutes'], 'unknown'),
  'sync.expense_update_unsupported': entry(3028, 'Expense transaction updates are not supported for platforms other than Xero.', [], 'never'),
  'sync.expense_configuration_missing': entry(3029, 'Company {companyId} has no expense configuration', ['companyId'], 'action'),
  'sync.bank_feed_account_unknown': entry(3030, 'Source account {id} is not mapped', ['id'], 'never'),
  'sync.downstream_forbidden': entry(3031, "A downstream endpoint can't be accessed.", ['platformName'], 'action'),
  'sync.integration_disabled': entry(3032, 'Integration {platformKey} is not enabled.', ['platformKey'], 'action'),

  // Connect: answers of a platform, from 3100
  'connect.platform_auth_expired': entry(3101, '{platformName} refused our credentials; the customer must link again', ['platformName'], 'action'),
  'connect.platform_permission_denied': entry(3102, '{platformName} does not allow access to {dataType}', ['platformName', 'dataType'], 'action'),
  'connect.platform_subscription_ended': entry(3103, 'The subscription at {platformName} has ended', ['platformName'], 'action'),
  'connect.platform_rate_limited': entry(3104, '{platformName} limits requests; the sync continues at {until}', ['platformName', 'until'], 'after'),
  'connect.platform_quota_exhausted': entry(3105, 'The allowance at {platformName} is used up until {until}', ['platformName', 'until'], 'after'),
  'connect.platform_unavailable': entry(3106, '{platformName} could not be reached', ['platformName'], 'backoff'),
  'connect.platform_malformed_reply': entry(3107, '{platformName} sent an answer that could not be read', ['platformName'], 'backoff'),
  'connect.platform_record_invalid': entry(3108, '{platformName} refused the record: {reason}', ['platformName', 'reason'], 'never'),
  'connect.platform_duplicate': entry(3109, '{platformName} already has such a record', ['platformName'], 'never'),
  'connect.platform_stale_version': entry(3110, 'The record changed at {platformName}; read it again', ['platformName'], 'backoff'),
  'connect.platform_period_closed': entry(3111, 'The period is closed at {platformName}', ['platformName'], 'never'),
  'connect.platform_not_found': entry(3112, 'The record does not exist at {platformName}', ['platformName'], 'never'),
  'connect.platform_question': entry(3113, '{platformName} asks: {reason}', ['platformName', 'reason'], 'action'),
  'connect.push_outcome_unknown': entry(3114, '{platformName} did not confirm the write; it is being checked', ['platformName'], 'unknown'),
  'connect.push_mismatch': entry(3115, '{platformName} stored something else than was sent', ['platformName'], 'never'),
  'connect.datatype_unsupported': entry(3116, '{dataType} is not supported by {platformName}', ['dataType', 'platformName'], 'never'),
  'connect.prerequisite_not_met': entry(3117, '{dataType} needs {prerequisite} first', ['dataType', 'prerequisite'], 'after'),
  'connect.mapping_failed': entry(3118, 'A record could not be mapped: {reason}', ['reason'], 'never'),
  'connect.tieout_difference': entry(3119, 'Totals differ from those of {platformName} by {difference}', ['platformName', 'difference'], 'never'),
  'connect.file_rejected': entry(3120, 'The file was rejected: {reason}', ['reason'], 'never'),
  'connect.sweep_suspicious': entry(3121, 'The sweep would delete {count} records; confirm it', ['count'], 'action'),
  'connect.tenant_mismatch': entry(3122, 'The authorization belongs to another company at {platformName}', ['platformName'], 'never'),
  'connect.internal': entry(3123, 'Internal server error', [], 'unknown'),

  // Webhooks and events, from 3200
  'webhooks.url_not_https': entry(3201, 'Webhook URL must use https', [], 'never'),
  'webhooks.url_refused': entry(3202, 'Webhook URL is not reachable', [], 'never'),
  'webhooks.event_unknown': entry(3203, 'Unknown event type {event}', ['event'], 'never'),
  'webhooks.endpoint_disabled': entry(3204, 'Webhook endpoint {endpointId} is disabled', ['endpointId'], 'action'),
  'webhooks.url_taken': entry(3205, 'Webhook endpoint with this URL already exists', ['existingId'], 'never'),
  'webhooks.rotation_active': entry(3206, 'The previous secret is still valid until {date}', ['date'], 'never'),
  'webhooks.replay_range': entry(3207, 'A replay may cover at most {days} days', ['days'], 'never'),
  'webhooks.event_expired': entry(3208, 'Event {eventId} is older than {days} days and no longer stored', ['eventId', 'days'], 'never'),

  // Test and simulation, from 3300
  'test.live_forbidden': entry(3301, 'This is possible in the test environment only', [], 'never'),
  'test.clock_backwards': entry(3302, 'The test clock cannot move back; it stands at {date}', ['date'], 'never'),
  'test.clock_too_far': entry(3303, 'The test clock can move at most {days} days at a time', ['days'], 'never'),
  'test.simulated_code_unknown': entry(3304, '{value} is not an error code', ['value'], 'never'),

  // MCP, from 3400
  'mcp.read_only': entry(3401, 'This connection is read only', [], 'never'),
  'mcp.tool_unknown': entry(3402, 'There is no tool {tool}', ['tool'], 'never'),
  'mcp.confirmation_required': entry(3403, '{tool} needs the confirmation token of a dry run of the same request', ['tool'], 'action'),
  'mcp.confirmation_invalid': entry(3404, 'The confirmation token is not valid for this request or has expired', [], 'action'),

  // Platform, from 9000
  'platform.unexpected': entry(9001, 'Internal server error', [], 'backoff'),
  'platform.maintenance': entry(9002, 'The API is temporarily offline for maintenance. Please try again later.', ['until'], 'after'),
  'platform.read_only': entry(9003, 'The API is read only at the moment. Please try again later.', ['until'], 'after'),
  'platform.database_unavailable': entry(9004, 'The service is not available at the moment. Please try again later.', [], 'backoff'),
  'platform.storage_full': entry(9005, 'The service cannot store data at the moment. Please try again later.', [], 'backoff'),
  'platform.lane_full': entry(9006, 'Too many writes are waiting for this business. Please try again later.', [], 'after'),
  'platform.overloaded': entry(9007, 'The service is busy. Please try again later.', [], 'after'),
  'platform.timeout': entry(9008, 'The request took too long and was stopped', [], 'backoff'),
  'platform.write_conflict': entry(9009, 'The write could not be completed because of other writes. Please try again.', [], 'backoff'),
  'platform.shutting_down': entry(9010, 'The service is restarting. Please try again.', [], 'after'),
  'platform.mail_unavailable': entry(9011, 'The message could not be handed to the mail server', [], 'backoff'),
  'platform.contract_broken': entry(9012, 'Internal server error', [], 'backoff'),
} as const

export type ErrorCode = keyof typeof catalogue

/** When the same request may succeed: never, after some seconds, later, after someone acts. */
export type Retry = 'never' | 'after' | 'backoff' | 'action' | 'unknown'

/** One fault in a request: where (JSON pointer and readable path), which rule, and what to say. */
export type Issue = Readonly<{
  pointer: string
  path: string
  rule: IssueRule
  message: string
  expected?: string | undefined
  fix?: string | undefined
}>

/** Rules a schema can find broken, or the id of a rule of electronic invoices. */
export type IssueRule =
  | 'required'
  | 'type'
  | 'format'
  | 'enum'
  | 'range'
  | 'length'
  | 'pattern'
  | 'items'
  | 'unknown'
  | 'characters'
  | 'precision'
  | 'order'
  | `einvoice.${string}`

/** An amount as kernel/money.ts makes it. Named here by shape, because money refuses too. */
export type Amount = Readonly<{ minor: bigint; currency: string }>

/** A member of a list parameter, as it goes over the wire. */
export type ListItem = string | number | Readonly<Record<string, string | number | boolean | null>>

export type ParamValue =
  | string
  | number
  | bigint
  | Amount
  | undefined
  | readonly Issue[]
  | readonly ListItem[]

/**
 * The parameters a code must be thrown with. `retryAfterSeconds` is welcome everywhere.
 * A few may be left out: addresses the edge fills in, and ids that are not always known.
 */
export type ParamsOf<C extends ErrorCode> = C extends ErrorCode
  ? ParamsFrom<(typeof catalogue)[C]['params'][number]>
  : never

/**
 * The only way to say no. Carries a code and its values; a surface gives it words and a status.
 * Example: `throw new Refusal('ledger.rate_missing', { from: 'USD', to: 'NGN', date })`.
 */
export class Refusal<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C
  readonly params: ParamsOf<C>

  constructor(code: C, ...params: RefusalArguments<C>) {
    super(code)
    this.name = 'Refusal'
    this.code = code
    // A code that needs no values takes an empty set of them; the argument type sees to it.
    this.params = (params[0] ?? {}) as ParamsOf<C>
  }

  /** Seconds until another attempt can succeed, when the thrower knows them. */
  get retryAfterSeconds(): number | undefined {
    const { retryAfterSeconds } = this.params
    return retryAfterSeconds
  }
}

/** Whether something caught is a refusal, of one code when it is given. */
export function isRefusal<C extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: C,
): error is Refusal<C> {
  return error instanceof Refusal && (code === undefined || error.code === code)
}

/** Whether a text is a code of the catalogue. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(catalogue, text)

type Entry<P extends readonly string[]> = Readonly<{
  number: number
  sentence: string
  params: P
  retry: Retry
}>

function entry<const P extends readonly string[]>(
  number: number,
  sentence: string,
  params: P,
  retry: Retry,
): Entry<P> {
  return { number, sentence, params, retry }
}

type Bare<P extends string> = P extends `${infer Name}[]` ? Name : P
type MayBeLeftOut = 'docsUrl' | 'existingId' | 'approvalId' | 'itemCode' | 'since' | 'until'

type ParamsFrom<P extends string> = Readonly<
  { [Name in Exclude<P, MayBeLeftOut> as Bare<Name>]: ValueOf<Name> } & {
    [Name in Extract<P, MayBeLeftOut>]?: ValueOf<Name> | undefined
  } & { retryAfterSeconds?: number | undefined }
>

type ValueOf<P extends string> = P extends 'issues[]'
  ? readonly Issue[]
  : P extends `${string}[]`
    ? readonly ListItem[]
    : P extends 'min' | 'max'
      ? Quantity | bigint
      : P extends WholeNumber
        ? number | bigint
        : P extends AmountName
          ? Quantity
          : string | number

/** Money, or a quantity already written as the reader should see it. Never bare minor units. */
type Quantity = Amount | string | number

type WholeNumber =
  | `${string}Seconds`
  | `${string}Bytes`
  | 'limit'
  | 'days'
  | 'hours'
  | 'minutes'
  | 'seconds'
  | 'maxDays'
  | 'maxHours'
  | 'count'
  | 'line'
  | 'index'
  | 'position'
  | 'decimals'

type AmountName =
  | 'amount'
  | 'debit'
  | 'credit'
  | 'difference'
  | 'due'
  | 'remaining'
  | 'tolerance'
  | 'floor'
  | 'balance'
  | 'price'
  | 'expected'
  | 'found'
  | 'available'

type RefusalArguments<C extends ErrorCode> =
  Record<never, never> extends ParamsOf<C> ? [params?: ParamsOf<C>] : [params: ParamsOf<C>]
