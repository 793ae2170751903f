import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildOnce, type GateProcess, startGate } from '../../test/gate-process.ts'
import { aLedger, journal, type Ledger, newUuid, noon } from '../../test/lane.ts'
import { makeTemplate, temporaryFolder } from '../../test/postgres.ts'
import { isRefusal } from '../kernel/errors.ts'
import { postJournal } from '../modules/ledger/journal.actions.ts'
import { verifyTenant } from '../modules/reports/integrity.queries.ts'
import { startEmbedded } from './embedded.ts'
import { readSnapshot } from './tx.ts'
import type { Outcome } from './write.ts'

const cycles = 3
const postings = 400
const callers = 16
const keysOf = (cycle: number): readonly string[] =>
  Array.from({ length: postings }, (_, n) => `posting ${cycle}/${n}`)

/** Numbers of the entries by the key that their posting had. */
async function numbersByKey({ owner, tenant }: Ledger): Promise<ReadonlyMap<string, string[]>> {
  const { rows } = await owner.query<{ key: string; numbers: string[] }>(
    `select description as key, array_agg(number) as numbers from journal_entry
    where business_id = $1 group by description`,
    [tenant.businessId],
  )
  return new Map(rows.map(({ key, numbers }) => [key, numbers]))
}

/** All that a verification finds: it is nothing, however the books were interrupted. */
async function findingsOf({ owner, tenant }: Ledger): Promise<unknown> {
  return (await readSnapshot(owner, tenant, (db) => verifyTenant(db, tenant.businessId, [])))
    .findings
}

test('a process that is killed while it posts loses no answer and repeats no effect', async () => {
  buildOnce()
  const ledger = await aLedger()
  onTestFinished(ledger.close)
  const answers = new Map<string, string>()
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const doomed = startGate(ledger)
    for (const key of keysOf(cycle)) doomed.post({ key, amount: '100' })
    await untilAnswered(doomed, 40 * cycle)
    doomed.child.kill('SIGKILL')
    expect(await doomed.ended).toBe('SIGKILL')
    for (const [key, answer] of doomed.answers) answers.set(key, answer)
    expect(await findingsOf(ledger)).toEqual([])
    const standing = await numbersByKey(ledger)
    for (const [key, answer] of answers) expect(standing.get(key)).toEqual([answer])

    const heir = startGate(ledger)
    for (const key of keysOf(cycle)) heir.post({ key, amount: '100' })
    expect(await heir.end()).toBe(0)
    for (const [key, answer] of heir.answers) {
      expect(answers.get(key) ?? answer).toBe(answer)
      answers.set(key, answer)
    }
  }

  const standing = await numbersByKey(ledger)
  expect(standing.size).toBe(cycles * postings)
  for (const [key, numbers] of standing) expect(numbers).toEqual([answers.get(key)])
  expect(await findingsOf(ledger)).toEqual([])
}, 120_000)

async function untilAnswered({ answers, child, ended }: GateProcess, count: number): Promise<void> {
  const arrived = async (): Promise<void> => {
    while (answers.size < count) await new Promise((resolve) => child.stdout.once('data', resolve))
  }
  await Promise.race([arrived(), ended])
}

test('a database that is killed while it commits comes back with every answered effect', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const quiet = () => undefined
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const address = await startEmbedded({ dataDir, log })
  onTestFinished(async () => {
    await address.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await makeTemplate(address)
  const ledger = await aLedger({ address })
  const told = new Set<string>()
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const keys = [...keysOf(cycle)]
    const answers = new Map<string, string>()
    const call = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        answers.set(key, await untilAccepted(ledger, key, told))
        if (answers.size === 60 * cycle) process.kill(postmasterOf(dataDir), 'SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: callers }, call))

    const standing = await numbersByKey(ledger)
    expect(answers.size).toBe(postings)
    for (const [key, answer] of answers) expect(standing.get(key)).toEqual([answer])
    expect(standing.size).toBe(cycle * postings)
    expect(await findingsOf(ledger)).toEqual([])
  }
  expect([...told]).toEqual(['platform.database_unavailable'])
  await ledger.close()
}, 180_000)

/** Asks again with the same key, as a careful caller does, and notes what it was told meanwhile. */
async function untilAccepted(ledger: Ledger, key: string, told: Set<string>): Promise<string> {
  for (;;) {
    try {
      const done = await ledger.write(postJournal, saleOf(key), {
        idempotency: {
          ...{ surface: 'books', key, fingerprint: Buffer.alloc(32), keepMs: 3_600_000 },
          reply: (outcome: Outcome<{ number: string }>) => ({
            status: 201,
            headers: {},
            body: Buffer.from('value' in outcome ? outcome.value.number : outcome.refusal.code),
            requestId: newUuid(),
          }),
        },
      })
      return String('replayed' in done ? done.replayed.body : done.reply?.body)
    } catch (error) {
      if (!isRefusal(error)) throw error
      told.add(error.code)
      await untilReachable(ledger)
    }
  }
}

/** Asks again as soon as it is turned away, until the database lets somebody in. */
async function untilReachable({ owner }: Ledger): Promise<void> {
  for (let isThere = false; !isThere; ) {
    isThere = await owner.query('select 1').then(
      () => true,
      () => false,
    )
  }
}

const saleOf = (key: string) => ({
  ...journal('1001 +1.00 | 4000 -1.00', noon.slice(0, 10)),
  description: key,
})

const postmasterOf = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0])
