import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from '../../test/cluster.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { runTallystick, urlOf } from '../../test/process.ts'

const dataDir = temporaryFolder()
const anchorFile = join(dataDir, 'witness', 'anchors.jsonl')
let database = ''
let businessId = ''

async function tallystick(...words: string[]) {
  const env = {
    ...{ TALLYSTICK_DATA_DIR: dataDir, TALLYSTICK_ANCHOR_FILE: anchorFile },
    DATABASE_URL: urlOf(clusterAddress(), database),
  }
  const { code, stdout } = await runTallystick([...words, '--json'], env)
  const body = Object(JSON.parse(stdout))
  return { code, body, findings: body.data?.findings }
}

/** Changes rows as whoever owns the machine can, with no guard in the way. */
async function tamper(text: string): Promise<void> {
  const client = await connect(database)
  await client.query(`set session_replication_role = replica; ${text}`)
  await client.end()
}

const anchorLines = (): string[] => readFileSync(anchorFile, 'utf8').trimEnd().split('\n')

beforeAll(async () => {
  database = await emptyDatabase()
  const { body } = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
  businessId = body.data.businessId
})
afterAll(() => dropDatabase(database))

test('books that nobody touched verify with exit code 0', async () => {
  const all = await tallystick('verify')
  const one = await tallystick('verify', businessId)

  expect(all).toMatchObject({
    code: 0,
    body: {
      ok: true,
      command: 'verify',
      data: { checked: { entries: 0, charges: 0 }, findings: [], seconds: expect.any(Number) },
    },
  })
  expect(all.body.data.checked.links).toBeGreaterThan(one.body.data.checked.links)
  expect(one).toMatchObject({ code: 0, body: { data: { checked: { links: 1 } } } })
})

test('since a day, the chains are walked from there, and roll-ups only when it is deep', async () => {
  const always = await tallystick('verify', businessId, '--since', '2020-01-01')
  const future = await tallystick('verify', businessId, '--since', '2999-01-01')
  const deep = await tallystick('verify', '--since', '2999-01-01', '--deep')
  const never = await tallystick('verify', '--since', 'yesterday')

  expect(always).toMatchObject({ code: 0, body: { data: { checked: { links: 1 } } } })
  const nothing = { links: 0, entries: 0, auditRows: 0 }
  expect(future).toMatchObject({ code: 0, findings: [], body: { data: { checked: nothing } } })
  expect(deep).toMatchObject({ code: 0, findings: [], body: { data: { checked: nothing } } })
  expect(never).toMatchObject({ code: 1, body: { error: { code: 'validation.date_invalid' } } })
})

test('a business that nobody knows is refused', async () => {
  const unknown = await tallystick('verify', '018f0000-0000-7000-8000-000000000000')
  expect(unknown).toMatchObject({ code: 1, body: { error: { code: 'resource.not_found' } } })
})

test('each chain that grew has one signed line in the anchor file, and none twice', async () => {
  const before = anchorLines()
  await tallystick('verify')

  expect(anchorLines()).toEqual(before)
  const anchor = before.map((line) => JSON.parse(line)).find(({ chain }) => chain === businessId)
  expect(anchor).toEqual({
    chain: businessId,
    link: '1',
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    rows: expect.stringMatching(/^\d+$/),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    signature: expect.stringMatching(/^[A-Za-z0-9+/]{86}==$/),
  })
})

test('an anchor that was changed is not believed, and said so', async () => {
  const forged = join(dataDir, 'forged.jsonl')
  writeFileSync(forged, `${anchorLines()[0]?.replace('"link":"1"', '"link":"7"')}\nnonsense\n`)

  const { code, findings } = await tallystick('verify', '--anchors', forged)

  expect(code).toBe(4)
  expect(findings.map(({ kind }: { kind: string }) => kind)).toEqual([
    'anchor_signature',
    'anchor_signature',
  ])
})

test('an edited row and a cut chain end with exit code 4 and their places', async () => {
  await tamper(`update audit_row set actor = 'somebody else'
    where tenant_id = '${businessId}' and sequence = 1`)
  const edited = await tallystick('verify', businessId)
  await tamper(`delete from audit_row where tenant_id = '${businessId}';
    delete from event where tenant_id = '${businessId}';
    delete from chain_link where tenant_id = '${businessId}';
    delete from lane_head where tenant_id = '${businessId}'`)
  const cut = await tallystick('verify')

  expect([edited.code, cut.code]).toEqual([4, 4])
  expect(edited.findings).toMatchObject([
    { kind: 'link_hash', where: expect.stringContaining(`${businessId} link 1 (`) },
  ])
  expect(cut.findings).toMatchObject([{ kind: 'chain_truncated', where: `${businessId} link 1` }])
})
