import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from '../../test/cluster.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { runTallystick, urlOf } from '../../test/process.ts'

const dataDir = temporaryFolder()
let database = ''

async function tallystick(...words: string[]) {
  const env = {
    TALLYSTICK_DATA_DIR: dataDir,
    DATABASE_URL: urlOf(clusterAddress(), database),
  }
  const { code, stdout } = await runTallystick([...words, '--json'], env)
  return { code, body: Object(JSON.parse(stdout)) }
}

/** Entries and lines per business, by id. */
async function books(): Promise<Readonly<Record<string, string>>> {
  const client = await connect(database)
  const { rows } = await client.query<{ id: string; figures: string }>(
    `select business_id as id, concat_ws(' ', count(*), sum(total_base), max(number)) as figures
    from journal_entry group by 1`,
  )
  await client.end()
  return Object.fromEntries(rows.map(({ id, figures }) => [id, figures]))
}

beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => dropDatabase(database))

test('a reset gives the demo a new test business with the same books, and touches nothing else', async () => {
  const made = await tallystick('demo')
  const { businessId, testBusinessId } = made.body.data
  const before = await books()
  await tallystick('verify')

  const refused = await tallystick('demo')
  const reset = await tallystick('demo', '--reset')
  const after = await books()
  const verified = await tallystick('verify')

  expect(refused).toMatchObject({ code: 2, body: { error: { code: 'cli.usage' } } })
  const newId = reset.body.data.testBusinessId
  expect(newId).not.toBe(testBusinessId)
  expect(reset).toMatchObject({
    code: 0,
    body: { data: { ...made.body.data, testBusinessId: newId } },
  })
  expect(JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))).toEqual(reset.body.data)
  expect(after).toEqual({
    [businessId]: before[businessId],
    [newId]: before[testBusinessId],
  })
  // The anchors of the removed chain are still in the file; its end is on record.
  expect(verified).toMatchObject({ code: 0, body: { data: { findings: [] } } })
})

test('a reset after a crash between removal and seeding only makes the new one', async () => {
  const client = await connect(database)
  const { testBusinessId } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))
  await client.query(
    `set session_replication_role = replica; delete from business where business_id = '${testBusinessId}'`,
  )
  await client.end()

  const reset = await tallystick('demo', '--reset', '--seed', '2')

  expect(reset).toMatchObject({ code: 0 })
  expect((await books())[reset.body.data.testBusinessId]).toMatch(/^4\d\d /)
})
