import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MailEngine, type MailParts, type MailSettings } from '../src/jobs/mail.ts'
import type { Instant } from '../src/kernel/dates.ts'
import { liftStop } from '../src/modules/access/mail-message.actions.ts'
import { listMessages, listStops } from '../src/modules/access/mail-message.queries.ts'
import type { MailMessage } from '../src/modules/access/mail-message.ts'
import { aBusiness, type Business, type BusinessOptions, noon } from './harness.ts'
import { temporaryFolder, testLog } from './postgres.ts'
import { aMailServer, decoded, headerOf } from './smtp-sink.ts'

/** A business whose messages are the only ones that wait. */
async function aSender(options: BusinessOptions = {}): Promise<Business> {
  const business = await aBusiness(options)
  await business.owner.query(
    "update mail_message set state = 'suppressed', due_at = null where state = 'queued'",
  )
  return business
}

async function anInvoice(business: Business, more: object = {}): Promise<string> {
  const customer = await business.invoicing.post('/api/v1/customers', {
    name: 'Lantern & Rye Ltd',
    email: 'AP@lanternrye.example',
  })
  const invoice = await business.invoicing.post('/api/v1/invoices', {
    customer_id: customer.body.id,
    due_date: '2026-07-15',
    items: [{ description: 'Site survey', quantity: 3, unit_price: 120, tax_rate: 7.5 }],
    ...more,
  })
  expect(invoice.status, invoice.text).toBe(201)
  return invoice.body.id
}

const send = async (business: Business, id: string, body: object = {}): Promise<void> => {
  const sent = await business.invoicing.post(`/api/v1/invoices/${id}/send`, {
    attach_pdf: false,
    ...body,
  })
  expect(sent.status, sent.text).toBe(200)
}

const messagesOf = ({ read, businessId }: Business): Promise<readonly MailMessage[]> =>
  read((db) => listMessages(db, { tenantId: businessId, limit: 100 }))

/** Sends the messages of a business, as a worker that asks for no PDF. */
function anEngine(
  { owner }: Business,
  settings: Partial<MailSettings>,
  more: Partial<MailParts> = {},
): Readonly<{ engine: MailEngine; at: (instant: string) => void }> {
  let now = noon
  const engine = new MailEngine({
    adminPool: owner,
    clock: () => now,
    random: (bytes) => randomBytes(bytes),
    settings: {
      ...{ smtpUrl: '', mailFrom: 'books@tally.example', testMailAllow: [] },
      ...{ outbox: join(temporaryFolder(), 'outbox'), ...settings },
    },
    print: () => Promise.reject(new Error('no PDF was asked for')),
    toPageUrl: (documentId, generation) => `https://tally.example/i/${documentId}.${generation}`,
    log: testLog,
    ...more,
  })
  onTestFinished(() => engine.stop())
  const at = (instant: string): void => {
    now = instant as Instant
  }
  return { engine, at }
}

test('one message goes to each address, once, whatever its spelling', async () => {
  const sink = await aMailServer()
  const business = await aSender()
  const id = await anInvoice(business)
  await send(business, id, {
    to: ['ada@rye.example', 'ADA@rye.example'],
    cc: ['bo@rye.example'],
    subject: 'Your invoice',
  })
  const { engine } = anEngine(business, { smtpUrl: sink.url })
  await engine.sendDue()
  await engine.sendDue()
  const reached = sink.received.map(({ to }) => to[0]).sort()
  expect(reached).toEqual(['ada@rye.example', 'bo@rye.example'])
  for (const { raw } of sink.received) {
    expect(headerOf(raw, 'Subject')).toBe('Your invoice')
    expect(headerOf(raw, 'Cc')).toBe('bo@rye.example')
  }
  const messages = await messagesOf(business)
  expect(messages.map(({ state, attempts }) => [state, attempts])).toEqual([
    ['sent', 1],
    ['sent', 1],
  ])
})

