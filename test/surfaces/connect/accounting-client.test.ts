import { CodatAccounting } from '@codat/accounting'
import { expect, test } from 'vitest'
import { theWorld } from '../../harness.ts'
import { aCustomer, aLinkedCompany, anInvoice, post } from './linked.ts'

const origin = await (await theWorld()).app.listen()

/** The published client, unmodified: only the address and the header differ. */
const clientFor = (authHeader: string): CodatAccounting =>
  new CodatAccounting({ serverURL: `${origin}/connect`, security: { authHeader } })

const noRetries = { strategy: 'none' } as never // the client's own word for it

test('an invoice made on Invoicing is read with its customer, journal entry and account', async () => {
  const company = await aLinkedCompany()
  const { companyId } = company
  const client = clientFor(company.connect.authorization)
  const customerId = await aCustomer(company, { email: 'accounts@juniper.example' })
  const invoiceId = await anInvoice(company, { customer_id: customerId, status: 'sent' })

  const { customer } = await client.customers.get({ companyId, customerId }, noRetries)
  expect(customer).toMatchObject({
    id: customerId,
    customerName: 'Juniper Stores',
    emailAddress: 'accounts@juniper.example',
    status: 'Active',
  })
  const { customers } = await client.customers.list({ companyId }, noRetries)
  expect(customers?.results?.map(({ id }) => id)).toEqual([customerId])

  const { invoice } = await client.invoices.get({ companyId, invoiceId }, noRetries)
  expect(invoice).toMatchObject({
    id: invoiceId,
    customerRef: { id: customerId, companyName: 'Juniper Stores' },
    issueDate: '2026-06-01T00:00:00',
    dueDate: '2026-07-01T00:00:00',
    currency: 'USD',
    subTotal: 250.5,
    totalTaxAmount: 15.04,
    totalAmount: 265.54,
    amountDue: 265.54,
    status: 'Submitted',
  })
  const query = `customerRef.id=${customerId}&&amountDue>0&&totalAmount<1000`
  const { invoices } = await client.invoices.list({ companyId, query }, noRetries)
  expect(invoices?.results).toEqual([invoice])

  const { journalEntries } = await client.journalEntries.list(
    { companyId, query: `recordRef.id=${invoiceId}` },
    noRetries,
  )
  const [entry] = journalEntries?.results ?? []
  expect(entry?.journalLines?.map(({ netAmount }) => netAmount)).toEqual([265.54, -250.5, -15.04])
  const journalEntryId = entry?.id ?? ''
  const one = await client.journalEntries.get({ companyId, journalEntryId }, noRetries)
  expect(one.journalEntry).toEqual(entry)

  const { accounts } = await client.accounts.list(
    { companyId, query: 'nominalCode=1100' },
    noRetries,
  )
  const [receivables] = accounts?.results ?? []
  expect(receivables).toMatchObject({
    name: 'Trade Debtors',
    fullyQualifiedCategory: 'Asset.Current.Receivables',
    type: 'Asset',
    currentBalance: 265.54,
  })
  const account = await client.accounts.get(
    { companyId, accountId: receivables?.id ?? '' },
    noRetries,
  )
  expect(account.account).toEqual(receivables)
})

test('company info and both statements are read', async () => {
  const company = await aLinkedCompany()
  const { companyId, businessId } = company
  const client = clientFor(company.connect.authorization)
  await post(company, '2026-05-10', { '1010': 50_000n, '3000': -50_000n })
  await post(company, '2026-06-10', { '6100': 12_000n, '1010': -12_000n })

  const info = await client.companyInfo.get({ companyId }, noRetries)
  expect(info.companyDataset).toMatchObject({
    companyName: 'Test business',
    accountingPlatformRef: businessId,
    baseCurrency: 'USD',
    financialYearStartDate: '2026-01-01T00:00:00',
  })
  const refreshed = await client.companyInfo.refresh({ companyId }, noRetries)
  expect(refreshed.statusCode).toBe(200)

  const periods = { companyId, periodLength: 1, periodsToCompare: 3 }
  const { balanceSheet } = await client.reports.getBalanceSheet(periods, noRetries)
  expect(balanceSheet?.reports.map(({ date, netAssets }) => [date, netAssets])).toEqual([
    ['2026-06-30T00:00:00', 380],
    ['2026-05-31T00:00:00', 500],
  ])
  const { profitAndLossReport } = await client.reports.getProfitAndLoss(periods, noRetries)
  expect(profitAndLossReport?.reports.map(({ netProfit }) => netProfit)).toEqual([-120, 0])
})
