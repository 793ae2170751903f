import { afterAll, describe, expect, test } from 'vitest'
import { clusterAddress, connect } from '../../test/cluster.ts'
import { buildOnce, startGate } from '../../test/gate-process.ts'
import { aLedger, journal, noon } from '../../test/lane.ts'
import { aRelay } from '../../test/relay.ts'
import { isRefusal } from '../kernel/errors.ts'
import { postJournal } from '../modules/ledger/journal.actions.ts'
import { verifyTenant } from '../modules/reports/integrity.queries.ts'
import type { Gate } from './lane.ts'
import { readSnapshot, type Tenant } from './tx.ts'
import type { Ctx } from './write.ts'

buildOnce()
const ledger = await aLedger()
const admin = await connect(ledger.database)
afterAll(async () => {
  await admin.end()
  await ledger.close()
})

type Business = Tenant & Readonly<{ businessId: NonNullable<Tenant['businessId']> }>

const sale = () => journal('1001 +1.00 | 4000 -1.00')
const by = { actor: 'key:test', now: noon }

const outcomeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

async function findingsOf(tenant: Business): Promise<unknown> {
  const verify = readSnapshot(ledger.owner, tenant, (db) => verifyTenant(db, tenant.businessId, []))
  return (await verify).findings
}

async function countEntries({ businessId }: Business): Promise<number> {
  const { rows } = await ledger.owner.query<{ count: number }>(
    'select count(*)::int as count from journal_entry where business_id = $1',
    [businessId],
  )
  return rows[0]?.count ?? 0
}

test('two processes give one series without a gap or a double, half of it refused', async () => {
  const processes = [startGate(ledger), startGate(ledger)]
  for (let n = 0; n < 200; n += 1) {
    const amount = n % 4 < 2 ? '100' : '0'
    processes[n % 2]?.post({ key: `posting ${n}`, amount })
  }
  expect(await Promise.all(processes.map(({ end }) => end()))).toEqual([0, 0])

  const answers = processes.flatMap((one) => [...one.answers.values()])
  const numbers = answers.filter((answer) => answer.startsWith('JE-'))
  expect(answers.filter((answer) => answer === 'ledger.line_zero')).toHaveLength(100)
  expect(numbers.toSorted()).toEqual(
    Array.from({ length: 100 }, (_, i) => `JE-2026-${String(i + 1).padStart(3, '0')}`),
  )
  expect(await findingsOf(ledger.tenant)).toEqual([])
})

describe('a failure that may pass', () => {
  /** Fails so often by a database error of this state, then posts. */
  const failing = (state: string, times: number) => {
    let attempts = 0
    return {
      attempts: () => attempts,
      action: async (ctx: Ctx): Promise<void> => {
        attempts += 1
        if (attempts <= times) {
          await ctx.tx.query({
            text: `do $$ begin raise exception using errcode = '${state}'; end $$`,
            values: [],
          })
        }
        await postJournal(ctx, sale())
      },
    }
  }

  test.each([
    ['serialization failure', '40001'],
    ['deadlock', '40P01'],
    ['lock timeout', '55P03'],
  ])('%s: the whole commit is tried again, five times at most', async (_what, state) => {
    const tenant = await ledger.addBusiness()
    const [once, always] = [failing(state, 4), failing(state, 9)]

    const together = await Promise.all([
      outcomeOf(ledger.write(postJournal, sale(), { tenant })),
      outcomeOf(ledger.write(once.action, undefined, { tenant })),
      outcomeOf(ledger.write(postJournal, sale(), { tenant })),
    ])
    const alone = await outcomeOf(ledger.write(always.action, undefined, { tenant }))

    expect(together).toEqual(['accepted', 'accepted', 'accepted'])
    expect([once.attempts(), always.attempts()]).toEqual([5, 5])
    expect(alone).toBe('platform.write_conflict')
    expect(await countEntries(tenant)).toBe(3)
    expect(await findingsOf(tenant)).toEqual([])
  })

  test('a row that another session holds for a while is waited for', async () => {
    const tenant = await ledger.addBusiness()
    const other = await ledger.owner.connect()
    await other.query('begin')
    await other.query('select from account where business_id = $1 for update', [tenant.businessId])
    let attempts = 0
    const lockAccounts = async (ctx: Ctx): Promise<void> => {
      attempts += 1
      if (attempts === 2) await other.query('commit')
      await ctx.tx.query({ text: `select set_config('lock_timeout', '20ms', true)`, values: [] })
      await ctx.tx.query({
        text: 'select from account where business_id = $1 for update',
        values: [ctx.businessId],
      })
      await postJournal(ctx, sale())
    }

    expect(await outcomeOf(ledger.write(lockAccounts, undefined, { tenant }))).toBe('accepted')
    other.release()
    expect(attempts).toBe(2)
    expect(await countEntries(tenant)).toBe(1)
  })
})

