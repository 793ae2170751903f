import { expect, test } from 'vitest'
import { asDate } from '../../../src/kernel/dates.ts'
import { setSoftLock } from '../../../src/modules/ledger/period.actions.ts'
import { verifyTenant } from '../../../src/modules/reports/integrity.queries.ts'
import type { Answer } from '../../harness.ts'
import { aCompany, aCustomer, aLinkedCompany, type Linked, type WithCompany } from './linked.ts'

const survey = { description: 'Site survey', quantity: 2, unitAmount: 100.25 }

/** A company whose connection plays a script. */
async function aSandbox(scenario: string): Promise<Linked> {
  const company = await aCompany()
  const { connect, companyId, connectionPath } = company
  const made = await connect.post(`/companies/${companyId}/connections`, { platformKey: 'mqjo' })
  const linked = { ...company, connectionId: made.body.id as string }
  const answer = await connect.put(`${connectionPath(made.body.id)}/authorization`, { scenario })
  expect(answer.status).toBe(200)
  return linked
}

const play = ({ connect, connectionPath, connectionId }: Linked, scenario: string) =>
  connect.put(`${connectionPath(connectionId)}/authorization`, { scenario })

const pushInvoice = (
  { connect, connectionPath, connectionId }: Linked,
  body: unknown,
  query = '',
): Promise<Answer> => connect.post(`${connectionPath(connectionId)}/push/invoices${query}`, body)

const ended = ({ get }: WithCompany, { body }: Answer): Promise<Answer> =>
  get(`/push/${body.pushOperationKey}`)

const journal = async ({ get }: WithCompany): Promise<number> =>
  (await get('/data/journalEntries')).body.totalResults

test('200 a pushed invoice is answered as pending and has landed in the books', async () => {
  const linked = await aLinkedCompany({ baseCurrency: 'GBP', country: 'GB' })
  const customerId = await aCustomer(linked)

  const pushed = await pushInvoice(linked, {
    customerRef: { id: customerId },
    invoiceNumber: 'PO-77',
    issueDate: '2026-06-01T00:00:00',
    dueDate: '2026-07-01T00:00:00',
    currency: 'GBP',
    lineItems: [{ ...survey, taxRateRef: { effectiveTaxRate: 20 } }],
    totalAmount: 240.6,
    status: 'Submitted',
  })

  expect([pushed.status, pushed.body]).toEqual([
    200,
    {
      dataType: 'invoices',
      companyId: linked.companyId,
      pushOperationKey: expect.any(String),
      dataConnectionKey: linked.connectionId,
      requestedOnUtc: '2026-06-15T12:00:00.000Z',
      status: 'Pending',
      statusCode: 202,
    },
  ])
  const end = await ended(linked, pushed)
  const [change] = end.body.changes
  expect(end.body).toEqual({
    ...pushed.body,
    completedOnUtc: '2026-06-15T12:00:00.000Z',
    status: 'Success',
    statusCode: 200,
    validation: { errors: [], warnings: [] },
    changes: [{ type: 'Created', recordRef: { id: expect.any(String), dataType: 'invoices' } }],
  })
  const invoice = await linked.get(`/data/invoices/${change.recordRef.id}`)
  expect(invoice.body).toMatchObject({
    status: 'Submitted',
    totalAmount: 240.6,
    totalTaxAmount: 40.1,
    customerRef: { id: customerId },
  })
  expect(await journal(linked)).toBe(1)
})

test('200 an invoice that the books refuse ends as failed, and leaves nothing else', async () => {
  const linked = await aLinkedCompany()
  const customerRef = { id: await aCustomer(linked) }
  await linked.write(setSoftLock, { scope: 'sales', through: asDate('2026-05-31'), reason: 'x' })

  const many = await pushInvoice(linked, { lineItems: [{ description: 'x' }], status: 'Paid' })
  const locked = await pushInvoice(linked, {
    ...{ customerRef, issueDate: '2026-05-02', lineItems: [survey] },
  })

  expect([many.status, many.body.status, many.body.statusCode]).toEqual([200, 'Pending', 202])
  const failed = (await ended(linked, many)).body
  expect(failed).toMatchObject({ status: 'Failed', statusCode: 400, canBeRetried: 'False' })
  expect(failed.errorMessage).toMatch(
    /^An error occurred in a downstream service\. Correlation ID: [0-9a-f]{32}\. Message: Push failed for Invoice: see validation for more information$/,
  )
  expect(failed.validation.errors.map(({ itemId }: { itemId: string }) => itemId)).toEqual([
    'CustomerRef.Id',
    'Status',
    'IssueDate',
    'LineItems[0].Quantity',
    'LineItems[0].UnitAmount',
  ])
  expect(failed.validation.errors[2]).toEqual({
    itemId: 'IssueDate',
    message: 'Failed to push to Invoice as IssueDate must be provided.',
    validatorName: 'Invoice',
  })
  expect((await ended(linked, locked)).body).toMatchObject({ status: 'Failed', statusCode: 400 })
  expect((await linked.get('/data/invoices')).body.totalResults).toBe(0)
  const { findings } = await linked.read((db) => verifyTenant(db, linked.businessId, []))
  expect(findings).toEqual([])
})

