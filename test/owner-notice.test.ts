import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventTypes } from '../src/api/invoicing/webhook-events.ts'
import { MailEngine } from '../src/jobs/mail.ts'
import { remindOfKeys, tellLimits, tellNotices } from '../src/jobs/tasks.ts'
import type { Instant } from '../src/kernel/dates.ts'
import { listMessages } from '../src/modules/access/mail-message.queries.ts'
import { setOwner } from '../src/modules/access/organization.actions.ts'
import { grantCredits } from '../src/modules/plans/credit.actions.ts'
import { createEndpoint } from '../src/modules/webhooks/endpoint.actions.ts'
import { aBusiness, type Business, type BusinessOptions, noon } from './harness.ts'
import { temporaryFolder, testLog } from './postgres.ts'
import { aMailServer, decoded, headerOf, type Received } from './smtp-sink.ts'

const email = 'Bola@Foods.example'
const midnight = '2026-06-16T00:00:00.000Z' as Instant

/** A business whose organization has an owner with an address. */
async function aKnownOwner(options: BusinessOptions = {}): Promise<Business> {
  const business = await aBusiness(options)
  const { organizationId, write } = business
  await write(setOwner, { email }, { organizationId })
  return business
}

const partsOf = ({ owner, gate }: Business, at = noon) => ({
  ...{ adminPool: owner, clock: () => at, write: gate.write.bind(gate) },
})

/** What arrives when all that waits is sent, twice. */
async function receivedBy({ owner }: Business): Promise<readonly Received[]> {
  const sink = await aMailServer()
  const engine = new MailEngine({
    ...{ adminPool: owner, clock: () => midnight, random: (bytes) => randomBytes(bytes) },
    settings: {
      ...{ smtpUrl: sink.url, mailFrom: 'notices@tally.example', testMailAllow: [] },
      outbox: join(temporaryFolder(), 'outbox'),
    },
    print: () => Promise.reject(new Error('a notice brings no PDF')),
    toPageUrl: () => 'https://tally.example/i/a',
    log: testLog,
  })
  onTestFinished(() => engine.stop())
  await engine.sendDue()
  await engine.sendDue()
  return sink.received
}

const messagesOf = ({ owner }: Business, tenantId: string) =>
  owner
    .query<{ purpose: string }>(
      'select purpose from mail_message where tenant_id = $1 order by created_at, message_id',
      [tenantId],
    )
    .then(({ rows }) => rows.map(({ purpose }) => purpose))

test('an owner is written to before a key ends, once for each reminder', async () => {
  const business = await aKnownOwner()
  await business.clientOf('books', {
    name: 'Till & van',
    expiresAt: '2026-06-22T18:30:00.000Z' as Instant,
  })
  await remindOfKeys(partsOf(business, '2026-06-15T19:00:00.000Z' as Instant))
  await remindOfKeys(partsOf(business, '2026-06-15T20:00:00.000Z' as Instant))

  const [message, ...more] = await receivedBy(business)

  const raw = message?.raw ?? ''
  expect(more).toEqual([])
  expect([message?.from, message?.to]).toEqual(['notices@tally.example', ['bola@foods.example']])
  expect(headerOf(raw, 'From')).toBe('Tallystick <notices@tally.example>')
  expect(headerOf(raw, 'Auto-Submitted')).toBe('auto-generated')
  expect(decoded(raw)).toContain('Till & van')
  expect(decoded(raw)).toContain('of Books ends on 22 June 2026 at 18:30 UTC')
  const { organizationId, read } = business
  const listed = await read((db) => listMessages(db, { tenantId: organizationId, limit: 5 }))
  expect(listed, 'a business does not see what its organization is told').toEqual([])
})

test('an owner is written to when credits run low, and when they are used up', async () => {
  const business = await aKnownOwner()
  const { organizationId, owner, write } = business
  await write(
    grantCredits,
    { asset: 'NGN', amount: 500_000n, reason: 'bought' },
    { organizationId },
  )
  const fallTo = async (notice: number): Promise<void> => {
    await owner.query(
      `update meter_account set notice = $2
        where organization_id = $1 and code = 'available' and asset = 'NGN'`,
      [organizationId, notice],
    )
    await tellLimits(partsOf(business))
    await tellLimits(partsOf(business))
  }
  await fallTo(2)
  await fallTo(3)

  const subjects = (await receivedBy(business)).map(({ raw }) => decoded(headerOf(raw, 'Subject')))

  expect(subjects.toSorted()).toEqual([
    expect.stringContaining('Your_credits_are_used_up'),
    expect.stringContaining('Your_credits_run_low'),
  ])
})

test('an owner is written to once a day about an endpoint, and always when it is switched off', async () => {
  const business = await aKnownOwner({ environment: 'test' })
  const { organizationId, businessId, owner, write } = business
  const made = await write(createEndpoint, {
    ...{ surface: 'invoicing', environment: 'test', businessId },
    ...{ url: 'https://hooks.rye.example/in', events: ['*'], knownEvents: eventTypes },
    random: randomBytes(32),
  })
  for (const [kind, day] of [
    ['given_up', '2026-06-14'],
    ['quota', '2026-06-15'],
    ['disabled', '2026-06-15'],
  ]) {
    await owner.query(
      `insert into webhook_notice (organization_id, endpoint_id, kind, day, at)
        values ($1, $2, $3, $4, $5)`,
      [organizationId, made.endpoint.id, kind, day, noon],
    )
    await tellNotices(partsOf(business))
  }
  await tellNotices(partsOf(business))

  expect(await messagesOf(business, businessId)).toEqual(['webhook_trouble', 'webhook_trouble'])
  const texts = (await receivedBy(business)).map(({ raw }) => decoded(raw))
  expect(texts).toHaveLength(2)
  expect(texts.join()).toContain('A webhook endpoint was switched off')
  expect(texts.join()).toContain('https://hooks.rye.example/in')
})

test('without an address nobody is written to, and the news is told all the same', async () => {
  const business = await aBusiness()
  const { organizationId, owner } = business
  await business.clientOf('books', { expiresAt: '2026-06-22T12:00:00.000Z' as Instant })
  await remindOfKeys(partsOf(business))

  expect(await messagesOf(business, organizationId)).toEqual([])
  const { rows } = await owner.query(
    "select type from event where tenant_id = $1 and type = 'api_key.expiring'",
    [organizationId],
  )
  expect(rows).toHaveLength(1)
})
