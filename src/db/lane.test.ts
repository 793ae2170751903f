import { createHash } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { aLedger, journal, type Ledger, newUuid, noon } from '../../test/lane.ts'
import type { Instant } from '../kernel/dates.ts'
import { isRefusal, Refusal } from '../kernel/errors.ts'
import { updateAccount } from '../modules/ledger/account.actions.ts'
import { draftJournal, postJournal } from '../modules/ledger/journal.actions.ts'
import type { Journal } from '../modules/ledger/journal.ts'
import { verifyTenant } from '../modules/reports/integrity.queries.ts'
import { readSnapshot, type Tenant } from './tx.ts'
import type { Ctx, Done, Idempotency, Outcome } from './write.ts'

const ledger = await aLedger()
afterAll(ledger.close)

const sale = (amount = '1.00', more: Partial<Journal> = {}): Journal =>
  journal(`1001 +${amount} | 4000 -${amount}`, '2026-06-10', more)

const outcomeOf = async (work: Promise<Done<unknown>>): Promise<string> => {
  try {
    return 'replayed' in (await work) ? 'replayed' : 'accepted'
  } catch (error) {
    if (isRefusal(error)) return error.code
    throw error
  }
}

const findingsOf = async ({ owner }: Ledger, tenant: Tenant & { businessId?: string }) => {
  const id = (tenant.businessId ?? tenant.organizationId) as Tenant['organizationId'] // either kind
  return (await readSnapshot(owner, tenant, (db) => verifyTenant(db, id, []))).findings
}