test('200 the same push again under one Idempotency-Key writes one invoice', async () => {
  const linked = await aLinkedCompany()
  const body = {
    customerRef: { id: await aCustomer(linked) },
    ...{ issueDate: '2026-06-01', lineItems: [survey] },
  }
  const path = `${linked.connectionPath(linked.connectionId)}/push/invoices`
  const headers = { 'idempotency-key': 'push-1' }

  const first = await linked.connect.post(path, body, headers)
  const again = await linked.connect.post(path, body, headers)

  expect(again.text).toBe(first.text)
  expect((await linked.get('/data/invoices')).body.totalResults).toBe(1)
})

test.each([
  ['ok', 'Success', 200],
  ['pushFail', 'Failed', 400],
  ['hold', 'Pending', 202],
])('200 a push to the sandbox that plays %s ends as %s', async (scenario, status, statusCode) => {
  const sandbox = await aSandbox(scenario)

  const pushed = await pushInvoice(sandbox, { lineItems: [survey] })

  expect([pushed.status, pushed.body.status, pushed.body.statusCode]).toEqual([200, 'Pending', 202])
  const end = (await ended(sandbox, pushed)).body
  expect([end.status, end.statusCode]).toEqual([status, statusCode])
  if (scenario === 'pushFail') {
    expect(end.validation.errors).toEqual([
      {
        itemId: 'NominalCode',
        message:
          'Failed to push to Account as NominalCode must not be longer than 10 characters long.',
        validatorName: 'Account',
      },
    ])
  }
})

test('200 a held push ends when the script goes on', async () => {
  const sandbox = await aSandbox('hold')
  const pushed = await pushInvoice(sandbox, { lineItems: [survey] })

  await play(sandbox, 'ok')

  const end = (await ended(sandbox, pushed)).body
  expect([end.status, end.statusCode]).toEqual(['Success', 200])
  const record = await sandbox.get(`/data/invoices/${end.changes[0].recordRef.id}`)
  expect(record.status).toBe(200)
})

test('200 a push that nobody ends is timed out after its time, and stays so', async () => {
  const sandbox = await aSandbox('ok')
  await play(sandbox, 'pushTimeout')
  const pushed = await pushInvoice(sandbox, { lineItems: [survey] }, '?timeoutInMinutes=1')

  sandbox.clock.set('2026-06-15T12:00:59.999Z')
  const before = (await ended(sandbox, pushed)).body
  sandbox.clock.set('2026-06-15T12:01:00.000Z')
  const after = (await ended(sandbox, pushed)).body
  await play(sandbox, 'ok')
  const late = (await ended(sandbox, pushed)).body

  expect([before.status, before.statusCode]).toEqual(['Pending', 202])
  expect(after).toMatchObject({
    status: 'TimedOut',
    statusCode: 408,
    completedOnUtc: '2026-06-15T12:01:00.000Z',
    errorMessage: 'The push did not complete within 1 minutes',
    canBeRetried: 'Unknown',
    detailedErrorCode: 3027,
  })
  expect(late).toEqual(after)
  const listed = await sandbox.get('/push?query=status%3DTimedOut')
  expect(listed.body.results).toEqual([after])
})

test('a push is refused where it cannot even be tried', async () => {
  const linked = await aLinkedCompany()
  const { connect, connectionId, connectionPath } = linked
  const path = `${connectionPath(connectionId)}/push/invoices`
  const types = await connect.post(path, { lineItems: [{ quantity: 'two' }] })
  await connect.patch(connectionPath(connectionId), { status: 'Unlinked' })

  const unlinked = await connect.post(path, { lineItems: [survey] })
  const unknown = await linked.get('/push/00000000-0000-0000-0000-000000000000')

  expect(types.status).toBe(400)
  expect([unlinked.status, unlinked.body.error]).toEqual([
    403,
    `A downstream endpoint can't be accessed. Data connection ${connectionId} is Unlinked.`,
  ])
  expect([unknown.status, unknown.body.error]).toEqual([
    404,
    'Push operation 00000000-0000-0000-0000-000000000000 not found',
  ])
})
