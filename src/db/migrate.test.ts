import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect, dropDatabase, emptyDatabase, freshDatabase } from '../../test/cluster.ts'
import { migrate, newestMigration } from './migrate.ts'
import { StartError } from './start-error.ts'

const shipped = join(import.meta.dirname, '..', '..', 'migrations')

test('the shipped migrations apply to an empty database and a second run does nothing', async () => {
  const { client, done } = await anEmptyDatabase()

  const first = await migrate(client, shipped)
  const second = await migrate(client, shipped)

  const newest = newestMigration(shipped)
  expect([first.from, first.to, first.applied.length]).toEqual([0, newest, newest])
  expect(second).toEqual({ from: newest, to: newest, applied: [] })
  await done()
})

test('tables belong to the owner role, which cannot log in', async () => {
  const name = await freshDatabase()
  const client = await connect(name)

  const owners = await client.query(
    `select distinct tableowner from pg_tables where schemaname = 'public' order by tableowner limit 5`,
  )
  const roles = await client.query(
    `select rolname, rolcanlogin, rolsuper, rolbypassrls from pg_roles
     where rolname like 'tallystick%' order by rolname limit 9`,
  )

  const plain = { rolcanlogin: false, rolsuper: false, rolbypassrls: false }
  expect(owners.rows).toEqual([{ tableowner: 'tallystick_owner' }])
  expect(roles.rows).toEqual([
    { rolname: 'tallystick_app', ...plain },
    { rolname: 'tallystick_owner', ...plain },
    { rolname: 'tallystick_read', ...plain },
  ])
  await client.end()
  await dropDatabase(name)
})

test('two runs at the same moment apply every migration once', async () => {
  const { client, name, done } = await anEmptyDatabase()
  const other = await connect(name)
  const folder = twoSteps()

  const reports = await Promise.all([migrate(client, folder), migrate(other, folder)])

  const applied = reports.flatMap((report) => report.applied.map(({ number }) => number))
  expect(applied).toEqual([1, 2])
  await other.end()
  await done()
})

test('a dry run names what is missing and changes nothing', async () => {
  const { client, done } = await anEmptyDatabase()

  const planned = await migrate(client, twoSteps(), { isDryRun: true })
  const table = await client.query(`select to_regclass('public.migration') as name`)

  expect(planned).toEqual({
    from: 0,
    to: 2,
    applied: [
      { number: 1, name: 'first', ms: 0 },
      { number: 2, name: 'second', ms: 0 },
    ],
  })
  expect(table.rows).toEqual([{ name: null }])
  await done()
})

test('a run can stop at a number and go on later', async () => {
  const { client, done } = await anEmptyDatabase()
  const folder = twoSteps()

  const first = await migrate(client, folder, { to: 1 })
  const second = await migrate(client, folder)

  expect([first.from, first.to, second.from, second.to]).toEqual([0, 1, 1, 2])
  await done()
})

test('a migration that was changed after it was applied stops the start', async () => {
  const { client, done } = await anEmptyDatabase()
  await migrate(client, twoSteps())

  const changed = twoSteps('create table one (a integer, b integer)')

  await expect(migrate(client, changed)).rejects.toThrow(
    new StartError(
      'Migration 1 (first) was changed after it was applied; restore its text or make a new database.',
    ),
  )
  await done()
})

test('a database of a newer release stops the start', async () => {
  const { client, done } = await anEmptyDatabase()
  await migrate(client, twoSteps())

  await expect(migrate(client, steps({ '0001_first': firstSql }))).rejects.toThrow(
    'The database has migration 2 (second), which this release does not know',
  )
  await done()
})

test('a failing migration leaves nothing of itself and keeps those before it', async () => {
  const { client, done } = await anEmptyDatabase()
  const folder = steps({ '0001_first': firstSql, '0002_second': 'create table two (); select 1/0' })

  await expect(migrate(client, folder)).rejects.toThrow(
    'Migration 2 (second) failed: division by zero',
  )

  const tables = await client.query(
    `select to_regclass('one')::text as one, to_regclass('two')::text as two`,
  )
  expect(tables.rows).toEqual([{ one: 'one', two: null }])
  await done()
})

test('a gap in the numbers stops the start', async () => {
  const { client, done } = await anEmptyDatabase()

  await expect(migrate(client, steps({ '0002_second': firstSql }))).rejects.toThrow(
    'Migrations are numbered without gaps',
  )
  await done()
})

const firstSql = 'create table one (a integer)'

async function anEmptyDatabase() {
  const name = await emptyDatabase()
  const client = await connect(name)
  const done = async (): Promise<void> => {
    await client.end()
    await dropDatabase(name)
  }
  return { client, name, done }
}

const twoSteps = (first = firstSql): string =>
  steps({ '0001_first': first, '0002_second': 'create table two (a integer)' })

function steps(sqlByFolder: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-steps-'))
  for (const [name, sql] of Object.entries(sqlByFolder)) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'up.sql'), sql)
  }
  return folder
}