/** A door that stays shut until it is opened. */
function aDoor(): Readonly<{ opened: Promise<void>; open: () => void }> {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** An action that writes one audit row, after a while if a door is given. */
const note = async (ctx: Ctx, door?: Promise<void>): Promise<string> => {
  await door
  const resourceId = ctx.newId('note')
  ctx.audit({ action: 'note.made', resource: 'note', resourceId })
  ctx.emit({ type: 'note.made', resource: 'note', resourceId, payload: {} })
  return resourceId
}

/** Everything of a tenant that must not depend on how its commands met. */
async function booksOf({ owner }: Ledger, { businessId }: Tenant): Promise<unknown> {
  const { rows } = await owner.query(
    `select
      (select jsonb_agg(to_jsonb(t) order by entry_seq) from (
        select entry_seq, number, accounting_date, kind, source_type, description, reference,
          external_id, actor, line_count, total_base
        from journal_entry where business_id = $1) as t) as entries,
      (select jsonb_agg(to_jsonb(t) order by entry_seq, line_no) from (
        select l.entry_seq, l.line_no, a.code, l.accounting_date, l.currency, l.amount,
          l.base_amount, l.tax_tag, l.description
        from journal_line as l join account as a using (business_id, account_id)
        where l.business_id = $1) as t) as lines,
      (select jsonb_agg(to_jsonb(t) order by code, month) from (
        select a.code, b.month, b.currency, b.bucket, b.debit_base, b.credit_base, b.debit, b.credit
        from balance_month as b join account as a using (business_id, account_id)
        where b.business_id = $1) as t) as months,
      (select jsonb_agg(to_jsonb(t) order by code, day) from (
        select a.code, b.day, b.currency, b.bucket, b.debit_base, b.credit_base, b.debit, b.credit
        from balance_day as b join account as a using (business_id, account_id)
        where b.business_id = $1) as t) as days,
      (select jsonb_agg(to_jsonb(t) order by kind, year) from (
        select kind, year, prefix, next from number_series where business_id = $1) as t) as numbers,
      (select jsonb_agg(to_jsonb(t) order by sequence) from (
        select sequence, action, resource, actor from audit_row where tenant_id = $1) as t) as audits,
      (select jsonb_agg(to_jsonb(t) order by sequence) from (
        select sequence, type, resource, payload ->> 'number' as number
        from event where tenant_id = $1) as t) as events,
      (select to_jsonb(t) from (
        select entry_seq, event_seq, audit_seq, horizon from lane_head where tenant_id = $1) as t
      ) as head`,
    [businessId],
  )
  return rows[0]
}

test('commands one by one, and the same commands in one commit, leave the same rows', async () => {
  const [first, second] = [await ledger.addBusiness(), await ledger.addBusiness()]
  const commands = Array.from({ length: 60 }, (_, i) => {
    const month = `2026-0${1 + ((i * 5) % 9)}-1${i % 8}`
    const text = i % 7 === 3 ? '1001 +1.00 | 4444 -1.00' : `1001 +${i + 1}.00 | 4000 -${i + 1}.00`
    const externalId = i % 10 === 6 ? 'the same' : `external ${i}`
    return {
      action: i % 5 === 4 ? draftJournal : postJournal,
      input: journal(text, month, { externalId }),
    }
  })
  const run = (tenant: Tenant, { action, input }: (typeof commands)[number]) =>
    outcomeOf(ledger.write(action as typeof postJournal, input, { tenant }))

  const oneByOne: string[] = []
  for (const command of commands) oneByOne.push(await run(first, command))
  const together = await Promise.all(commands.map((command) => run(second, command)))

  expect(together).toEqual(oneByOne)
  expect(new Set(oneByOne)).toEqual(
    new Set(['accepted', 'ledger.account_not_found', 'resource.external_id_taken']),
  )
  expect(await booksOf(ledger, second)).toEqual(await booksOf(ledger, first))
  const { rows } = await ledger.owner.query('select link from lane_head where tenant_id = $1', [
    second.businessId,
  ])
  expect(rows).toEqual([{ link: 1n }])
})

describe('one bad command among many', () => {
  const bad = [
    ['the rules refuse', 100, sale('1.00', { lines: [] }), 'ledger.too_few_lines'],
    [
      'the database refuses',
      20,
      journal('5020 +1.00 | 4000 -1.00', '2026-06-10'),
      'ledger.account_inactive',
    ],
  ] as const

  test.each(bad)(
    'that %s gets its own answer in every position',
    async (_who, count, input, code) => {
      const tenant = await ledger.addBusiness()
      await ledger.write(postJournal, sale(), { tenant })
      // Behind the back of the lane, whose rules go on with the account as it was.
      await ledger.owner.query(
        `update account set archived_at = $2 where business_id = $1 and code = '5020'`,
        [tenant.businessId, noon],
      )
      const wrong: string[] = []
      for (let position = 0; position < count; position += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: count }, (_, i) =>
            outcomeOf(ledger.write(postJournal, i === position ? input : sale(), { tenant })),
          ),
        )
        const isRight = outcomes.every(
          (outcome, i) => outcome === (i === position ? code : 'accepted'),
        )
        if (!isRight) wrong.push(`${position}: ${outcomes.join(' ')}`)
      }
      expect(wrong).toEqual([])
      const { rows } = await ledger.owner.query(
        'select entry_seq from lane_head where tenant_id = $1',
        [tenant.businessId],
      )
      expect(rows).toEqual([{ entry_seq: BigInt(1 + count * (count - 1)) }])
      expect(await findingsOf(ledger, tenant)).toEqual([])
    },
  )

  test('that only the commit refuses gets its own answer in every position', async () => {
    const tenant = await ledger.addBusiness()
    const billWithoutControl = async (ctx: Ctx): Promise<void> => {
      const { id } = await postJournal(ctx, sale())
      await ctx.tx.query({
        text: `insert into document (business_id, document_id, kind, surface, lifecycle, number,
            issue_date, currency, subtotal, tax, total, entry_id, created_at, updated_at)
          values ($1, $2, 'bill', 'books', 'open', 'B-1', '2026-06-10', 'NGN', 5, 0, 5, $3, $4, $4)`,
        values: [ctx.businessId, newUuid(), id, noon],
      })
    }
    for (let position = 0; position < 8; position += 1) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) =>
          i === position
            ? ledger.write(billWithoutControl, undefined, { tenant })
            : ledger.write(postJournal, sale(), { tenant }),
        ),
      )
      const [rejected] = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(outcomes.map(({ status }) => status === 'rejected').indexOf(true)).toBe(position)
      expect(rejected).toMatchObject({ constraint: 'document_total_is_control_line' })
    }
    expect(await findingsOf(ledger, tenant)).toEqual([])
  })
})

