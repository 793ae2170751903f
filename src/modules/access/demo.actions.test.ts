import { afterAll, expect, test } from 'vitest'
import { aFullShop } from '../../../test/every-table.ts'
import { journal, newUuid } from '../../../test/lane.ts'
import { asId, type Id } from '../../kernel/ids.ts'
import { openBusiness } from '../ledger/account.actions.ts'
import { postJournal } from '../ledger/journal.actions.ts'
import { markDemo, removeDemo } from './demo.actions.ts'

const shop = await aFullShop()
afterAll(shop.close)
const { organizationId, businessId } = shop
const organization = { tenant: { organizationId } }

/** Tables whose rows belong to a business, with the column that says so. */
const { rows: tables } = await shop.owner.query<{ table: string; column: string }>(
  `select c.oid::regclass::text as table, a.attname as column
  from pg_class as c join pg_attribute as a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0
    and a.attname in ('business_id', 'tenant_id') and not a.attisdropped
  order by 1`,
)

/** Rows of a tenant per table that has any. */
async function rowsOf(tenantId: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const { table, column } of tables) {
    const { rows } = await shop.owner.query<{ rows: number; digest: string }>(
      `select count(*)::int as rows, md5(string_agg(t::text, ',' order by t::text)) as digest
      from ${table} as t where ${column} = $1`,
      [tenantId],
    )
    const [one] = rows
    if (one !== undefined && one.rows > 0) found[table] = `${one.rows} ${one.digest}`
  }
  return found
}

const outcome = async (id: Id<'business'>, tenant = organization.tenant): Promise<string> => {
  try {
    await shop.gate.write({
      ...{ tenant, action: removeDemo, input: { businessId: id } },
      ...{ actor: 'operator', now: '2026-06-15T12:00:00.000Z' as never },
    })
    return 'removed'
  } catch (error) {
    return String(Reflect.get(Object(error), 'code'))
  }
}

const setEnvironment = (environment: string) =>
  shop.owner.query('update business set environment = $2 where business_id = $1', [
    businessId,
    environment,
  ])

test('live businesses, unmarked ones and those of others stay, whatever is asked', async () => {
  const before = await rowsOf(businessId)
  await shop.owner.query('delete from demo_business where business_id = $1', [businessId])

  expect(await outcome(businessId)).toBe('resource.not_found')
  await setEnvironment('test')
  expect(await outcome(businessId)).toBe('resource.not_found')
  await setEnvironment('live')
  await shop.write(markDemo as never, { businessId }, organization as never)
  expect(await outcome(businessId)).toBe('resource.not_found')
  await setEnvironment('test')
  const stranger = { organizationId: asId('organization', newUuid()) }
  expect(await outcome(businessId, stranger)).toBe('resource.not_found')

  await setEnvironment('live')
  const after = await rowsOf(businessId)
  const same = ({ demo_business: _, ...rest }: Readonly<Record<string, string>>) => rest
  expect(same(after)).toEqual(same(before))
})

test('a demo goes with every row of every table, and nobody else loses one', async () => {
  const neighbour = asId('business', newUuid())
  const own = { tenant: { organizationId, businessId: neighbour } }
  const facts = { name: 'Neighbour', environment: 'test', baseCurrency: 'NGN', country: 'NG' }
  await shop.write(openBusiness, facts as never, own)
  await shop.write(postJournal, journal('1001 +5.00 | 4000 -5.00', '2026-06-10'), own)
  const [ownRows, neighbourRows] = [await rowsOf(businessId), await rowsOf(neighbour)]
  await setEnvironment('test')

  expect(tables.filter(({ table }) => !(table in ownRows))).toEqual([])
  expect(await outcome(businessId)).toBe('removed')

  expect(await rowsOf(businessId)).toEqual({})
  expect(await rowsOf(neighbour)).toEqual(neighbourRows)
  const { rows } = await shop.owner.query(
    `select action, resource_id as id, actor from audit_row
    where tenant_id = $1 and action = 'demo.removed'`,
    [organizationId],
  )
  expect(rows).toEqual([{ action: 'demo.removed', id: businessId, actor: 'operator' }])
  expect(await outcome(businessId)).toBe('resource.not_found')
})

test('posted rows stay append-only afterwards, in the same session too', async () => {
  await expect(
    shop.owner.query(`select remove_demo_business('${newUuid()}', '${newUuid()}');
      delete from journal_entry`),
  ).rejects.toMatchObject({ constraint: 'append_only' })
})