test('sending again is another message; a refused or a dry send is none', async () => {
  const business = await aSender()
  const id = await anInvoice(business)
  await send(business, id)
  await send(business, id)
  const path = `/api/v1/invoices/${id}/send`
  const dry = await business.invoicing.post(path, {}, { 'dry-run': 'true' })
  const wrong = await business.invoicing.post(path, { to: ['nobody'] })
  expect([dry.status, wrong.status, wrong.body]).toEqual([
    200,
    400,
    { error: 'to[0] must be a valid email address' },
  ])
  expect((await messagesOf(business)).map(({ sendNo }) => sendNo).sort()).toEqual([1, 2])
})

test('a server that is away is asked five times over six hours, under one Message-ID', async () => {
  const sink = await aMailServer()
  sink.refuse({ at: 'data', code: 451, text: 'try later' })
  const business = await aSender()
  await send(business, await anInvoice(business))
  const { engine, at } = anEngine(business, { smtpUrl: sink.url })
  const due: (string | null)[] = []
  for (;;) {
    const [message] = await messagesOf(business)
    if (message === undefined || message.dueAt === null) break
    at(message.dueAt)
    due.push(message.dueAt)
    await engine.sendDue()
  }
  expect(due).toEqual([
    '2026-06-15T12:00:00.000Z',
    '2026-06-15T12:01:00.000Z',
    '2026-06-15T12:10:00.000Z',
    '2026-06-15T13:00:00.000Z',
    '2026-06-15T18:00:00.000Z',
  ])
  const [message] = await messagesOf(business)
  expect(message).toMatchObject({ state: 'failed', attempts: 5 })
  expect(message?.reply).toContain('try later')
})

test('a worker that dies between answer and record repeats the same message', async () => {
  const sink = await aMailServer()
  const business = await aSender()
  await send(business, await anInvoice(business))
  const dying = anEngine(
    business,
    { smtpUrl: sink.url },
    { onAnswered: () => Promise.reject(new Error('killed')) },
  )
  await dying.engine.sendDue()
  const { engine, at } = anEngine(business, { smtpUrl: sink.url })
  expect(await engine.sendDue(), 'the lease of the dead holds').toBe(0)
  at('2026-06-15T12:05:00.000Z')
  expect(await engine.sendDue()).toBe(1)
  const [first, second] = sink.received.map(({ raw }) => headerOf(raw, 'Message-ID'))
  expect([sink.received.length, first]).toEqual([2, second])
  expect(await messagesOf(business)).toMatchObject([{ state: 'sent', attempts: 2 }])
})

test('an address that does not exist is asked once, and not again until it is lifted', async () => {
  const sink = await aMailServer()
  sink.refuse({ at: 'recipient', code: 550, text: 'no such user: AP@lanternrye.example' })
  const business = await aSender()
  const id = await anInvoice(business)
  await send(business, id)
  const { engine } = anEngine(business, { smtpUrl: sink.url })
  await engine.sendDue()
  const [failed] = await messagesOf(business)
  expect(failed).toMatchObject({ state: 'failed', attempts: 1, recipient: 'ap@lanternrye.example' })
  expect(failed?.reply, 'the log keeps no address in clear').toContain('no such user: [address]')
  const again = await business.invoicing.post(`/api/v1/invoices/${id}/send`)
  expect([again.status, again.body]).toEqual([
    400,
    { error: 'ap@lanternrye.example has opted out of messages' },
  ])
  const { businessId, read, write, owner } = business
  expect(await read((db) => listStops(db, businessId))).toMatchObject([
    { address: 'ap@lanternrye.example', reason: failed?.reply },
  ])
  await write(liftStop, { email: 'AP@lanternrye.example ', reason: 'it was a typo of theirs' })
  await expect(write(liftStop, { email: 'ap@lanternrye.example' })).rejects.toMatchObject({
    code: 'resource.not_found',
  })
  sink.refuse(undefined)
  await send(business, id)
  await engine.sendDue()
  expect(sink.received.map(({ to }) => to)).toEqual([['ap@lanternrye.example']])
  const { rows } = await owner.query(
    "select action, actor, reason from audit_row where tenant_id = $1 and resource = 'mail_stop'",
    [businessId],
  )
  expect(rows).toEqual([
    { action: 'mail_stop.lift', actor: 'operator', reason: 'it was a typo of theirs' },
  ])
})

