import type { ErrorCode } from '../../kernel/errors.ts'

/** A request as a page shows it; a text is a body that is no JSON. */
export type ShownRequest = Readonly<{
  surface: 'invoicing' | 'books' | 'connect'
  method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  /** Below the mount of the surface; `$customer` and its like stand for ids. */
  path: string
  headers?: Readonly<Record<string, string>>
  body?: unknown
}>

/** The same request twice: as it is refused, and as it is taken. */
export type ShownPair = Readonly<{ wrong: ShownRequest; right: ShownRequest }>

/** The ids that requests name; pages show these, tests put their own in their place. */
export const shownIds: Readonly<Record<string, string>> = {
  $business: 'biz_01jxw3c5m8f0q9v7t2k4n6r8ab',
  $company: '8e4f0b52-3c1d-4a7e-9f60-2b5d7c8a9e10',
  $customer: '0197a1c2-7b3e-7c41-8d52-6f0e9a4b1c23',
  $invoice: '0197a1c2-9d10-7f3a-b6c4-1e8d2a5f7b90',
  $nobody: '131f0225-5467-421a-b179-4531d6b4a942',
}

const customers = '/api/v1/customers'
const invoices = '/api/v1/invoices'
const journals = '/v1/journal-entries?businessId=$business'
const profitLoss = '/v1/reports/profit-loss?businessId=$business'

type Change = Partial<ShownRequest>

const pair = (base: ShownRequest, wrong: Change, right: Change): ShownPair => ({
  wrong: { ...base, ...wrong },
  right: { ...base, ...right },
})

const newCustomer = {
  surface: 'invoicing',
  method: 'POST',
  path: customers,
  body: { name: 'Juniper Stores' },
} as const

const item = { description: 'Site survey', quantity: 1, unit_price: 120 }
const newInvoice = {
  surface: 'invoicing',
  method: 'POST',
  path: invoices,
  body: { customer_id: '$customer', currency: 'NGN', items: [item] },
} as const

const debit = { accountId: '5020', debit: 100 }
const credit = { accountId: '2002', credit: 100 }
const entry = {
  transactionDate: '2026-06-01',
  description: 'June rent',
  lines: [debit, credit],
  post: true,
}
const newEntry = { surface: 'books', method: 'POST', path: journals, body: entry } as const

const withLines = (...lines: readonly object[]): Change => ({ body: { ...entry, lines } })

const read = (surface: ShownRequest['surface'], wrong: string, right: string): ShownPair => ({
  wrong: { surface, method: 'GET', path: wrong },
  right: { surface, method: 'GET', path: right },
})

const endpoint = { url: 'https://shop.example/hooks/ledger', events: ['invoice.paid'] }
const newEndpoint = {
  surface: 'invoicing',
  method: 'POST',
  path: '/api/v1/webhooks',
  body: endpoint,
} as const

const newCompany = {
  surface: 'connect',
  method: 'POST',
  path: '/companies',
  body: { name: 'Technicalium', tags: { region: 'west' } },
} as const

/**
 * A request that is refused with a code, and how it is put right, of the codes that one request
 * alone can meet. Tests send every one of them.
 * Source: platform specification 9.1, `example`.
 */
