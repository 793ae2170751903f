import { afterAll, expect, test } from 'vitest'
import { aFullShop } from '../../test/every-table.ts'
import { newUuid } from '../../test/lane.ts'
import type { PoolClient } from './pool.ts'

const shop = await aFullShop()
afterAll(shop.close)

/** What all tenants share: nothing in it is anybody's own. */
const notOfATenant = ['key_root', 'maintenance', 'migration', 'outgoing_hold', 'plan_version']

/** Tables that an organization reads for all its businesses, by a second policy for reads alone. */
const alsoOfAnOrganization = ['event', 'idempotency', 'lane_head']

const stranger = { organization_id: newUuid(), tenant_id: newUuid(), business_id: newUuid() }
const nobody = { organization_id: '', tenant_id: '', business_id: '' }

const countIn = async (client: PoolClient, table: string): Promise<number> => {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from ${table}`,
  )
  return rows[0]?.count ?? -1
}

/** SQLSTATE of a statement that is refused, or how many rows it changed. */
async function attempt(client: PoolClient, text: string): Promise<string | number> {
  await client.query('savepoint attempt')
  try {
    return (await client.query(text)).rowCount ?? 0
  } catch (error) {
    await client.query('rollback to savepoint attempt')
    return String(Reflect.get(Object(error), 'code'))
  }
}

const refused = '42501'

test('every table belongs to tenants and is secured, or is named here', async () => {
  const { rows } = await shop.owner.query<{ table: string; policies: string }>(
    `select c.relname as table, c.relrowsecurity and c.relforcerowsecurity as is_secured,
      (select string_agg(format('%s %s %s', p.polname, p.polcmd, array(
          select rolname from pg_roles where oid = any (p.polroles))), ', ' order by p.polname)
        from pg_policy as p where p.polrelid = c.oid) as policies
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and c.relname <> all ($1)
    order by c.relname`,
    [notOfATenant],
  )

  expect(rows.map(({ table }) => table)).toEqual(shop.tables.map(({ table }) => table))
  const policies =
    'owner * {tallystick_owner}, reader r {tallystick_read}, tenant * {tallystick_app}'
  for (const row of rows) {
    const first = alsoOfAnOrganization.includes(row.table)
      ? 'organization_of_tenant r {tallystick_app}, '
      : ''
    expect(row).toEqual({ table: row.table, is_secured: true, policies: `${first}${policies}` })
  }
})

test('the application is an ordinary role that owns nothing', async () => {
  const { rows } = await shop.owner.query(
    `select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolcanlogin as is_strong,
      (select count(*)::int from pg_class where relowner = r.oid) as owned,
      has_schema_privilege(r.oid, 'public', 'create') as may_create
    from pg_roles as r where rolname = 'tallystick_app'`,
  )
  expect(rows).toEqual([{ is_strong: false, owned: 0, may_create: false }])
})

test('only admission, metering, searches and the guards act with the rights of the owner', async () => {
  const { rows } = await shop.owner.query<{ name: string }>(
    `select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and prosecdef
      and has_function_privilege('tallystick_app', oid, 'execute') and prorettype <> 'trigger'::regtype
    order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual([
    'admit',
    'find_numbered',
    'find_owner_of_document',
    'find_recurred',
    'finish_calls',
    'note_key_uses',
    'remove_demo_business',
    'sweep_charges',
  ])
})

test('a session sees its own rows in every table', async () => {
  const empty = await shop.as('tallystick_app', async (client) => {
    const found: string[] = []
    for (const { table } of shop.tables) if ((await countIn(client, table)) === 0) found.push(table)
    return found
  })
  expect(empty).toEqual([])
})

test.each([
  ['another tenant', stranger],
  ['no tenant', nobody],
  ['settings that were never made', {}],
])('a session of %s reads, changes and deletes nothing in any table', async (_who, given) => {
  const wrong: string[] = []
  await shop.as(
    'tallystick_app',
    async (client) => {
      for (const { table, column } of shop.tables) {
        const count = await countIn(client, table)
        const updated = await attempt(client, `update ${table} set ${column} = ${column}`)
        const deleted = await attempt(client, `delete from ${table}`)
        const isNothing = [updated, deleted].every((one) => one === 0 || one === refused)
        if (count !== 0 || !isNothing) wrong.push(`${table}: ${count} ${updated} ${deleted}`)
      }
    },
    given,
  )
  expect(wrong).toEqual([])
})

test.each([
  ['another tenant', stranger],
  ['no tenant', nobody],
])('a session of %s puts no row into a tenant that is not its own', async (_who, given) => {
  const images = await shop.as('tallystick_app', async (client) => {
    const kept: [string, string][] = []
    for (const { table } of shop.tables) {
      const { rows } = await client.query<{ image: string }>(
        `select to_jsonb(t)::text as image from ${table} as t limit 1`,
      )
      kept.push([table, rows[0]?.image ?? ''])
    }
    return kept
  })
  const wrong: string[] = []
  await shop.as(
    'tallystick_app',
    async (client) => {
      for (const [table, image] of images) {
        const quoted = image.replaceAll("'", "''")
        const outcome = await attempt(
          client,
          `insert into ${table} overriding system value
            select (jsonb_populate_record(null::public.${table}, '${quoted}')).*`,
        )
        if (outcome !== refused) wrong.push(`${table}: ${outcome}`)
      }
    },
    given,
  )
  expect(wrong).toEqual([])
})

test('a row cannot be given to another tenant', async () => {
  const wrong: string[] = []
  await shop.as('tallystick_app', async (client) => {
    for (const { table, column } of shop.tables) {
      const outcome = await attempt(client, `update ${table} set ${column} = gen_random_uuid()`)
      if (outcome !== refused) wrong.push(`${table}: ${outcome}`)
    }
  })
  expect(wrong).toEqual([])
})

test('the reader of reports changes nothing', async () => {
  const { rows } = await shop.owner.query<{ table: string }>(
    `select distinct table_name as table from information_schema.role_table_grants
    where grantee = 'tallystick_read' and privilege_type <> 'SELECT'`,
  )
  expect(rows).toEqual([])
})
