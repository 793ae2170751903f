import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from './cluster.ts'
import { temporaryFolder } from './postgres.ts'
import { type Ended, runTallystick, urlOf } from './process.ts'

type Reply = Readonly<{ code: number | null; body: Record<string, unknown>; stderr: string }>

const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const dataDir = temporaryFolder()
let database = ''

beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => dropDatabase(database))

const surroundings = () => ({
  TALLYSTICK_DATA_DIR: dataDir,
  DATABASE_URL: urlOf(clusterAddress(), database),
})

/** Runs a command with `--json` on the database of this file. */
async function tallystick(line: string, extra: Readonly<Record<string, string>> = {}) {
  const words = line.match(/"[^"]*"|\S+/g) ?? []
  const plain = words.map((word) => word.replaceAll('"', ''))
  return toReply(await runTallystick([...plain, '--json'], { ...surroundings(), ...extra }))
}

function toReply({ code, stdout, stderr }: Ended): Reply {
  const body: unknown = JSON.parse(stdout)
  return { code, body: Object(body), stderr }
}

/** A member of a reply's `data`, as text. */
const member = (reply: Reply, name: string): string => {
  expect(reply).toMatchObject({ code: 0, body: { ok: true } })
  return String(Reflect.get(Object(reply.body['data']), name))
}

const aNewOrganization = () =>
  tallystick('org create --name "Ada Traders" --country NG --currency NGN')

test('migrate says what it would do, does it, and then finds nothing to do', async () => {
  const planned = await tallystick('migrate --dry-run')
  const applied = await tallystick('migrate')
  const again = await tallystick('migrate')

  const numbers = (reply: Reply) => Object(reply.body['data']).applied.length
  expect(planned.body).toMatchObject({ ok: true, command: 'migrate', data: { from: 0 } })
  expect([numbers(planned), numbers(again)]).toEqual([numbers(applied), 0])
  expect(applied.body).toMatchObject({ ok: true, data: { from: 0, to: numbers(applied) } })
})

test('org create makes an organization with a live and a test business', async () => {
  const made = await aNewOrganization()
  const all = await tallystick('org list')

  expect(made).toMatchObject({
    code: 0,
    body: {
      ok: true,
      command: 'org create',
      data: { organizationId: uuid, businessId: uuid, testBusinessId: uuid, invitationUrl: null },
      warnings: [],
    },
  })
  expect(all.body['data']).toMatchObject({
    organizations: expect.arrayContaining([
      expect.objectContaining({ id: member(made, 'organizationId'), name: 'Ada Traders' }),
    ]),
  })
})

test('org create invites an owner by a link whose token is kept as a hash alone', async () => {
  const line = 'org create --name "Bola Foods" --country NG --currency NGN --owner-email'
  const made = await tallystick(`${line} Bola@Foods.example`)
  const wrong = await tallystick(`${line} bola`)

  const url = member(made, 'invitationUrl')
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4400\/console\/invite\/[\w-]{43}$/)
  expect(made.body['warnings']).toEqual([expect.stringContaining('shown once')])
  expect(wrong).toMatchObject({ code: 2, body: { error: { code: 'cli.usage' } } })
  const client = await connect(database)
  const { rows } = await client.query(
    `select email, role, encode(token_hash, 'hex') as hash, expires_at - created_at as valid
    from invitation`,
  )
  await client.end()
  const token = url.slice(url.lastIndexOf('/') + 1)
  const hash = createHash('sha256').update(token).digest('hex')
  expect(rows).toMatchObject([
    { email: 'bola@foods.example', role: 'owner', hash, valid: { days: 7 } },
  ])
})

