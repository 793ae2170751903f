import { Agent, request } from 'node:http'
import { createKey } from '../src/modules/access/api-key.actions.ts'
import { require } from './bench-error.ts'
import { buildJournal, buildRandom } from './generator.ts'
import { blankResult, judge, type Result } from './output.ts'
import type { Stage } from './stage.ts'
import { median, percentile, spreadOf } from './statistics.ts'
import { type Books, openBooks, readNaive, recentDays } from './world.ts'

const callers = 64
const fewInvoices = 10_000
const drawsEach = 100
const seed = 14

/** A set of books that Invoicing reaches as well. */
type Shop = Books & Readonly<{ invoicingKey: string; customerId: string }>

/**
 * B9: invoices made and sent over HTTP, two requests each, against journals posted by the same
 * callers in turns; afterwards their numbers have no gap.
 */
export async function runSending(stage: Stage): Promise<readonly Result[]> {
  const shop = await openShop(stage, 'B9')
  const { pace, say, world } = stage
  const url = (path: string) => `${stage.server.origin}/invoicing/api/v1/${path}`
  const { customerId } = shop
  const items = [{ description: 'Survey', quantity: 2, unit_price: 18.35, tax_rate: 7.5 }]
  const sendOne = async (agent: Agent): Promise<void> => {
    const body = { customer_id: customerId, currency: 'NGN', items }
    const made = await ask(agent, url('invoices'), { key: shop.invoicingKey, body })
    const path = `invoices/${member(made, 'id')}/send`
    await ask(agent, url(path), { key: shop.invoicingKey, body: { attach_pdf: false } })
  }
  const random = buildRandom(seed)
  const days = recentDays(world.session.today())
  const journals = `${stage.server.origin}/books/v1/journal-entries?businessId=${shop.businessId}`
  const postOne = async (agent: Agent): Promise<void> => {
    await ask(agent, journals, { key: shop.key, body: JSON.parse(buildJournal(random, days)) })
  }
  await rateOf(pace.warmUpSeconds, sendOne)
  await rateOf(pace.warmUpSeconds, postOne)
  const rates = { sent: [] as number[], posted: [] as number[] }
  for (let round = 1; round <= pace.rounds; round += 1) {
    say(`B9 round ${round}`)
    rates.posted.push(await rateOf(pace.seconds, postOne))
    rates.sent.push(await rateOf(pace.seconds, sendOne))
  }
  await requireNoGaps(stage, shop)
  const ratios = rates.sent.map((rate, round) => rate / (rates.posted[round] ?? Number.NaN))
  return [
    judge({
      ...blankResult('B9', `${callers}`, 'invoices made and sent over HTTP', '/s', rates.sent),
      denominator: { name: 'journals, the same callers', median: median(rates.posted) },
      ratio: spreadOf(ratios),
      target: { op: '>=', value: 0.3 },
    }),
  ]
}

/** B14: a page of 25 invoices under each filter, out of many against out of 10,000, in turns. */
export async function runLists(stage: Stage, many: number): Promise<readonly Result[]> {
  const [few, full] = [await fill(stage, fewInvoices), await fill(stage, many)]
  await stage.world.owner.query('vacuum analyze')
  const agent = new Agent({ keepAlive: true })
  const results: Result[] = []
  for (const [name, toQuery] of filters) {
    stage.say(`B14 ${name}`)
    const times = { few: [] as number[], many: [] as number[] }
    for (let i = 0; i < drawsEach; i += 1) {
      times.few.push(await draw(stage, agent, few, toQuery(fewInvoices)))
      times.many.push(await draw(stage, agent, full, toQuery(many)))
    }
    const p99 = { few: percentile(times.few, 0.99), many: percentile(times.many, 0.99) }
    const ratio = p99.many / p99.few
    results.push(
      judge({
        ...blankResult('B14', name, '25 of many invoices over HTTP, p99', 'ms', [p99.many]),
        denominator: { name: '10,000 invoices, ms', median: p99.few },
        ratio: { median: ratio, min: ratio, max: ratio },
        target: { op: '<=', value: 3 },
      }),
    )
  }
  agent.destroy()
  return results
}