test('numbers are given in the order of the calls', async () => {
  const tenant = await ledger.addBusiness()
  const done = await Promise.all(
    Array.from({ length: 700 }, () => ledger.write(postJournal, sale(), { tenant })),
  )

  const numbers = done.map((one) => ('value' in one ? one.value.number : ''))
  expect(numbers.slice(0, 2)).toEqual(['JE-2026-001', 'JE-2026-002'])
  expect(numbers.map((number) => Number(number.slice(8)))).toEqual(
    Array.from({ length: 700 }, (_, i) => i + 1),
  )
})

describe('a command with a key', () => {
  const keyed = (
    key: string,
    body = 'a body',
    surface = 'books',
  ): { idempotency: Idempotency<{ number: string }> } => ({
    idempotency: {
      surface,
      key,
      fingerprint: createHash('sha256').update(body).digest(),
      keepMs: 60_000,
      reply: (outcome: Outcome<{ number: string }>) => ({
        status: 'value' in outcome ? 201 : 422,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from('value' in outcome ? outcome.value.number : outcome.refusal.code),
        requestId: newUuid(),
      }),
    },
  })
  const bodyOf = (done: Done<unknown>): string =>
    'replayed' in done ? `again ${done.replayed.body}` : `first ${done.reply?.body}`

  test('is answered the same way again, through any gate, and has one effect', async () => {
    const tenant = await ledger.addBusiness()
    const other = ledger.openGate()
    const command = { tenant, action: postJournal, input: sale(), actor: 'key:test', now: noon }

    const first = await ledger.gate.write({ ...command, ...keyed('one') })
    const again = await ledger.gate.write({ ...command, ...keyed('one') })
    const elsewhere = await other.gate.write({ ...command, ...keyed('one') })
    const onOtherSurface = await ledger.gate.write({
      ...command,
      ...keyed('one', 'a body', 'connect'),
    })

    expect([first, again, elsewhere, onOtherSurface].map(bodyOf)).toEqual([
      'first JE-2026-001',
      'again JE-2026-001',
      'again JE-2026-001',
      'first JE-2026-002',
    ])
  })

  test('raced through two gates has one effect', async () => {
    const tenant = await ledger.addBusiness()
    const gates = [ledger, ledger.openGate(), ledger.openGate()]
    for (let round = 0; round < 20; round += 1) {
      const outcomes = await Promise.all(
        gates.map(({ gate }) =>
          gate.write({
            ...{ tenant, action: postJournal, input: sale(), actor: 'key:test', now: noon },
            ...keyed(`race ${round}`),
          }),
        ),
      )
      expect(outcomes.filter((done) => 'value' in done)).toHaveLength(1)
    }
    const { rows } = await ledger.owner.query(
      'select entry_seq from lane_head where tenant_id = $1',
      [tenant.businessId],
    )
    expect(rows).toEqual([{ entry_seq: 20n }])
  })

  test('keeps its refusal too, and leaves nothing else', async () => {
    const tenant = await ledger.addBusiness()
    const refuse = () => ledger.write(postJournal, sale('0.00'), { tenant, ...keyed('bad') })

    expect(await outcomeOf(refuse())).toBe('ledger.line_zero')
    expect(bodyOf(await refuse())).toBe('again ledger.line_zero')
    const { rows } = await ledger.owner.query(
      'select entry_seq, audit_seq, event_seq, link from lane_head where tenant_id = $1',
      [tenant.businessId],
    )
    expect(rows).toEqual([{ entry_seq: 0n, audit_seq: 0n, event_seq: 0n, link: 0n }])
  })

  test('and another body is refused', async () => {
    const tenant = await ledger.addBusiness()
    await ledger.write(postJournal, sale(), { tenant, ...keyed('reused') })

    const again = ledger.write(postJournal, sale('2.00'), { tenant, ...keyed('reused', 'other') })
    expect(await outcomeOf(again)).toBe('idempotency.key_reused')
  })

  test('is refused at once while the first one runs', async () => {
    const tenant = await ledger.addBusiness()
    const door = aDoor()
    const reply = { idempotency: { ...keyed('slow').idempotency, reply: () => undefined } }
    const first = ledger.write(note, door.opened, { tenant, ...reply })

    expect(await outcomeOf(ledger.write(note, undefined, { tenant, ...reply }))).toBe(
      'idempotency.in_progress',
    )
    door.open()
    expect(await outcomeOf(first)).toBe('accepted')
  })

  test('runs anew when its time is over', async () => {
    const tenant = await ledger.addBusiness()
    await ledger.write(postJournal, sale(), { tenant, ...keyed('old') })

    const later = { tenant, now: '2026-06-15T12:01:00.001Z' as Instant, ...keyed('old', 'other') }
    expect(bodyOf(await ledger.write(postJournal, sale(), later))).toBe('first JE-2026-002')
  })

  test('whose answer cannot be rendered leaves no half effect, and its neighbours one each', async () => {
    const tenant = await ledger.addBusiness()
    const broken = keyed('broken').idempotency
    const outcomes = await Promise.allSettled(
      [0, 1, 2].map((i) =>
        ledger.write(postJournal, sale(), {
          tenant,
          idempotency: {
            ...broken,
            key: `broken ${i}`,
            reply: () => {
              if (i === 1) throw new TypeError('our own mistake')
              return undefined
            },
          },
        }),
      ),
    )

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await findingsOf(ledger, tenant)).toEqual([])
    const { rows } = await ledger.owner.query(
      'select entry_seq, audit_seq, event_seq from lane_head where tenant_id = $1',
      [tenant.businessId],
    )
    expect(rows).toEqual([{ entry_seq: 2n, audit_seq: 2n, event_seq: 2n }])
  })
})

