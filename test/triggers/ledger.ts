import { createAccount } from '../../src/modules/ledger/account.actions.ts'
import { type Answer, aBusiness } from '../harness.ts'
import { booksOf } from '../surfaces/books/client.ts'
import { idOf, nigeria, type Recipes } from './recipe.ts'

const shop = await aBusiness(nigeria)
const books = booksOf(shop)

const journals = '/v1/journal-entries'
const accounts = '/v1/chart-of-accounts'
const closing = '/v1/period-locks/close'

const entry = (lines: readonly object[], client = books): Promise<Answer> =>
  client.post(journals, {
    ...{ transactionDate: '2026-06-01', description: 'Rent', post: true },
    lines,
  })

/** What is kept in memory of the chart is read again after it. */
const addAccount = (code: string): Promise<Answer> =>
  books.post(accounts, { code, name: `Account ${code}`, category: 'expense' })

const close = (client = books, throughDate = '2026-04-30'): Promise<Answer> =>
  client.post(closing, { throughDate, reason: 'Audited' })

/** What the books of an accountant refuse. */
export const ofTheLedger: Recipes = {
  'ledger.account_code_reserved': () =>
    books.post(accounts, { code: '2001', name: 'Payables again', category: 'liability' }),
  'ledger.account_in_use': async () => {
    const made = await addAccount('5998')
    await entry([
      { accountId: '5998', debit: 100 },
      { accountId: '2002', credit: 100 },
    ])
    return books.put(`${accounts}/${idOf(made)}`, { isActive: false })
  },
  'ledger.account_is_group': async () => {
    await shop.owner.query(
      `update account set is_header = true where business_id = $1 and code = '5021'`,
      [shop.businessId],
    )
    await addAccount('5997')
    return entry([
      { accountId: '5021', debit: 100 },
      { accountId: '2002', credit: 100 },
    ])
  },
  'ledger.account_currency_mismatch': async () => {
    const dollars = {
      code: '1014',
      name: 'Bank - USD',
      category: 'asset',
      currency: 'USD',
    } as const
    await shop.write(createAccount, dollars)
    return entry([
      { accountId: '1014', debit: 100 },
      { accountId: '2002', credit: 100 },
    ])
  },
  'ledger.balance_out_of_range': async () => {
    const own = await aBusiness(nigeria)
    const rent = [
      { accountId: '5020', debit: 100 },
      { accountId: '2002', credit: 100 },
    ]
    await entry(rent, booksOf(own))
    for (const table of ['balance_day', 'balance_month']) {
      await own.owner.query(
        `update ${table} set debit_base = 9223372036854775807 where business_id = $1`,
        [own.businessId],
      )
    }
    return entry(rent, booksOf(own))
  },
  'reports.too_many_lines': async () => {
    const own = await aBusiness(nigeria)
    const client = booksOf(own)
    for (let i = 0; i < 2; i += 1) {
      await entry(
        [
          { accountId: '5020', debit: 100 },
          { accountId: '2002', credit: 100 },
        ],
        client,
      )
    }
    // As many lines as nobody posts in a test, which are counted and not read.
    await own.owner.query(
      `begin; set local role postgres; set local session_replication_role = replica;
      insert into journal_entry select (jsonb_populate_record(e, jsonb_build_object(
        'entry_id', gen_random_uuid(), 'entry_seq', n, 'number', 'X-' || n, 'line_count', 1000,
        'recorded_at', e.recorded_at + n * interval '1 second'))).*
      from journal_entry as e, generate_series(3, 4100) as n
      where e.business_id = '${own.businessId}' and e.entry_seq = 1; commit`,
    )
    return client.get('/v1/reports/trial-balance?asKnownAt=2026-06-15T12:34:10Z')
  },
  'ledger.year_not_closable': () => close(books, '2026-06-30'),
  'ledger.year_already_closed': async () => {
    const own = booksOf(await aBusiness(nigeria))
    await close(own)
    return close(own)
  },
  'tax.return_filed': async () => {
    const own = await aBusiness(nigeria)
    await own.owner.query(
      `insert into period_lock (business_id, seq, kind, scope, through_date, reason, set_by, recorded_at)
       values ($1, 1, 'tax', 'all', '2026-05-31', 'Filed', 'operator', '2026-06-01')`,
      [own.businessId],
    )
    const client = booksOf(own)
    await client.post(accounts, { code: '5997', name: 'Gifts', category: 'expense' })
    const made = await client.post('/v1/invoices', {
      ...{ customerName: 'Kuti Prints', customerEmail: 'accounts@kutiprints.example' },
      lineItems: [{ description: 'Poster run', quantity: 2, unitPrice: 100, taxRate: 7.5 }],
      ...{ invoiceDate: '2026-05-10', dueDate: '2026-07-20' },
    })
    return client.post(`/v1/invoices/${idOf(made)}/finalize`)
  },
}
