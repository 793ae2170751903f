import type { AppConfig, AppParts } from '../../src/app.ts'
import type { Pool } from '../../src/db/pool.ts'
import { grantCredits } from '../../src/modules/plans/credit.actions.ts'
import { setPlans } from '../../src/modules/plans/plan.actions.ts'
import { operatorPlans } from '../../src/modules/plans/plan.ts'
import { type Answer, aBusiness, aClient, type Client, theWorld } from '../harness.ts'
import { booksOf } from '../surfaces/books/client.ts'
import { idOf, type Recipe, type Recipes } from './recipe.ts'

const shop = await aBusiness()
const { invoicing, owner } = shop

const customers = '/api/v1/customers'
const webhooks = '/api/v1/webhooks'

const aCustomer = (client: Client = invoicing, headers = {}): Promise<Answer> =>
  client.post(customers, { name: 'Lantern & Rye' }, headers)

/** A caller of another process on the same database. */
async function through(
  config: Partial<AppConfig>,
  parts: Partial<AppParts> = {},
  authorization = invoicing.authorization,
): Promise<Client> {
  const { addApp } = await theWorld()
  return aClient(await addApp(config, parts), 'invoicing', authorization)
}

/** Does something while every statement on parties waits. */
async function whileHeld<Result>(work: () => Promise<Result>): Promise<Result> {
  const holder = await owner.connect()
  try {
    await holder.query('begin; lock table party in access exclusive mode')
    return await work()
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

/** Writes a customer on a database that fails each insert of one with this state. */
const whileFailing =
  (state: string): Recipe =>
  async () => {
    await owner.query(`set role none;
      create function fail() returns trigger language plpgsql as
        $$ begin raise exception 'made to fail' using errcode = '${state}'; end $$;
      create trigger fail before insert on party for each row execute function fail();
      set role tallystick_owner`)
    try {
      return await aCustomer()
    } finally {
      await owner.query('set role none; drop function fail cascade; set role tallystick_owner')
    }
  }

const waiting = async (pool: Pool): Promise<number> => {
  const { rows } = await pool.query(
    `select count(*)::int as waiting from pg_locks as l
     join pg_database as d on d.oid = l.database
     where not l.granted and d.datname = current_database()`,
  )
  return rows[0]?.waiting ?? 0
}

async function untilWaiting(): Promise<void> {
  while ((await waiting(owner)) === 0) await new Promise(setImmediate)
}

async function anEndpoint(name: string): Promise<string> {
  const url = `https://shop.example/${name}`
  return `${webhooks}/${idOf(await invoicing.post(webhooks, { url, events: ['*'] }))}`
}

/** What plans, limits and callers' keys lead to. */
export const ofPlans: Recipes = {
  'access.business_archived': async () => {
    const own = await aBusiness()
    await own.owner.query(`update business set status = 'archived' where business_id = $1`, [
      own.businessId,
    ])
    return aCustomer(own.invoicing)
  },
  'plan.subscription_expired': async () => {
    const own = await aBusiness()
    const expired = { plans: { books: 'premium' }, booksStatus: 'expired' } as const
    await own.write(setPlans, expired, { organizationId: own.organizationId })
    return booksOf(own).get('/v1/chart-of-accounts')
  },
  'plan.credits_insufficient': async () => {
    const own = await aBusiness({ plans: { ...operatorPlans, books: 'premium' } })
    const { organizationId } = own
    await own.owner.query(
      `insert into limit_override
         (organization_id, surface, limit_name, value, valid_from, reason, recorded_at)
       values ($1, 'books', 'trialCalls', '0', '2000-01-01', 'test', '2000-01-01')`,
      [organizationId],
    )
    const credits = { asset: 'NGN', amount: 100n, reason: 'top up' }
    await own.write(grantCredits, credits, { organizationId })
    return booksOf(own).get('/v1/chart-of-accounts')
  },
  'limit.ip_rate_exceeded': async () => {
    const client = await through({ addressLimit: 1 })
    await client.get(customers)
    return client.get(customers)
  },
  'limit.auth_failures': async () => {
    const client = await through({ addressLimit: 1_000 }, {}, `Bearer oim_${'0'.repeat(64)}`)
    for (let guess = 0; guess < 30; guess += 1) await client.get(customers)
    return client.get(customers)
  },
  'idempotency.in_progress': () => {
    const headers = { 'idempotency-key': 'in-progress' }
    return whileHeld(async () => {
      const first = aCustomer(invoicing, headers)
      await untilWaiting()
      const second = await aCustomer(invoicing, headers)
      void first.catch(() => undefined)
      return second
    })
  },
}

/** What the process or its database cannot do. */
export const ofFaults: Recipes = {
  'platform.unexpected': async () => {
    await owner.query('revoke select on party from tallystick_app')
    const answer = await invoicing.get(customers)
    await owner.query('grant select on party to tallystick_app')
    return answer
  },
  'platform.storage_full': whileFailing('53100'),
  'platform.database_unavailable': whileFailing('57P01'),
  'platform.write_conflict': whileFailing('40001'),
  'platform.overloaded': async () => (await through({}, { isStrained: () => true })).get(customers),
  'platform.timeout': async () => {
    const client = await through({}, { handlerMaxMs: 100 })
    return whileHeld(() => client.get(customers))
  },
  'platform.shutting_down': async () => {
    const { addApp } = await theWorld()
    const app = await addApp({ drainSeconds: 1 })
    const closing = app.close()
    const answer = await aClient(app, 'invoicing', invoicing.authorization).get(customers)
    await closing
    return answer
  },
  'platform.lane_full': async () => {
    const client = await through({ laneQueueMax: 1 })
    return whileHeld(() => Promise.race(Array.from({ length: 4 }, () => aCustomer(client))))
  },
}

/** What webhook endpoints and events refuse. */
export const ofDeliveries: Recipes = {
  'webhooks.rotation_active': async () => {
    const path = `${await anEndpoint('rotated')}/rotate-secret`
    await invoicing.post(path)
    return invoicing.post(path)
  },
  'webhooks.replay_range': async () =>
    invoicing.post(`${await anEndpoint('replayed')}/recover`, { since: '2026-01-01T00:00:00Z' }),
  'webhooks.event_expired': async () => {
    const own = await aBusiness()
    const id = idOf(await aCustomer(own.invoicing))
    await own.invoicing.patch(`${customers}/${id}`, { phone: '1' })
    const { body } = await own.invoicing.get('/api/v1/events')
    own.clock.set('2026-09-20T12:00:00.000Z')
    return own.invoicing.get(`/api/v1/events/${body.data[0].id}`)
  },
}
