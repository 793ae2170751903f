import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { addDays, asDate } from '../src/kernel/dates.ts'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from './cluster.ts'
import { Dice } from './fuzz/dice.ts'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, runTallystick, startTallystick, startWorker, urlOf } from './process.ts'

/* Workers that die inside of a recurring run. Source: Invoicing specification 10.2. */

const dataDir = temporaryFolder()
let database = ''
let client: Client

const kills = 10
const days = 150
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))

const surroundings = () => ({
  ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0' },
  ...{ TALLYSTICK_ADDRESS_LIMIT: '0', TALLYSTICK_LOG_LEVEL: 'error' },
  DATABASE_URL: urlOf(clusterAddress(), database),
})

beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(async () => {
  await client.end()
  await dropDatabase(database)
})

async function tallystick(...words: string[]) {
  const { stdout } = await runTallystick([...words, '--json'], surroundings())
  return JSON.parse(stdout).data
}

async function countOf(text: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from ${text}`,
  )
  return rows[0]?.count ?? 0
}

/** What the schedule of the worker does every five minutes. */
const makeDue = () =>
  client.query("select jobs.add_job('recurring.run', job_key := 'recurring.run')")

test('ten workers die inside of a run: each period has one invoice, one number and one event', {
  timeout: 300_000,
}, async () => {
  process.stdout.write(`recurring kills: seed ${seed}\n`)
  const dice = new Dice(seed)
  const { organizationId, businessId } = await tallystick(
    ...['org', 'create', '--name', 'Ada Traders', '--country', 'NG', '--currency', 'NGN'],
  )
  const of = ['--surface', 'invoicing', '--organization', organizationId, '--business', businessId]
  const { key } = await tallystick('keys', 'create', ...of)
  client = await connect(database)
  const api = startTallystick(['start', '--role', 'api', '--json'], surroundings())
  onTestFinished(async () => {
    api.child.kill('SIGKILL')
    await api.ended
  })
  const origin = await readyOrigin(api)
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${origin}/invoicing/api/v1/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(201)
    return JSON.parse(await answer.text())
  }
  const { id: customer_id } = await post('customers', { name: 'Lantern & Rye Ltd' })
  const today = asDate(new Date().toISOString().slice(0, 10))
  const items = [{ description: 'Support', quantity: 1, unit_price: 250, tax_rate: 7.5 }]
  const schedule = { customer_id, items, currency: 'NGN', frequency: 'daily' }
  const from = { start_date: addDays(today, -days), max_occurrences: days }
  // One makes drafts, the other issues: its invoices are posted.
  for (const auto_send of [false, true]) {
    await post('recurring-invoices', { ...schedule, ...from, auto_send })
  }
  const wanted = 2 * days
  let [done, died] = [0, 0]
  while (died < kills) {
    const worker = await startWorker(surroundings())
    await makeDue()
    const until = done + 1 + dice.below(Math.floor((wanted - done) / (kills - died + 1)))
    while ((await countOf('recurring_run')) < until) await pause(1)
    await pause(dice.below(12))
    worker.child.kill('SIGKILL')
    await worker.ended
    done = await countOf('recurring_run')
    expect(done, 'it died inside of the run').toBeLessThan(wanted)
    died += 1
  }
  await startWorker(surroundings())
  await makeDue()
  while ((await countOf("recurring_invoice where status <> 'completed'")) > 0) await pause(20)

  expect(await countOf('recurring_run')).toBe(wanted)
  const { rows } = await client.query(
    `select count(distinct (r.recurring_id, r.period_date))::int as periods,
      count(distinct r.document_id)::int as runs, min(r.period_date)::text as first,
      max(r.period_date)::text as last, count(distinct d.number)::int as numbers,
      max(d.number) as newest, count(*) filter (where d.issue_date <> r.period_date)::int as misdated,
      count(*) filter (where d.lifecycle = 'open')::int as issued
    from recurring_run as r join document as d using (business_id, document_id)`,
  )
  expect(rows).toEqual([
    {
      ...{ periods: wanted, runs: wanted, numbers: wanted, issued: days, misdated: 0 },
      ...{ first: from.start_date, last: addDays(today, -1), newest: 'INV-00300' },
    },
  ])
  expect(await countOf("document where kind = 'invoice'")).toBe(wanted)
  expect(await countOf("event where type = 'sales.recurring.generated'")).toBe(wanted)
  expect(await countOf("event where type = 'sales.invoice.created'")).toBe(wanted)
  expect(await countOf("event where type = 'sales.invoice.sent'")).toBe(days)
  const books = await tallystick('verify', businessId)
  expect(books).toMatchObject({ findings: [] })
})
