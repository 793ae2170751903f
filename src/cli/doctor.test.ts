import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from '../../test/cluster.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { runTallystick, urlOf } from '../../test/process.ts'

const dataDir = temporaryFolder()
let database = ''

beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => dropDatabase(database))

async function tallystick(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await runTallystick([...words, '--json'], {
    ...{ TALLYSTICK_DATA_DIR: dataDir, DATABASE_URL: urlOf(clusterAddress(), database), PORT: '0' },
    ...env,
  })
  return { code, body: JSON.parse(stdout) }
}

test('doctor looks at a database and leaves it as it is', async () => {
  const before = await tallystick(['doctor'])
  await tallystick(['migrate'])
  const after = await tallystick(['doctor'])

  expect([before.code, after.code]).toEqual([0, 0])
  const detailsOf = ({ body }: typeof before): Record<string, string> =>
    Object.fromEntries(
      body.data.checks.map(({ name, detail }: Record<string, string>) => [name, detail]),
    )
  expect(detailsOf(before)['migrations']).toMatch(/^0 of \d+ applied; the next start/)
  expect(detailsOf(after)['migrations']).toMatch(/^(\d+) of \1 applied$/)
  expect(Object.keys(detailsOf(after))).toEqual([
    ...['versions', 'database', 'restore', 'migrations', 'clock', 'disk', 'port'],
  ])
})

test('doctor ends with 4 when a restore was not finished', async () => {
  const client = await connect(database)
  await client.query(
    `comment on table migration is 'unusable: a restore into this database was not finished'`,
  )
  const { code, body } = await tallystick(['doctor'])
  const start = await tallystick(['org', 'list'])
  await client.query('comment on table migration is null')
  await client.end()

  expect([code, body.ok]).toEqual([4, false])
  expect([start.code, start.body.error.message]).toEqual([
    3,
    expect.stringContaining('restore again with --force-empty'),
  ])
})

test('config check shows every value and no secret', async () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')
  const { code, body } = await tallystick(['config', 'check'], {
    DATABASE_URL: 'postgresql://ada:hunter2@db.example:5433/books?sslpassword=hunter3',
    TALLYSTICK_MASTER_KEY: key,
    TALLYSTICK_CLOCK_OFFSET: '+1d',
  })

  expect(code).toBe(0)
  expect(body.data).toMatchObject({
    valid: true,
    values: {
      databaseUrl: 'postgresql://db.example:5433/books',
      masterKey: 'given',
      dataDir,
      anchorFile: join(dataDir, 'anchors.jsonl'),
      role: 'all',
      metricsPort: 'off',
    },
    warnings: ['The clock is moved; every date follows it.'],
  })
  expect(JSON.stringify(body)).not.toMatch(/hunter|ada|AAECAw/)
})

test('config check ends with 2 and names the variable that is wrong', async () => {
  const { code, body } = await tallystick(['config', 'check'], { TALLYSTICK_DB_POOL: '1' })

  expect([code, body.error.params]).toEqual([2, { variable: 'TALLYSTICK_DB_POOL' }])
})
