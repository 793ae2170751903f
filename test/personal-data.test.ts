import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventTypes, renderEvent } from '../src/api/invoicing/webhook-events.ts'
import { sealedColumns } from '../src/db/data-key.ts'
import { versionOf } from '../src/db/secret-box.ts'
import { openAlone } from '../src/db/tx.ts'
import { parseAllowList } from '../src/jobs/address.ts'
import { DeliveryEngine } from '../src/jobs/delivery-engine.ts'
import { Outbound } from '../src/jobs/outbound.ts'
import { asDate } from '../src/kernel/dates.ts'
import { createParty, updateParty } from '../src/modules/parties/party.actions.ts'
import { createBill } from '../src/modules/purchases/bill.actions.ts'
import { createEndpoint } from '../src/modules/webhooks/endpoint.actions.ts'
import type { Business } from './harness.ts'
import { noon } from './lane.ts'
import { stopMail } from './mail-stop.ts'
import { aLinkedCompany, type Linked } from './surfaces/connect/linked.ts'

const person = {
  email: 'Zephyrine.Quill@private.example',
  phone: '+234 803 555 0142',
  address: '17 Hollow Reed Crescent',
  city: 'Umuahia-Ibeku',
  state: 'Abia Province',
  postalCode: 'ZQ7-440221',
  taxId: 'TIN-99887766-0001',
}

/** Where personal data stays readable, and for whom it has to: what the decision names. */
const inClear: readonly string[] = ['record.body']

test('personal data of customers and suppliers lies in no table in clear', async () => {
  const business = await aLinkedCompany({ environment: 'test' })
  await useAll(business)

  expect(await findClear(business)).toEqual(inClear)
  expect(await listUnused(business), 'columns that nothing was sealed in').toEqual([
    ...['endpoint.sealed_headers', 'endpoint.sealed_seed', 'organization.sealed_owner'],
  ])
})

/** Columns without a sealed field; a field of one that is not sealed is a fault. */
async function listUnused({ owner }: Business): Promise<readonly string[]> {
  const unused: string[] = []
  for (const { table, column } of sealedColumns) {
    const { rows } = await owner.query<{ sealed: Buffer }>(
      `select ${column} as sealed from ${table} where ${column} is not null`,
    )
    for (const { sealed } of rows) expect(versionOf(sealed), `${table}.${column}`).toBe(1)
    if (rows.length === 0) unused.push(`${table}.${column}`)
  }
  return unused
}

/** Everything that copies a party: documents, answers that are kept, events, deliveries, audit. */
async function useAll(business: Linked): Promise<void> {
  const { invoicing, connect, write } = business
  await write(createEndpoint, {
    ...{ surface: 'invoicing', environment: 'test', businessId: business.businessId },
    ...{ url: 'https://93.184.216.34/', events: ['*'], knownEvents: eventTypes },
    random: randomBytes(32),
  })
  const { postalCode, taxId, ...same } = person
  const wire = { ...same, postal_code: postalCode, tax_id: taxId }
  const kept = { 'Idempotency-Key': 'customer-1' }
  const made = await invoicing.post('/api/v1/customers', { name: 'Quill', ...wire }, kept)
  expect(made).toMatchObject({ status: 201, body: wire })
  const item = { description: 'Site survey', quantity: 1, unit_price: 100 }
  const invoice = await invoicing.post(
    '/api/v1/invoices',
    { customer_id: made.body.id, items: [item], status: 'sent' },
    { 'Idempotency-Key': 'invoice-1' },
  )
  expect(invoice.status).toBe(201)
  const found = await invoicing.get(`/api/v1/customers?email=${encodeURIComponent(person.email)}`)
  expect(found.body.data).toHaveLength(1)
  const supplier = await write(createParty, { name: 'Reed', ...person, isSupplier: true })
  await write(updateParty, {
    partyId: supplier.id,
    role: 'supplier',
    changes: { notes: 'changed' },
  })
  const { connectionPath, connectionId } = business
  await connect.patch(connectionPath(connectionId), { status: 'Unlinked' })
  await invoicing.post(`/api/v1/invoices/${invoice.body.id}/send`, { to: [person.email] })
  await invoicing.get(`/api/v1/invoices/${invoice.body.id}/pdf`)
  const quotation = await invoicing.post('/api/v1/quotations', {
    ...{ customer_id: made.body.id, items: [item], status: 'sent' },
  })
  await invoicing.post(`/api/v1/quotations/${quotation.body.id}/send`, { to: [person.email] })
  await invoicing.post(`/api/v1/quotations/${quotation.body.id}/accept`)
  await invoicing.post(`/api/v1/invoices/${invoice.body.id}/credit-notes`, { amount: 10 })
  await write(createBill, {
    ...{ surface: 'books', supplierId: supplier.id, currency: 'USD', reference: null, notes: null },
    ...{ issueDate: asDate('2026-06-10'), dueDate: asDate('2026-07-10') },
    lines: [{ description: 'Advice', quantity: '1', unitPrice: '10', accountCode: '6010' }],
  })
  await engineOf(business).fanOut()
  await stopMail(business, person.email.toLowerCase())
}

const engineOf = ({ owner }: Business): DeliveryEngine =>
  new DeliveryEngine({
    adminPool: owner,
    clock: () => noon,
    random: (bytes) => randomBytes(bytes),
    openSecret: (place, sealed) => openAlone(owner, place, sealed),
    outbound: new Outbound({
      allowed: parseAllowList([]) ?? [],
      ports: [],
      isProduction: false,
    }),
    renderers: { invoicing: renderEvent },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })

/** Columns that hold a member of the person, as text or as bytes of it. */
async function findClear({ owner }: Business): Promise<readonly string[]> {
  const { rows: columns } = await owner.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition
    order by 1, 2`,
  )
  const needles = Object.values(person).flatMap((value) => [
    value,
    value.toLowerCase(),
    Buffer.from(value).toString('hex'),
    Buffer.from(value).toString('base64').slice(0, -4),
  ])
  const found: string[] = []
  for (const { table, column } of columns) {
    const { rows } = await owner.query(
      `select from ${table}
      where exists (select from unnest($1::text[]) as n where position(n in ${column}::text) > 0)
      limit 1`,
      [needles],
    )
    if (rows.length > 0) found.push(`${table}.${column}`)
  }
  return found
}