test('org owner says whom notices go to, and mail shows what was sent and what is stopped', async () => {
  const made = await tallystick('org create --name "Coral Inn" --country NG --currency NGN')
  const organization = member(made, 'organizationId')
  const business = member(made, 'businessId')

  const owner = await tallystick(`org owner ${organization} --email Cora@inn.example`)
  const wrong = await tallystick(`org owner ${organization} --email cora`)
  const list = await tallystick(`mail list --organization ${organization}`)
  const stops = await tallystick(`mail stops --business ${business}`)
  const neither = await tallystick('mail list')
  const lifted = await tallystick(`mail lift cora@inn.example --business ${business}`)

  const data = { organizationId: organization, email: 'Cora@inn.example' }
  expect(owner).toMatchObject({ code: 0, body: { command: 'org owner', data } })
  expect(wrong).toMatchObject({ code: 2, body: { error: { code: 'cli.usage' } } })
  expect(list).toMatchObject({ code: 0, body: { data: { messages: [] } } })
  expect(stops).toMatchObject({ code: 0, body: { data: { stops: [] } } })
  expect(neither).toMatchObject({ code: 2, body: { error: { code: 'cli.usage' } } })
  expect(lifted).toMatchObject({ code: 1, body: { error: { code: 'resource.not_found' } } })
  const client = await connect(database)
  const { rows } = await client.query(
    `select o.sealed_owner is not null as "isSealed", a.action, a.after
    from organization as o join audit_row as a on a.tenant_id = o.organization_id
    where o.organization_id = $1 and a.action = 'organization.set_owner'`,
    [organization],
  )
  await client.end()
  expect(rows).toEqual([
    { isSealed: true, action: 'organization.set_owner', after: '{"email":"[encrypted]"}' },
  ])
})

test('what a restore holds is released or discarded, and nothing is when nothing is held', async () => {
  const none = await tallystick('webhooks release')
  const client = await connect(database)
  await client.query('insert into outgoing_hold (held_at) values (now())')
  const discarded = await tallystick('webhooks discard')
  const { rows } = await client.query('select from outgoing_hold')
  await client.end()

  const data = { deliveries: 0, messages: 0 }
  expect(none).toMatchObject({ code: 0, body: { command: 'webhooks release', data } })
  expect(discarded).toMatchObject({ code: 0, body: { command: 'webhooks discard', data } })
  expect(rows).toEqual([])
})

test('maintenance is switched on with a mode and an end, and off again', async () => {
  const on = await tallystick('maintenance on --mode read_only --until 2030-01-31T22:00:00Z')
  const off = await tallystick('maintenance off')
  const wrong = await tallystick('maintenance on --mode half')

  expect(on.body).toMatchObject({
    ok: true,
    command: 'maintenance on',
    data: { mode: 'read_only', until: '2030-01-31T22:00:00.000Z' },
  })
  expect(off.body).toMatchObject({ ok: true, data: { mode: 'off', until: null } })
  expect(wrong.code).toBe(2)
})

test('org limit gives an organization a limit of its own, of a name that there is', async () => {
  const organizationId = member(await aNewOrganization(), 'organizationId')
  const line = `org limit ${organizationId} --surface books --reason agreed`

  const set = await tallystick(`${line} --name requestsPerMinute --value 600`)
  const unknown = await tallystick(`${line} --name requestsPerYear --value 600`)
  const after = await tallystick(`org plan ${organizationId} --books premium`)

  expect([set.code, unknown.code]).toEqual([0, 1])
  expect(after.body).toMatchObject({
    data: { limits: { books: { requestsPerMinute: 600, requestsPerHour: 1_000 } } },
  })
})

test('numbers gaps tells what numbers have no document, and refuses a kind that is none', async () => {
  const businessId = member(await aNewOrganization(), 'businessId')
  const none = await tallystick(`numbers gaps --business ${businessId}`)
  const wrong = await tallystick(`numbers gaps --business ${businessId} --kind letters`)

  expect([none.code, none.body['data']]).toEqual([0, { series: [], gaps: [] }])
  expect([wrong.code, wrong.body['error']]).toMatchObject([2, { code: 'cli.usage' }])
})

test('credits grant gives an organization what its calls are paid with', async () => {
  const organizationId = member(await aNewOrganization(), 'organizationId')

  const replies = [
    await tallystick(`credits grant ${organizationId} --amount 300 --asset NGN --reason gift`),
    await tallystick(`credits grant ${organizationId} --amount 0.5 --asset ngn --reason more`),
  ]
  const nothing = await tallystick(
    `credits grant ${organizationId} --amount 0 --asset NGN --reason none`,
  )

  expect(replies.map((reply) => member(reply, 'balance'))).toEqual(['300.00', '300.50'])
  expect(nothing.code).toBe(1)
})

