import { type Static, Type } from 'typebox'
import { printLanguages } from '../../modules/access/document-options.ts'
import { createParty, deleteParty, updateParty } from '../../modules/parties/party.actions.ts'
import { getParty, listParties } from '../../modules/parties/party.queries.ts'
import type { NewParty, Party, PartyChanges, PartyFilter } from '../../modules/parties/party.ts'
import { route } from '../http/route.ts'
import {
  currency,
  externalId,
  idParams,
  listErrors,
  longText,
  metadata,
  name,
  nullable,
  readErrors,
  text,
  toCurrency,
  toNumber,
  uuid,
  writeErrors,
} from './fields.ts'
import { listQuery, pageOf, sortedBy, toListed, toPage } from './lists.ts'
import { updateRoutes } from './updates.ts'

const email = Type.String({ format: 'email', maxLength: 255 })
const language = Type.Enum([...printLanguages], {
  description: 'Of documents and messages; default: that of the business',
})
const country = Type.String({ format: 'country', description: 'ISO 3166-1 alpha-2' })

const CustomerIn = Type.Object({
  name,
  email: Type.Optional(email),
  phone: Type.Optional(text()),
  address: Type.Optional(text()),
  city: Type.Optional(text()),
  state: Type.Optional(text()),
  postal_code: Type.Optional(text()),
  country: Type.Optional(country),
  tax_id: Type.Optional(text()),
  notes: Type.Optional(longText),
  currency: Type.Optional(currency),
  language: Type.Optional(language),
  external_id: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const CustomerChange = Type.Object({
  name: Type.Optional(name),
  email: Type.Optional(nullable(email)),
  phone: Type.Optional(nullable(text())),
  address: Type.Optional(nullable(text())),
  city: Type.Optional(nullable(text())),
  state: Type.Optional(nullable(text())),
  postal_code: Type.Optional(nullable(text())),
  country: Type.Optional(nullable(country)),
  tax_id: Type.Optional(nullable(text())),
  notes: Type.Optional(nullable(longText)),
  currency: Type.Optional(nullable(currency)),
  language: Type.Optional(nullable(language)),
  external_id: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(nullable(metadata)),
})

export const CustomerOut = Type.Object({
  id: uuid,
  business_id: uuid,
  name,
  email: nullable(Type.String()),
  phone: nullable(Type.String()),
  address: nullable(Type.String()),
  city: nullable(Type.String()),
  state: nullable(Type.String()),
  country: nullable(Type.String()),
  postal_code: nullable(Type.String()),
  tax_id: nullable(Type.String()),
  notes: nullable(Type.String()),
  created_at: Type.String(),
  updated_at: Type.String(),
  currency: nullable(Type.String()),
  language: nullable(Type.String()),
  balance: Type.Number({ description: 'Open invoices, in the base currency' }),
  credit_balance: Type.Number({ description: 'Unallocated payments, in the base currency' }),
  external_id: nullable(Type.String()),
  metadata,
})

const CustomerQuery = Type.Object({
  ...listQuery(['created_at', 'updated_at', 'name']),
  name: Type.Optional(text(200)),
  email: Type.Optional(text(200)),
  phone: Type.Optional(text(200)),
  tax_id: Type.Optional(text()),
  country: Type.Optional(text()),
  external_id: Type.Optional(externalId),
})

const createCustomer = route({
  method: 'POST',
  path: '/api/v1/customers',
  operation: 'create-customer',
  tag: 'Customers',
  summary: 'Create a customer',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  body: CustomerIn,
  answers: { 201: CustomerOut },
  errors: [...writeErrors, 'validation.fields_missing', 'resource.external_id_taken'],
  examples: [
    {
      summary: 'A customer with an address',
      keep: 'customer',
      body: {
        name: 'Lantern & Rye Ltd',
        email: 'ap@lanternrye.example',
        address: '18 Quay Street',
        city: 'Bristol',
        country: 'GB',
        postal_code: 'BS1 4AA',
        tax_id: 'GB987654321',
      },
      status: 201,
    },
    { summary: 'A customer without a name', body: { email: 'a@b.example' }, status: 400 },
  ],
  handle: (call) =>
    call.write(createParty, toNewParty(call.body), (party) => ({
      status: 201,
      headers: { Location: `/invoicing/api/v1/customers/${party.id}` },
      body: toWire(party, call.business().baseCurrency),
    })),
})

const listCustomers = route({
  method: 'GET',
  path: '/api/v1/customers',
  operation: 'list-customers',
  tag: 'Customers',
  summary: 'List and search customers',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  query: CustomerQuery,
  answers: { 200: pageOf(CustomerOut) },
  errors: listErrors,
  examples: [
    { summary: 'Search by a part of the name', query: { name: 'lantern' }, status: 200 },
    { summary: 'A page that is too long', query: { limit: '101' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const found = await call.read((db) => listParties(db, { businessId, ...toFilter(call.query) }))
    const by = sortBy(call.query)
    return {
      status: 200,
      body: toPage(found, call.query, {
        placeOf: (party) => ({ value: party[by], id: party.id }),
        toWire: (party) => toWire(party, baseCurrency),
      }),
    }
  },
})

const getCustomer = route({
  method: 'GET',
  path: '/api/v1/customers/{id}',
  operation: 'get-customer',
  tag: 'Customers',
  summary: 'Get a customer',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 200: CustomerOut },
  errors: readErrors,
  examples: [{ summary: 'A customer by id', params: { id: '$customer' }, status: 200 }],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const party = await call.read((db) => getParty(db, businessId, call.params.id.toLowerCase()))
    return { status: 200, body: toWire(party, baseCurrency) }
  },
})

const changeRoutes = updateRoutes(
  {
    method: 'PATCH',
    path: '/api/v1/customers/{id}',
    operation: 'update-customer',
    tag: 'Customers',
    summary: 'Update a customer',
    description: 'Only the members that are sent change; null clears an optional one.',
    scope: 'write',
    tenant: 'business',
    cost: 1,
    params: idParams,
    body: CustomerChange,
    answers: { 200: CustomerOut },
    errors: [
      ...writeErrors,
      'request.id_malformed',
      'validation.nothing_to_update',
      'resource.not_found',
      'resource.external_id_taken',
    ],
    examples: [
      {
        summary: 'A new phone number',
        params: { id: '$customer' },
        body: { phone: '+44 117 496 0000' },
        status: 200,
      },
    ],
    handle: (call) =>
      call.write(
        updateParty,
        { partyId: call.params.id.toLowerCase(), role: 'customer', changes: toChanges(call.body) },
        (party) => ({ status: 200, body: toWire(party, call.business().baseCurrency) }),
      ),
  },
  [{ summary: 'Clear the notes', params: { id: '$customer' }, body: { notes: null }, status: 200 }],
)

const deleteCustomer = route({
  method: 'DELETE',
  path: '/api/v1/customers/{id}',
  operation: 'delete-customer',
  tag: 'Customers',
  summary: 'Delete a customer without open invoices',
  scope: 'write',
  tenant: 'business',
  cost: 1,
  params: idParams,
  answers: { 204: null },
  errors: [
    ...writeErrors,
    'request.id_malformed',
    'resource.not_found',
    'party.has_open_documents',
  ],
  examples: [],
  handle: (call) =>
    call.write(deleteParty, { partyId: call.params.id.toLowerCase(), role: 'customer' }, () => ({
      status: 204,
    })),
})

export const customerRoutes = [
  createCustomer,
  listCustomers,
  getCustomer,
  ...changeRoutes,
  deleteCustomer,
]

function toNewParty(body: Static<typeof CustomerIn>): NewParty {
  return { ...toFields(body), name: body.name, isCustomer: true }
}

function toChanges(body: Static<typeof CustomerChange>): PartyChanges {
  const { name: newName } = body
  return { ...toFields(body), ...(newName !== undefined && { name: newName }) }
}

type Fields = Omit<Static<typeof CustomerChange>, 'name'>

/** The optional members that were sent, under their own names. */
function toFields(body: Fields): Omit<PartyChanges, 'name'> {
  const { postal_code, tax_id, external_id, metadata: texts, currency: code } = body
  const { email: address, phone, address: street, city, state, country: land, notes } = body
  return {
    ...(address !== undefined && { email: address }),
    ...(phone !== undefined && { phone }),
    ...(street !== undefined && { address: street }),
    ...(city !== undefined && { city }),
    ...(state !== undefined && { state }),
    ...(land !== undefined && { country: land }),
    ...(postal_code !== undefined && { postalCode: postal_code }),
    ...(tax_id !== undefined && { taxId: tax_id }),
    ...(notes !== undefined && { notes }),
    ...(code !== undefined && { currency: toCurrency(code ?? undefined) ?? null }),
    ...(body.language !== undefined && { language: body.language }),
    ...(external_id !== undefined && { externalId: external_id }),
    ...(texts !== undefined && { metadata: texts ?? {} }),
  }
}

const sortBy = sortedBy({ created_at: 'createdAt', updated_at: 'updatedAt', name: 'name' })

function toFilter(query: Static<typeof CustomerQuery>): Omit<PartyFilter, 'businessId'> {
  const { after, ...listed } = toListed(query, sortBy)
  return {
    role: 'customer',
    ...listed,
    // None of these columns is ever null.
    ...(after !== undefined && { after: { value: after.value ?? '', id: after.id } }),
    ...(query.name !== undefined && { name: query.name }),
    ...(query.email !== undefined && { email: query.email }),
    ...(query.phone !== undefined && { phone: query.phone }),
    ...(query.tax_id !== undefined && { taxId: query.tax_id }),
    ...(query.country !== undefined && { country: query.country }),
    ...(query.external_id !== undefined && { externalId: query.external_id }),
  }
}

export const toWire = (party: Party, baseCurrency: string): Static<typeof CustomerOut> => ({
  id: party.id,
  business_id: party.businessId,
  name: party.name,
  email: party.email,
  phone: party.phone,
  address: party.address,
  city: party.city,
  state: party.state,
  country: party.country,
  postal_code: party.postalCode,
  tax_id: party.taxId,
  notes: party.notes,
  created_at: party.createdAt,
  updated_at: party.updatedAt,
  currency: party.currency,
  language: party.language,
  balance: toNumber(party.receivable, baseCurrency),
  credit_balance: toNumber(party.customerCredit, baseCurrency),
  external_id: party.externalId,
  metadata: party.metadata as Readonly<Record<string, string>>, // texts by the schema of its input
})
