import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, at } from '../../../test/shop.ts'
import { createInvoice } from '../sales/invoice.actions.ts'
import { createParty, deleteParty, findOrCreateParty, updateParty } from './party.actions.ts'
import { getParty, listParties } from './party.queries.ts'
import type { PartyFilter } from './party.ts'

const shop = await aShop()
afterAll(shop.close)

const list = async (given: Partial<PartyFilter>) => {
  const filter = { businessId: shop.businessId, limit: 50, ...given }
  const { rows, total } = await shop.read((db) => listParties(db, filter))
  return [total, ...rows.map(({ name }) => name)]
}

test('a list is filtered, sorted and paged', async () => {
  await shop.write(createParty, { name: 'Amber 50% Ltd', email: 'a@amber.example', country: 'NG' })
  await shop.write(
    createParty,
    { name: 'Birch', phone: '+234 80', externalId: 'B-1' },
    at('2026-06-16'),
  )
  await shop.write(createParty, { name: 'Cobalt', isSupplier: true }, at('2026-06-17'))

  expect(await list({})).toEqual([3, 'Cobalt', 'Birch', 'Amber 50% Ltd'])
  expect(await list({ role: 'customer' })).toEqual([2, 'Birch', 'Amber 50% Ltd'])
  expect(await list({ role: 'supplier' })).toEqual([1, 'Cobalt'])
  expect(await list({ name: '50%' })).toEqual([1, 'Amber 50% Ltd'])
  expect(await list({ email: 'AMBER' })).toEqual([1, 'Amber 50% Ltd'])
  expect(await list({ externalId: 'B-1' })).toEqual([1, 'Birch'])
  expect(await list({ search: '234' })).toEqual([1, 'Birch'])
  const byName = { sort: { by: 'name', isDescending: false } } as const
  expect(await list({ ...byName, limit: 1, offset: 1 })).toEqual([3, 'Birch'])
})

test('a change leaves what it does not name', async () => {
  const party = await shop.party({ name: 'Dune', email: 'd@dune.example' })

  const changes = { phone: '1', email: null }
  const changed = await shop.write(updateParty, { partyId: party.id, changes })

  expect([changed.name, changed.email, changed.phone]).toEqual(['Dune', null, '1'])
  const found = await shop.read((db) => getParty(db, shop.businessId, party.id))
  expect(found).toEqual(changed)
})

test('one e-mail address makes one customer, however often it is asked for', async () => {
  const given = { email: 'new@fern.example', role: 'customer' } as const

  const made = await Promise.all([1, 2, 3].map(() => shop.write(findOrCreateParty, given)))

  expect(new Set(made.map(({ party }) => party.id)).size).toBe(1)
  expect(made.map(({ isCreated }) => isCreated)).toEqual([true, false, false])
  expect(made[0]?.party.name).toBe('new')
})

test('an external id belongs to one party', async () => {
  await shop.party({ externalId: 'X-9' })
  const before = await shop.counts()

  expect(await shop.outcome(createParty, { name: 'Other', externalId: 'X-9' })).toBe(
    'resource.external_id_taken',
  )
  expect(await shop.counts()).toEqual(before)
})

test('a party with open documents stays; without, it is absent afterwards', async () => {
  const party = await shop.party({ name: 'Gale' })
  const { id: partyId } = await shop.party({ name: 'Heath' })
  await shop.write(createInvoice, anInvoice(party.id))

  expect((await shop.read((db) => getParty(db, shop.businessId, party.id))).receivable).toBe(
    107_500_00n,
  )
  expect(await shop.outcome(deleteParty, { partyId: party.id })).toBe('party.has_open_documents')
  expect(await shop.outcome(deleteParty, { partyId })).toBe('accepted')
  expect(await shop.outcome(deleteParty, { partyId })).toBe('resource.not_found')
  expect(await list({ name: 'Heath' })).toEqual([0])
})