export const requestsByCode: Partial<Readonly<Record<ErrorCode, ShownPair>>> = {
  'request.malformed_json': pair(newCustomer, { body: '{"name": "Juniper Stores"' }, {}),
  'request.body_not_object': pair(newCustomer, { body: [{ name: 'Juniper Stores' }] }, {}),
  'request.media_type_unsupported': pair(
    newCustomer,
    { headers: { 'Content-Type': 'text/plain' } },
    {},
  ),
  'request.encoding_unsupported': pair(newCustomer, { headers: { 'Content-Encoding': 'br' } }, {}),
  'request.query_missing': read(
    'books',
    profitLoss,
    `${profitLoss}&startDate=2026-01-01&endDate=2026-06-30`,
  ),
  'request.id_malformed': read('invoicing', `${customers}/C-00017`, `${customers}/$customer`),
  'request.page_invalid': read('connect', '/companies?page=0', '/companies?page=1'),
  'request.cursor_invalid': read('books', `${journals}&cursor=2`, `${journals}&limit=20`),
  'request.query_language_malformed': read(
    'connect',
    '/companies?query=name',
    '/companies?query=name%3DTechnicalium',
  ),
  'request.order_by_unknown': read(
    'connect',
    '/companies?orderBy=title',
    '/companies?orderBy=name',
  ),
  'request.version_unsupported': read('books', journals.replace('v1', 'v2'), journals),
  'request.route_unknown': read('invoicing', '/api/v1/invoice', invoices),
  'request.method_not_allowed': pair(newCustomer, { method: 'PUT' }, {}),
  'request.business_id_missing': read('books', '/v1/journal-entries', journals),
  'validation.failed': pair(newEntry, { body: { ...entry, transactionDate: '2026-06-31' } }, {}),
  'validation.fields_missing': pair(newInvoice, { body: { currency: 'NGN' } }, {}),
  'validation.items_incomplete': pair(
    newInvoice,
    { body: { ...newInvoice.body, items: [{ description: 'Site survey' }] } },
    {},
  ),
  'validation.nothing_to_update': pair(
    { ...newCustomer, method: 'PATCH', path: `${customers}/$customer` },
    { body: { telephone: '+234 1 555 0100' } },
    { body: { phone: '+234 1 555 0100' } },
  ),
  'idempotency.key_invalid': pair(
    newCustomer,
    { headers: { 'Idempotency-Key': 'order 17' } },
    { headers: { 'Idempotency-Key': 'order-17' } },
  ),
  'resource.not_found': read('invoicing', `${customers}/$nobody`, `${customers}/$customer`),
  'ledger.journal_unbalanced': pair(newEntry, withLines(debit, { ...credit, credit: 90 }), {}),
  'ledger.account_not_found': pair(
    newEntry,
    withLines(debit, { ...credit, accountId: '9999' }),
    {},
  ),
  'ledger.account_is_control': pair(
    newEntry,
    withLines(debit, { ...credit, accountId: '2001' }),
    {},
  ),
  'ledger.date_too_far': pair(newEntry, { body: { ...entry, transactionDate: '2126-06-01' } }, {}),
  'ledger.account_code_taken': pair(
    {
      surface: 'books',
      method: 'POST',
      path: '/v1/chart-of-accounts?businessId=$business',
    },
    { body: { code: '5020', name: 'Gifts', category: 'expense' } },
    { body: { code: '5995', name: 'Gifts', category: 'expense' } },
  ),
  'ledger.rate_out_of_range': pair(
    { surface: 'invoicing', method: 'PUT', path: '', body: { rate: 1_523.75 } },
    { path: '/api/v1/exchange-rates/NGN/2026-05-20' },
    { path: '/api/v1/exchange-rates/USD/2026-05-20' },
  ),
  'reports.range_invalid': read(
    'books',
    `${profitLoss}&startDate=2026-06-30&endDate=2026-01-01`,
    `${profitLoss}&startDate=2026-01-01&endDate=2026-06-30`,
  ),
  'sales.total_negative': pair(
    newInvoice,
    { body: { ...newInvoice.body, items: [{ ...item, quantity: -1 }] } },
    {},
  ),
  'tax.category_mismatch': pair(
    newInvoice,
    { body: { ...newInvoice.body, items: [{ ...item, tax_rate: 7.5, tax_category: 'exempt' }] } },
    { body: { ...newInvoice.body, items: [{ ...item, tax_rate: 7.5 }] } },
  ),
  'documents.language_unknown': read(
    'invoicing',
    `${invoices}/$invoice/pdf?language=english`,
    `${invoices}/$invoice/pdf?language=en`,
  ),
  'documents.paper_unknown': read(
    'invoicing',
    `${invoices}/$invoice/pdf?paper=A-4`,
    `${invoices}/$invoice/pdf?paper=a4`,
  ),
  'webhooks.url_not_https': pair(
    newEndpoint,
    { body: { ...endpoint, url: 'http://shop.example/hooks/ledger' } },
    {},
  ),
  'webhooks.event_unknown': pair(
    newEndpoint,
    { body: { ...endpoint, events: ['invoice.settled'] } },
    { body: { ...endpoint, url: 'https://shop.example/hooks/paid' } },
  ),
  'sync.company_not_found': read('connect', '/companies/$nobody', '/companies/$company'),
  'sync.tags_invalid': pair(
    newCompany,
    { body: { ...newCompany.body, tags: { 'region:id': 'west' } } },
    {},
  ),
  'sync.push_connection_missing': pair(
    { surface: 'connect', method: 'POST', path: '/companies/$company/connections' },
    { body: {} },
    { body: { platformKey: 'tlsk' } },
  ),
}