describe('a connection that the server ends', () => {
  const backendOf = async (ctx: Ctx): Promise<number> => {
    const rows = await ctx.tx.query<{ pid: number }>({
      text: 'select pg_backend_pid() as pid',
      values: [],
    })
    return rows[0]?.pid ?? 0
  }

  test('within a statement: the commit is tried again on another', async () => {
    const tenant = await ledger.addBusiness()
    let attempts = 0
    const interrupted = async (ctx: Ctx): Promise<void> => {
      attempts += 1
      await postJournal(ctx, sale())
      if (attempts > 1) return
      const pid = await backendOf(ctx)
      const asleep = ctx.tx.query({ text: 'select pg_sleep(30)', values: [] })
      await Promise.all([asleep, admin.query('select pg_terminate_backend($1)', [pid])])
    }
    const outcomes = await Promise.all([
      outcomeOf(ledger.write(postJournal, sale(), { tenant })),
      outcomeOf(ledger.write(interrupted, undefined, { tenant })),
    ])

    expect(outcomes).toEqual(['accepted', 'accepted'])
    expect([attempts, await countEntries(tenant)]).toEqual([2, 2])
    expect(await findingsOf(tenant)).toEqual([])
  })

  test('between two statements: the process lives and the commit is tried again', async () => {
    const tenant = await ledger.addBusiness()
    let attempts = 0
    const interrupted = async (ctx: Ctx): Promise<void> => {
      attempts += 1
      if (attempts === 1) {
        const pid = await backendOf(ctx)
        await admin.query('select pg_terminate_backend($1, 5000)', [pid])
        // The loss arrives while nothing is asked of the connection.
        for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
      }
      await postJournal(ctx, sale())
    }

    expect(await outcomeOf(ledger.write(interrupted, undefined, { tenant }))).toBe('accepted')
    expect([attempts, await countEntries(tenant)]).toEqual([2, 1])
  })

  test('again and again under load: each command has one effect', async () => {
    const tenant = await ledger.addBusiness()
    const { gate, pool } = ledger.openGate()
    let isPosting = true
    const killer = (async () => {
      let killed = 0
      while (isPosting) {
        const { rowCount } = await admin.query(
          `select pg_terminate_backend(pid, 1000) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()
            and xact_start is not null`,
        )
        killed += rowCount ?? 0
        await new Promise(setImmediate)
      }
      return killed
    })()
    const command = { ...by, tenant, action: postJournal, input: sale() }
    let accepted = 0
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => outcomeOf(gate.write(command))),
      )
      accepted += outcomes.filter((outcome) => outcome === 'accepted').length
      const others = new Set(outcomes.filter((outcome) => outcome !== 'accepted'))
      expect([[], ['platform.database_unavailable']]).toContainEqual([...others])
    }
    isPosting = false

    expect(await killer).toBeGreaterThan(0)
    expect(await countEntries(tenant)).toBe(accepted)
    expect(await findingsOf(tenant)).toEqual([])
    expect(await outcomeOf(gate.write(command))).toBe('accepted')
    expect(pool.idleCount).toBe(pool.totalCount)
  })
})

describe('a link that breaks', () => {
  test.each([
    ['before COMMIT arrives', 'before'],
    ['while the server commits', 'during'],
    ['when the answer is on its way', 'after'],
  ] as const)('%s: each command still has one effect and an answer', async (_when, when) => {
    const tenant = await ledger.addBusiness()
    const relay = await aRelay(clusterAddress())
    const { gate } = ledger.openGate({ address: relay })
    const command = { ...by, tenant, action: postJournal, input: sale() }
    for (let round = 0; round < 10; round += 1) {
      relay.breakNext(when)
      const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(gate.write(command))))
      expect(outcomes).toEqual(['accepted', 'accepted', 'accepted'])
    }
    relay.close()

    expect(relay.broken()).toBe(10)
    expect(await countEntries(tenant)).toBe(30)
    expect(await findingsOf(tenant)).toEqual([])
  })
})

test.each(['before', 'after'] as const)(
  'a link that breaks %s any message of a commit leaves one effect per command',
  async (when) => {
    const tenant = await ledger.addBusiness()
    const relay = await aRelay(clusterAddress())
    const { gate } = ledger.openGate({ address: relay })
    const command = { ...by, tenant, action: postJournal, input: sale() }
    // Connecting is not a step of a commit: a server that lets nobody in is unavailable.
    await gate.write(command)
    let steps = 0
    for (let isBroken = true; isBroken; ) {
      steps += 1
      const before = relay.broken()
      relay.breakNext(when, steps)
      const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(gate.write(command))))
      expect([steps, ...outcomes]).toEqual([steps, 'accepted', 'accepted', 'accepted'])
      isBroken = relay.broken() > before
    }
    relay.close()

    expect(steps).toBeGreaterThan(5)
    expect(await countEntries(tenant)).toBe(1 + 3 * steps)
    expect(await findingsOf(tenant)).toEqual([])
  },
)

test('a database that cannot be reached is said to be unavailable, at once', async () => {
  const { socketDir } = await aRelay(clusterAddress()).then((relay) => {
    relay.close()
    return relay
  })
  const { gate } = ledger.openGate({ address: { ...clusterAddress(), socketDir } })
  const write = (one: Gate): Promise<string> =>
    outcomeOf(one.write({ ...by, tenant: ledger.tenant, action: postJournal, input: sale() }))

  expect(await Promise.all([write(gate), write(gate)])).toEqual([
    'platform.database_unavailable',
    'platform.database_unavailable',
  ])
  expect(await write(ledger.gate)).toBe('accepted')
})
