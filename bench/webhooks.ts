import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createKey } from '../src/modules/access/api-key.actions.ts'
import { createOrganization } from '../src/modules/access/organization.actions.ts'
import { openBusiness } from '../src/modules/ledger/account.actions.ts'
import { BenchError } from './bench-error.ts'
import { deliverUnderFaults, type Found, type Site, type WorkerProcess } from './deliveries.ts'
import { blankResult, judge, type Result } from './output.ts'
import { untilEnd } from './processes.ts'
import { findPort, serverEnv, startServer } from './server.ts'
import { joinWorld, type World } from './world.ts'

/** Receivers of this process are on loopback. */
const surroundings = { TALLYSTICK_EGRESS_ALLOW: '127.0.0.0/8', TALLYSTICK_LOG_LEVEL: 'error' }

/** Deliveries while receivers misbehave and workers are killed: none lost, none but by its id twice. */
export async function runWebhooks(
  dataDir: string,
  say: (sentence: string) => void,
  { events, kills }: Readonly<{ events: number; kills: number }>,
): Promise<readonly Result[]> {
  const api = { ...surroundings, TALLYSTICK_ROLE: 'api' }
  const server = await startServer(dataDir, await findPort(), api)
  try {
    const world = await joinWorld(dataDir)
    try {
      const site = await openSite(world, dataDir, server.origin)
      return toResults(await deliverUnderFaults(site, { events, kills, say }), say)
    } finally {
      await world.close()
    }
  } finally {
    await server.stop()
  }
}

async function openSite({ session, owner }: World, dataDir: string, origin: string): Promise<Site> {
  const organizationId = session.newId('organization')
  const businessId = session.newId('business')
  await session.write({ organizationId }, createOrganization, { name: 'Webhooks' })
  await session.write({ organizationId, businessId }, openBusiness, {
    ...{ name: 'Webhooks', environment: 'test', baseCurrency: 'NGN', country: 'NG' },
    chart: 'generic',
  })
  await owner.query(
    `insert into limit_override
       (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
     select $1, 'invoicing', name, to_jsonb(1000000000), '2000-01-01', 'benchmark', now()
     from unnest(array['requestsPerMinute', 'webhookDeliveriesPerHour']) as name`,
    [organizationId],
  )
  const keyOf = async (surface: 'invoicing' | 'books'): Promise<string> => {
    const made = await session.write({ organizationId }, createKey, {
      ...session.newKeyMaker(),
      ...{ surface, environment: 'test', name: 'bench', isOperator: true },
      ...(surface === 'invoicing' ? { businessId } : { businessIds: [businessId] }),
    })
    return made.text
  }
  return {
    origin,
    businessId,
    invoicingKey: await keyOf('invoicing'),
    booksKey: await keyOf('books'),
    query: async (text, values) => (await owner.query(text, [...values])).rows,
    startWorker: (minutes) => startWorker(dataDir, minutes),
  }
}

const cli = join(import.meta.dirname, '..', 'src', 'cli', 'main.js')

async function startWorker(dataDir: string, minutesAhead: number): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [cli, 'start', '--role', 'worker', '--json'], {
    cwd: dataDir,
    env: {
      ...{ ...process.env, ...serverEnv(dataDir, 0), ...surroundings },
      TALLYSTICK_CLOCK_OFFSET: `+${minutesAhead}m`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = untilEnd(child)
  const isReady = await Promise.race([
    new Promise<true>((resolve) => {
      createInterface({ input: child.stdout }).once('line', () => resolve(true))
    }),
    ended.then(() => false),
  ])
  if (!isReady) throw new BenchError('A worker did not start.')
  return { kill: (signal) => child.kill(signal), ended }
}

function toResults(found: Found, say: (sentence: string) => void): readonly Result[] {
  const { events, kills, lost, unaccounted, changed, foreign, followed, duplicates } = found
  say(`attempts ${found.attempts}, duplicates by id ${duplicates}, ${JSON.stringify(found.faults)}`)
  const workload = `${events} events under receiver faults and ${kills} × kill -9 of the worker`
  const wrong = unaccounted + changed + foreign + followed
  const at = (variant: string, unit: string, value: number): Result =>
    blankResult('B11', variant, workload, unit, [value])
  const none = { target: { op: '<=', value: 0 } } as const
  const checks = { lost, doubled: foreign, sum: 0, wrong }
  return [
    judge({ ...at('lost', 'deliveries', lost), checks, ...none }),
    judge({ ...at('wrong', 'not accounted for, changed or foreign', wrong), ...none }),
    at('duplicates', 'repeated with id and bytes of the first', duplicates),
    at('rate', 'events a second, stops included', events / found.seconds),
  ]
}