test('without a mail server the message is kept where a person can read it', async () => {
  const business = await aSender()
  await send(business, await anInvoice(business))
  const outbox = join(temporaryFolder(), 'outbox')
  const { engine } = anEngine(business, { outbox, mailFrom: '' })
  await engine.sendDue()
  const [message] = await messagesOf(business)
  expect(message).toMatchObject({ state: 'suppressed', attempts: 1 })
  expect(readdirSync(outbox)).toEqual([`${message?.id}.eml`])
  const kept = readFileSync(join(outbox, `${message?.id}.eml`), 'utf8')
  expect(decoded(kept)).toContain('Due 15 July 2026')
})

test('a test business writes to allowed addresses alone', async () => {
  const sink = await aMailServer()
  const business = await aSender({ environment: 'test' })
  const id = await anInvoice(business)
  await send(business, id, { to: ['ap@lanternrye.example', 'ada@tally.example'] })
  const { engine } = anEngine(business, { smtpUrl: sink.url, testMailAllow: ['*@tally.example'] })
  await engine.sendDue()
  expect(sink.received.map(({ to }) => to)).toEqual([['ada@tally.example']])
  expect(decoded(sink.received[0]?.raw ?? '')).toContain('TEST')
  const states = (await messagesOf(business)).map(({ recipient, state }) => [recipient, state])
  expect(states.sort()).toEqual([
    ['ada@tally.example', 'sent'],
    ['ap@lanternrye.example', 'suppressed'],
  ])
})

test('nobody writes a header of their own', async () => {
  const sink = await aMailServer()
  const business = await aSender({ name: 'Lumen\r\nBcc: thief@evil.example' })
  const id = await anInvoice(business)
  const path = `/api/v1/invoices/${id}/send`
  const subject = await business.invoicing.post(path, {
    subject: 'Hello\r\nBcc: thief@evil.example',
  })
  expect([subject.status, subject.body]).toEqual([
    400,
    { error: 'subject contains characters that are not allowed' },
  ])
  const to = await business.invoicing.post(path, { to: ['a@b.example\r\nBcc: thief@evil.example'] })
  expect(to.status).toBe(400)
  await send(business, id, { message: '\r\n.\r\nBcc: thief@evil.example' })
  const { engine } = anEngine(business, { smtpUrl: sink.url })
  await engine.sendDue()
  expect(sink.received.map((message) => message.to)).toEqual([['ap@lanternrye.example']])
  expect(headerOf(sink.received[0]?.raw ?? '', 'Bcc')).toBe('')
})

test('two workers at once send each message once', async () => {
  const sink = await aMailServer()
  const business = await aSender()
  for (let i = 0; i < 8; i += 1) await send(business, await anInvoice(business))
  const engines = [1, 2].map(() => anEngine(business, { smtpUrl: sink.url }).engine)
  await Promise.all(engines.map((engine) => engine.sendDue()))
  const ids = sink.received.map(({ raw }) => headerOf(raw, 'Message-ID'))
  expect([ids.length, new Set(ids).size]).toEqual([8, 8])
})

test('a document takes a hundred messages a day', async () => {
  const business = await aSender()
  const id = await anInvoice(business)
  const to = Array.from({ length: 20 }, (_, i) => `reader-${i}@rye.example`)
  for (let i = 0; i < 5; i += 1) await send(business, id, { to })
  const refused = await business.invoicing.post(`/api/v1/invoices/${id}/send`)
  expect([refused.status, refused.body]).toEqual([
    429,
    { error: 'More than 100 messages for this document today' },
  ])
})