test('org plan changes only the plans that are named', async () => {
  const organizationId = member(await aNewOrganization(), 'organizationId')

  const reply = await tallystick(`org plan ${organizationId} --books premium --from 2020-01-01`)

  expect(reply.body).toMatchObject({
    ok: true,
    command: 'org plan',
    data: {
      organizationId,
      plans: { books: 'premium' },
      booksStatus: 'active',
      limits: { books: { apiKeysMax: 10, trialCalls: 100, requestsPerMinute: 60 } },
    },
  })
})

test('organizations and businesses are suspended, resumed and closed', async () => {
  const made = await aNewOrganization()
  const [organization, business] = [member(made, 'organizationId'), member(made, 'businessId')]

  const replies = [
    await tallystick(`org suspend ${organization} --reason "unpaid"`),
    await tallystick(`org resume ${organization}`),
    await tallystick(`business suspend ${business} --reason "asked"`),
    await tallystick(`business resume ${business}`),
    await tallystick(`business close ${business}`),
  ]

  expect(replies.map((reply) => member(reply, 'status'))).toEqual([
    'suspended',
    'active',
    'suspended',
    'active',
    'closing',
  ])
})

test('business create opens a business with its chart', async () => {
  const organization = member(await aNewOrganization(), 'organizationId')
  const flags = '--name "Second" --environment test --currency USD --country US'

  const reply = await tallystick(`business create --organization ${organization} ${flags}`)

  expect(reply.body).toMatchObject({
    ok: true,
    data: { businessId: uuid, environment: 'test' },
  })
})

test.each([
  ['invoicing', /^oim_[0-9a-f]{64}$/],
  ['books', /^live_sk_[0-9a-f]{48}$/],
  ['connect', /^[A-Za-z0-9]{40}$/],
])('keys create shows a key of %s once, and lists never do', async (surface, shape) => {
  const made = await aNewOrganization()
  const organization = member(made, 'organizationId')
  const business = surface === 'invoicing' ? `--business ${member(made, 'businessId')}` : ''
  const flags = `--surface ${surface} --organization ${organization} ${business}`

  const key = await tallystick(`keys create ${flags}`)
  const list = await tallystick(`keys list --organization ${organization}`)

  expect(member(key, 'key')).toMatch(shape)
  expect(list.body['data']).toMatchObject({ keys: [{ keyId: member(key, 'keyId'), surface }] })
  expect(JSON.stringify(list.body)).not.toContain(member(key, 'key'))
})

test('a key is rotated, then revoked, and a second revocation is refused with its code', async () => {
  const organization = member(await aNewOrganization(), 'organizationId')
  const first = await tallystick(`keys create --surface books --organization ${organization}`)

  const rotated = await tallystick(`keys rotate ${member(first, 'keyId')} --overlap-hours 1`)
  const revoked = await tallystick(`keys revoke ${member(first, 'keyId')} --reason leaked`)
  const again = await tallystick(`keys revoke ${member(first, 'keyId')}`)

  expect(member(rotated, 'key')).not.toBe(member(first, 'key'))
  expect(member(rotated, 'overlapUntil')).toMatch(/^\d{4}-.*Z$/)
  expect(member(revoked, 'revokedAt')).toMatch(/^\d{4}-.*Z$/)
  expect(again).toMatchObject({
    code: 1,
    body: {
      ok: false,
      command: 'keys revoke',
      error: {
        code: 'key.already_revoked',
        number: expect.any(Number),
        message: expect.any(String),
        params: { keyId: member(first, 'keyId') },
        docs: '/docs/errors/key.already_revoked',
      },
    },
  })
})

test('verify checks every chain and finds nothing wrong in what the commands wrote', async () => {
  await aNewOrganization()

  const reply = await tallystick('verify')

  expect(reply).toMatchObject({
    code: 0,
    body: { ok: true, command: 'verify', data: { findings: [], seconds: expect.any(Number) } },
  })
})

test('verify says on request where every chain stands', async () => {
  const businessId = member(await aNewOrganization(), 'businessId')

  const reply = await tallystick(`verify ${businessId} --at-restore`)

  const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
  expect(reply).toMatchObject({
    code: 0,
    body: {
      data: {
        findings: [],
        heads: [{ tenantId: businessId, link: '1', hash, eventSequence: expect.any(String) }],
      },
    },
  })
})

