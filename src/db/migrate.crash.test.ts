import { join } from 'node:path'
import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { connect, dropDatabase, emptyDatabase, freshDatabase } from '../../test/cluster.ts'
import { migrate, newestMigration } from './migrate.ts'

const shipped = join(import.meta.dirname, '..', '..', 'migrations')

/** Everything that migrations make, as the catalog tells it. */
const shapeSql = `
  select 'column' as kind, format('%s.%s %s %s %s %s', c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    pg_get_expr(d.adbin, d.adrelid)) as said
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace
  union all
  select 'table', format('%s %s %s %s %s', relname, relkind, relacl, relrowsecurity,
    relforcerowsecurity) from pg_class where relnamespace = 'public'::regnamespace
  union all
  select 'constraint', format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
  union all
  select 'index', indexdef from pg_indexes where schemaname = 'public'
  union all
  select 'trigger', format('%s %s', pg_get_triggerdef(oid), tgenabled) from pg_trigger
  where not tgisinternal
  union all
  select 'policy', format('%s %s %s %s', polname, polrelid::regclass,
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy
  union all
  select 'function', format('%s %s', pg_get_functiondef(oid), proacl) from pg_proc
  where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')
  order by 1, 2`

/** Ends its own session at the statement that a session names; of the superuser, who may. */
const killerSql = `
  create schema killer;
  grant usage on schema killer to public;
  create function killer.count() returns event_trigger language plpgsql security definer as $$
  declare
    counted int := coalesce(nullif(current_setting('killer.counted', true), ''), '0')::int + 1;
  begin
    perform set_config('killer.counted', counted::text, false);
    if counted = current_setting('killer.at')::int then
      perform pg_terminate_backend(pg_backend_pid());
    end if;
  end $$;
  create event trigger count_statements on ddl_command_end execute function killer.count()`

async function shapeOf(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ kind: string; said: string }>(shapeSql)
  return rows.map(({ kind, said }) => `${kind} ${said}`)
}

async function withClient<Result>(
  database: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(database)
  client.on('error', () => undefined)
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Whether the run came to its end before it was killed. */
const runUntil = (database: string, at: number): Promise<boolean> =>
  withClient(database, async (client) => {
    await client.query(`set killer.at = ${at}`)
    return migrate(client, shipped).then(
      () => true,
      () => false,
    )
  })

test('killed at one statement after another, migrations come to the same schema in the end', {
  timeout: 300_000,
}, async () => {
  const [database, fresh] = [await emptyDatabase(), await freshDatabase()]
  await withClient(database, (client) => client.query(killerSql))
  // Each run is killed a little later than the one before, and begins where whole migrations end.
  let kills = 0
  for (let at = 1; !(await runUntil(database, at)); at += at < 20 ? 1 : 7) kills += 1
  const again = await withClient(database, async (client) => {
    await client.query('drop event trigger count_statements; drop schema killer cascade')
    return migrate(client, shipped)
  })
  const [killed, whole] = [await withClient(database, shapeOf), await withClient(fresh, shapeOf)]
  await Promise.all([dropDatabase(database), dropDatabase(fresh)])

  expect(kills).toBeGreaterThan(20)
  expect(again).toMatchObject({ from: newestMigration(shipped), applied: [] })
  expect(killed).toEqual(whole)
})
