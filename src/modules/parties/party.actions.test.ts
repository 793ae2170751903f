import { afterAll, expect, onTestFinished, test } from 'vitest'
import { newUuid } from '../../../test/lane.ts'
import { anInvoice, aShop, at } from '../../../test/shop.ts'
import { rotateDataKey } from '../../db/data-key.ts'
import { safeOf } from '../../db/tx.ts'
import { assert } from '../../kernel/assert.ts'
import { createInvoice } from '../sales/invoice.actions.ts'
import { listEvents } from '../webhooks/event.queries.ts'
import { createParty, deleteParty, findOrCreateParty, updateParty } from './party.actions.ts'
import { getParty, listParties } from './party.queries.ts'
import { type PartyFilter, placeOfParty, privateRowsMax, toComparableEmail } from './party.ts'

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

test('personal data is compared as people write it, and an address in any spelling is one', async () => {
  const email = 'Ren\u00e9e.Oak@Fern.example'
  const party = await shop.party({ name: 'Ren\u00e9e', email, phone: '+234 70', taxId: 'T-50%' })

  expect(await list({ email: 'oak@FERN' })).toEqual([1, party.name])
  expect(await list({ taxId: 'T-50%', phone: '234 70' })).toEqual([1, party.name])
  expect(await list({ taxId: 'T-5' })).toEqual([0])
  const again = { email: ' rene\u0301e.oak@fern.example ', role: 'customer' } as const
  const found = await shop.write(findOrCreateParty, again)
  expect([found.isCreated, found.party.email]).toEqual([false, email])
})

test('an auditor sees that personal data changed, and not what it is', async () => {
  const party = await shop.party({ name: 'Ivy', email: 'i@ivy.example', phone: '1' })
  const changes = { phone: '2' }
  await shop.write(updateParty, { partyId: party.id, changes })

  const { rows } = await shop.owner.query<{ before: string; after: string; payload: object }>(
    `select a.before, a.after, e.payload from audit_row as a
    join event as e on e.tenant_id = a.tenant_id and e.resource_id = a.resource_id
      and e.type = a.action
    where a.resource_id = $1 and a.action = 'party.updated'`,
    [party.id],
  )
  const [before, after] = [JSON.parse(rows[0]?.before ?? ''), JSON.parse(rows[0]?.after ?? '')]
  expect(before).toMatchObject({ email: '[encrypted]', phone: '[encrypted]', name: 'Ivy' })
  expect(before.address).toBeUndefined()
  expect(after.digests.email).toBe(before.digests.email)
  expect(after.digests.phone).not.toBe(before.digests.phone)
  expect(Object.keys(rows[0]?.payload ?? {})).not.toContain('phone')
})

test('among too many parties a part is refused, and a whole e-mail address is still found', async () => {
  const crowd = await aShop()
  onTestFinished(crowd.close)
  const { businessId, owner } = crowd
  const wanted = await crowd.party({ name: 'Wanted', email: 'one@crowd.example' })
  const ids = Array.from({ length: privateRowsMax }, () => newUuid())
  const { sealed, index } = await crowd.read(async (db) => {
    const { seal, blindIndex } = await safeOf(db)
    const text = new TextEncoder().encode(JSON.stringify({ email: 'x@crowd.example' }))
    return {
      sealed: ids.map((id) => Buffer.from(seal(placeOfParty(id), text))),
      index: Buffer.from(blindIndex(toComparableEmail('x@crowd.example'))),
    }
  })
  await owner.query(
    `insert into party (business_id, party_id, is_customer, is_supplier, name, sealed, email_index,
      created_at, updated_at)
    select $1, id, true, false, 'x', sealed, $4, now(), now()
    from unnest($2::uuid[], $3::bytea[]) as t (id, sealed)`,
    [businessId, ids, sealed, index],
  )
  const listed = (given: Partial<PartyFilter>) =>
    crowd.read((db) => listParties(db, { businessId, limit: 5, ...given }))

  for (const given of [{ email: 'one@' }, { phone: '1' }, { taxId: 'T' }, { search: 'one' }]) {
    await expect(listed(given)).rejects.toMatchObject({ code: 'request.query_invalid' })
  }
  const found = await listed({ email: 'ONE@crowd.example' })
  expect([found.total, found.rows[0]?.id]).toEqual([1, wanted.id])
  expect((await listed({ name: 'want' })).total).toBe(1)
  expect((await listed({})).total).toBe(privateRowsMax + 1)
})

test('after a new data key everything is read and found as before; without keys nothing is', async () => {
  const own = await aShop()
  onTestFinished(own.close)
  const { businessId, organizationId, owner } = own
  const party = await own.party({ name: 'Juno', email: 'j@juno.example', taxId: 'T-1' })
  const events = () =>
    own.read((db) => listEvents(db, { tenantId: businessId, after: 0n, limit: 9 }))
  const before = await events()
  assert(owner.vault !== undefined, 'the pool of the shop has a vault')

  const done = await rotateDataKey({ pool: owner, vault: owner.vault, organizationId })

  expect(done).toEqual({ version: 2, reencrypted: 1 })
  expect(await own.read((db) => getParty(db, businessId, party.id))).toEqual(party)
  const asked = { email: 'J@juno.example', role: 'customer' } as const
  expect((await own.write(findOrCreateParty, asked)).isCreated).toBe(false)
  expect(await events()).toEqual(before)
  expect(before.at(-1)?.payload).toMatchObject({ email: 'j@juno.example', taxId: 'T-1' })

  await owner.query('delete from data_key')
  await expect(own.read((db) => getParty(db, businessId, party.id))).rejects.toThrow('has no key 2')
  await expect(events()).rejects.toThrow('has no key 1')
})