test('keys scan finds keys by their checksums, in any file, and needs no database', async () => {
  const organization = member(await aNewOrganization(), 'organizationId')
  const keyOf = async (surface: string): Promise<string> => {
    const line = `keys create --organization ${organization} --surface ${surface}`
    return member(await tallystick(line), 'key')
  }
  const [books, connectKey] = [await keyOf('books'), await keyOf('connect')]
  const basic = Buffer.from(`${connectKey}:`).toString('base64')
  const wrong = `${books.slice(0, -1)}${books.endsWith('0') ? '1' : '0'}`
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'deep'))
  writeFileSync(join(folder, 'clean.txt'), `${wrong}\n${'0'.repeat(40)}\n`)
  writeFileSync(join(folder, 'deep', 'a.env'), `A=1\nKEY="${books}"\nBasic ${basic}\n`)
  writeFileSync(join(folder, 'long.bin'), `${'x '.repeat(524_270)}${connectKey} end`)

  const away = { DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/x' }
  const found = await tallystick(`keys scan ${folder}`, away)
  const none = await tallystick(`keys scan ${join(folder, 'clean.txt')}`, away)
  const absent = await tallystick(`keys scan ${join(folder, 'nothing')}`, away)

  const findings = Object(found.body['data']).findings as { file: string; line: number }[]
  const seen = findings.map(({ file, line }) => `${file.slice(folder.length + 1)}:${line}`)
  expect(seen.toSorted()).toEqual(['deep/a.env:2', 'deep/a.env:3', 'long.bin:1'])
  expect(findings).toContainEqual(
    expect.objectContaining({ surface: 'books', checksum: 'valid', visible: expect.any(String) }),
  )
  expect(JSON.stringify(found.body)).not.toContain(books)
  expect([found.code, none.code, absent.code]).toEqual([4, 0, 2])
})

test('secrets anchors shows what a witness checks anchors with, the same each time', async () => {
  const [first, again] = [await tallystick('secrets anchors'), await tallystick('secrets anchors')]

  expect(first.body['data']).toEqual({
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    publicKey: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/),
  })
  expect(again.body).toEqual(first.body)
})

test('errors explain finds a code by its number', async () => {
  const reply = await tallystick('errors explain 9001')

  expect(reply.body).toMatchObject({
    ok: true,
    command: 'errors explain',
    data: { code: 'platform.unexpected', number: 9001, surfaces: { books: { status: 500 } } },
  })
})

test.each([
  ['an unknown command', 'frobnicate', 2, 'cli.usage'],
  ['a missing flag', 'org create --name A', 2, 'cli.usage'],
  ['a plan that does not exist', 'org plan x --books gold', 2, 'cli.usage'],
  [
    'a network that is none',
    'keys create --surface connect --organization 01900000-0000-7000-8000-000000000000 --allow 10.0.0.0/99',
    2,
    'cli.usage',
  ],
  ['an id that is none', 'org suspend x', 1, 'request.id_malformed'],
  [
    'an organization that is not there',
    'org suspend 01900000-0000-7000-8000-000000000000',
    1,
    'resource.not_found',
  ],
  [
    'a business that is not there',
    'business close 01900000-0000-7000-8000-000000000000',
    1,
    'resource.not_found',
  ],
])('%s ends with its exit code and an error object', async (_name, line, code, errorCode) => {
  expect(await tallystick(line)).toMatchObject({
    code,
    body: { ok: false, error: { code: errorCode } },
  })
})

test('a wrong variable ends with 2 and is named; an unreachable database ends with 3', async () => {
  const wrong = await tallystick('org list', { PORT: 'http' })
  const away = await tallystick('org list', {
    DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1:1/x',
  })

  expect(wrong).toMatchObject({
    code: 2,
    body: { error: { code: 'cli.configuration', params: { variable: 'PORT' } } },
  })
  expect(away).toMatchObject({ code: 3, body: { error: { code: 'cli.cannot_start' } } })
  expect(JSON.stringify(away)).not.toContain('hunter2')
})

test('without --json the answer is text and a refusal a sentence on standard error', async () => {
  const list = await runTallystick(['org', 'list'], surroundings())
  const refused = await runTallystick(['org', 'suspend', 'x'], surroundings())

  expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining('organization  ') })
  expect(refused).toEqual({
    code: 1,
    stdout: '',
    stderr: 'organization must be a valid UUID\n',
  })
})