test('a dry run answers what would be and leaves nothing', async () => {
  const tenant = await ledger.addBusiness()
  await ledger.write(postJournal, sale(), { tenant })
  const before = await booksOf(ledger, tenant)

  const [tried, refused, real] = await Promise.allSettled([
    ledger.write(postJournal, sale('9.00'), { tenant, dryRun: true }),
    ledger.write(postJournal, sale('0.00'), { tenant, dryRun: true }),
    ledger.write(postJournal, sale(), { tenant }),
  ])

  expect(tried).toMatchObject({ value: { value: { number: 'JE-2026-002', totalBase: 900n } } })
  expect(refused).toMatchObject({ reason: { code: 'ledger.line_zero' } })
  expect(real).toMatchObject({ value: { value: { number: 'JE-2026-002' } } })
  expect(before).not.toEqual(await booksOf(ledger, tenant))
  expect(await findingsOf(ledger, tenant)).toEqual([])
})

describe('a queue that is full', () => {
  test.each([
    ['of commands', { queueMax: 3 }, 'platform.lane_full'],
    ['of bytes', { queueBytesMax: 450 }, 'platform.lane_full'],
    ['of the whole process', { processMax: 4 }, 'platform.overloaded'],
  ])('%s refuses the next command and serves those it has', async (_what, bounds, code) => {
    const tenant = await ledger.addBusiness()
    const { gate } = ledger.openGate({ bounds })
    const door = aDoor()
    const write = (wait?: Promise<void>) =>
      outcomeOf(
        gate.write({
          ...{ tenant, action: note, input: wait, actor: 'key:test', now: noon, sizeBytes: 100 },
        }),
      )
    const running = write(door.opened)
    // The first one is out of the queue once its transaction runs.
    while (!(await isHeld(tenant))) await new Promise(setImmediate)
    const waiting = [write(), write(), write()]

    expect(await write()).toBe(code)
    door.open()
    expect(await Promise.all([running, ...waiting])).toEqual(Array(4).fill('accepted'))
    expect(await write()).toBe('accepted')
  })
})