/** Queries by the number of invoices there are; the seeded ones end on 2026-06-30. */
const filters: readonly (readonly [string, (count: number) => string])[] = [
  ['none', () => ''],
  ['status draft', () => 'status=draft'],
  ['status sent', () => 'status=sent'],
  ['status overdue', () => 'status=overdue'],
  ['status paid', () => 'status=paid'],
  ['status cancelled', () => 'status=cancelled'],
  ['customer_id', () => `customer_id=${customerIdOf(9)}`],
  ['invoice_number', (count) => `invoice_number=${Math.floor(count / 2) + 7}`],
  ['currency', () => 'currency=GBP'],
  ['issue_date', () => 'issue_date_from=2025-02-01&issue_date_to=2025-02-28'],
  ['due_date', () => 'due_date_from=2025-02-01&due_date_to=2025-02-28'],
  ['min_total', () => 'min_total=10000'],
  ['max_total', () => 'max_total=1.5'],
  ['external_id', () => 'external_id=seed-777'],
  ['quotation_id', () => `quotation_id=${customerIdOf(7)}`],
  ['recurring_invoice_id', () => `recurring_invoice_id=${customerIdOf(7)}`],
  ['updated_since', () => 'updated_since=2026-06-30T00:00:00Z'],
]

const customerIdOf = (n: number): string =>
  `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

async function draw(stage: Stage, agent: Agent, shop: Shop, query: string): Promise<number> {
  const began = performance.now()
  await ask(agent, `${stage.server.origin}/invoicing/api/v1/invoices?${query}`, {
    key: shop.invoicingKey,
  })
  return performance.now() - began
}

/** Two years of invoices, straight into the tables: what is measured is how they are found. */
async function fill(stage: Stage, count: number): Promise<Shop> {
  stage.say(`B14 seeding ${count} invoices`)
  const shop = await openShop(stage, `B14 ${count}`)
  const client = await stage.world.owner.connect()
  try {
    await client.query(
      'begin; set local role postgres; set local session_replication_role = replica; set local statement_timeout = 0',
    )
    for (const statement of readNaive('invoices').split(';\n')) {
      if (statement.trim() === '') continue
      const values = statement.includes('$2') ? [shop.businessId, count] : [shop.businessId]
      await client.query(statement, values)
    }
    await client.query('commit')
  } finally {
    client.release()
  }
  return shop
}

async function openShop({ world, server }: Stage, name: string): Promise<Shop> {
  const books = await openBooks(world, name)
  const { session, owner } = world
  const { organizationId, businessId } = books
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     values ($1, 'invoicing', 'requestsPerMinute', '1000000000', '2000-01-01', 'benchmark', now())`,
    [organizationId],
  )
  const made = await session.write({ organizationId }, createKey, {
    ...session.newKeyMaker(),
    ...{ surface: 'invoicing', environment: 'live', businessId, name: 'bench', isOperator: true },
  })
  const agent = new Agent()
  const customer = await ask(agent, `${server.origin}/invoicing/api/v1/customers`, {
    key: made.text,
    body: { name: 'Lantern & Rye Ltd', email: 'ap@lanternrye.example' },
  })
  return { ...books, invoicingKey: made.text, customerId: member(customer, 'id') }
}

/** How often in a second `callers` at once do something. */
async function rateOf(seconds: number, one: (agent: Agent) => Promise<void>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const began = performance.now()
  const deadline = began + seconds * 1_000
  let done = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < deadline) {
      await one(agent)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  agent.destroy()
  return done / ((performance.now() - began) / 1_000)
}

async function requireNoGaps({ world }: Stage, { businessId }: Books): Promise<void> {
  const { rows } = await world.owner.query<{ numbers: number; next: number }>(
    `select (select count(*)::int from number_register
        where business_id = $1 and kind = 'invoice') as numbers,
      (select next::int from number_series where business_id = $1 and kind = 'invoice') as next`,
    [businessId],
  )
  const [row] = rows
  require(row !== undefined && row.numbers === row.next - 1, 'The numbers of invoices have gaps.')
}

type Asked = Readonly<{ key: string; body?: unknown }>

/** The answer's value; anything but success ends the run. */
function ask(agent: Agent, url: string, { key, body }: Asked): Promise<unknown> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sending = request(url, {
      agent,
      method: text === undefined ? 'GET' : 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        ...(text !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        }),
      },
    })
    sending.once('error', reject)
    sending.once('response', (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('end', () => {
        const said = Buffer.concat(chunks).toString()
        if ((answer.statusCode ?? 0) < 300) resolve(JSON.parse(said))
        else reject(new Error(`${url} answered ${answer.statusCode}: ${said}`))
      })
    })
    sending.end(text)
  })
}

const member = (value: unknown, name: string): string => String(Reflect.get(Object(value), name))