/** Whether a transaction holds the fence of a tenant. */
async function isHeld({ businessId }: Tenant): Promise<boolean> {
  const key = createHash('sha256').update(`lane:${businessId}`).digest().readBigInt64BE(0)
  const { rows } = await ledger.owner.query(
    `select from pg_locks where locktype = 'advisory' and granted
      and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
    [key],
  )
  return rows.length > 0
}

test('a business that waits does not hold up another', async () => {
  const [slow, quick] = [await ledger.addBusiness(), await ledger.addBusiness()]
  const door = aDoor()
  let isSlowDone = false
  const waiting = ledger.write(note, door.opened, { tenant: slow }).then(() => {
    isSlowDone = true
  })

  expect(await outcomeOf(ledger.write(note, undefined, { tenant: quick }))).toBe('accepted')
  expect(isSlowDone).toBe(false)
  door.open()
  await waiting
})

test('a gate that closes finishes what it has and takes no more', async () => {
  const tenant = await ledger.addBusiness()
  const { gate } = ledger.openGate()
  const door = aDoor()
  const command = { tenant, action: note, actor: 'key:test', now: noon }
  const running = gate.write({ ...command, input: door.opened })
  const queued = gate.write({ ...command, input: undefined })

  const closed = gate.close()
  expect(await outcomeOf(gate.write({ ...command, input: undefined }))).toBe(
    'platform.shutting_down',
  )
  door.open()
  await closed

  expect(gate.commandCount).toBe(0)
  expect([await outcomeOf(running), await outcomeOf(queued)]).toEqual(['accepted', 'accepted'])
})

test('an account that one gate archives is refused by the other at once', async () => {
  const tenant = await ledger.addBusiness()
  const other = ledger.openGate()
  const command = { tenant, actor: 'key:test', now: noon }
  const rent = journal('5020 +1.00 | 1001 -1.00')
  await other.gate.write({ ...command, action: postJournal, input: sale() })

  await ledger.write(updateAccount, { code: '5020', isActive: false }, { tenant })

  expect(await outcomeOf(other.gate.write({ ...command, action: postJournal, input: rent }))).toBe(
    'ledger.account_inactive',
  )
})

test('times of record never go back, whatever the clock of a caller says', async () => {
  const tenant = await ledger.addBusiness()
  const post = async (now: string): Promise<string> => {
    const done = await ledger.write(postJournal, sale(), { tenant, now: now as Instant })
    return 'value' in done ? done.value.recordedAt : ''
  }

  expect(await post('2026-06-15T12:00:00.500Z')).toBe('2026-06-15T12:00:00.500Z')
  expect(await post('2026-06-15T11:00:00.000Z')).toBe('2026-06-15T12:00:00.500Z')
  expect(await findingsOf(ledger, tenant)).toEqual([])
})

test('a fault of ours ends its own command only', async () => {
  const tenant = await ledger.addBusiness()
  const fail = (): Promise<never> => Promise.reject(new TypeError('our own mistake'))
  const refuse = (): Promise<never> => Promise.reject(new Refusal('ledger.amount_overflow'))

  const outcomes = await Promise.allSettled([
    ledger.write(note, undefined, { tenant }),
    ledger.write(fail, undefined, { tenant }),
    ledger.write(refuse, undefined, { tenant }),
    ledger.write(note, undefined, { tenant }),
  ])

  expect(outcomes.map((one) => (one.status === 'rejected' ? one.reason.name : 'done'))).toEqual([
    'done',
    'TypeError',
    'Refusal',
    'done',
  ])
  expect(await findingsOf(ledger, tenant)).toEqual([])
})
