import type { Ctx, OrganizationCtx } from '../../db/write.ts'
import { assert } from '../../kernel/assert.ts'
import { instantFromMs, msOf } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { parseAmount } from '../../kernel/money.ts'
import { loadBook } from '../ledger/book.queries.ts'
import { createInvoice } from '../sales/invoice.actions.ts'
import type { Invoice } from '../sales/invoice.ts'
import { toGuid } from './guid.ts'
import { type InvoiceBody, toNewInvoice } from './native-push.ts'
import { insertPush, updatePushEnded } from './push.db.ts'
import { listPendingPushes } from './push.queries.ts'
import {
  asFailed,
  asSuccess,
  type PushItem,
  type PushOperation,
  type PushRequest,
  type ToFailure,
} from './push.ts'
import { insertRecords } from './record.db.ts'
import { plays } from './scenario.ts'
import { toSyntheticInvoice } from './synthetic-invoice.ts'

/**
 * Writes an invoice into our own books and keeps the operation with its end in the same commit. A
 * refusal of the books ends the operation, not the request: nothing but the operation is kept then.
 * Refuses: nothing.
 * Source: Connect specification 4.5, 17.1 and 17.3.
 */
export async function pushNativeInvoice(ctx: Ctx, request: PushRequest): Promise<PushOperation> {
  const operation = newOperation(ctx, request)
  const outcome = await ctx.attempt(() => writeInvoice(ctx, request.body))
  const at = ctx.recordedAt
  const ended =
    'value' in outcome
      ? asSuccess(operation, at, {
          changes: [
            { type: 'Created', recordRef: { id: outcome.value.id, dataType: request.dataType } },
          ],
          warnings: outcome.value.warnings,
        })
      : asFailed(operation, at, request.toFailure(outcome.refusal, 'Invoice'))
  await insertPush(ctx.tx, ctx.organizationId, ended)
  record(ctx, ended)
  return ended
}

type Written = Readonly<{ id: string; warnings: readonly PushItem[] }>

/** Refuses: what `toNewInvoice` and `createInvoice` refuse, then validation.failed (totalAmount). */
async function writeInvoice(ctx: Ctx, body: InvoiceBody): Promise<Written> {
  const { business, accounts } = await ctx.remember(loadBook)
  const names = {
    codeById: new Map(accounts.map(({ id, code }) => [id as string, code])),
    codes: new Set(accounts.map(({ code }) => code)),
  }
  const { baseCurrency } = business
  const invoice = await createInvoice(ctx, toNewInvoice(body, { baseCurrency, accounts: names }))
  return { id: invoice.id, warnings: warningsOf(invoice, body) }
}

/**
 * Totals are computed here; a total of the caller may differ by one minor unit per line.
 * Refuses: validation.failed.
 */
function warningsOf(invoice: Invoice, { totalAmount }: InvoiceBody): readonly PushItem[] {
  if (totalAmount === undefined || totalAmount === null) return []
  const { minor } = parseAmount(String(totalAmount), invoice.currency, 'totalAmount')
  const difference = minor > invoice.total ? minor - invoice.total : invoice.total - minor
  if (difference === 0n) return []
  const message = 'differs from the total of the lines.'
  if (difference > BigInt(invoice.lines.length)) {
    const issue = { pointer: '/totalAmount', path: 'totalAmount', rule: 'range', message } as const
    throw new Refusal('validation.failed', { issues: [issue] })
  }
  return [{ itemId: 'TotalAmount', message: `TotalAmount ${message}`, validatorName: 'Invoice' }]
}

/**
 * Keeps a push to synthetic books, and ends it as the connection's script says.
 * Refuses: nothing.
 * Source: Connect specification 11.4.
 */
export async function pushScripted(
  ctx: OrganizationCtx,
  request: PushRequest,
): Promise<PushOperation> {
  const operation = newOperation(ctx, request)
  await insertPush(ctx.tx, ctx.organizationId, operation)
  return playPush(ctx, operation, request)
}

type Played = Readonly<Pick<PushRequest, 'connection' | 'toFailure'>>

/**
 * Ends what is pending on a connection as its script says now; what is over time ends as timed out.
 * Refuses: nothing.
 */
export async function playPushes(ctx: OrganizationCtx, played: Played): Promise<void> {
  const { tx, organizationId, now } = ctx
  for (const push of await listPendingPushes(tx, organizationId, played.connection.id, now)) {
    if (push.status === 'TimedOut') await end(ctx, timedOut(push, played.toFailure))
    else await playPush(ctx, push, played)
  }
}

/**
 * Ends what is over time on a connection, and leaves alone what still waits.
 * Refuses: nothing.
 */
export async function endLatePushes(ctx: OrganizationCtx, played: Played): Promise<void> {
  const { tx, organizationId, now } = ctx
  for (const push of await listPendingPushes(tx, organizationId, played.connection.id, now)) {
    if (push.status === 'TimedOut') await end(ctx, timedOut(push, played.toFailure))
  }
}

const nominalCodeMax = 10

async function playPush(
  ctx: OrganizationCtx,
  operation: PushOperation,
  { connection, toFailure }: Played,
): Promise<PushOperation> {
  const { script } = connection
  assert(script !== null, 'a scripted connection has a script')
  if (plays(script, 'hold') || plays(script, 'pushTimeout')) return operation
  const at = ctx.recordedAt
  if (plays(script, 'pushFail')) {
    const message = `must not be longer than ${nominalCodeMax} characters long.`
    const issue = { pointer: '/nominalCode', path: 'nominalCode', rule: 'length', message } as const
    const refusal = new Refusal('validation.failed', { issues: [issue] })
    return end(ctx, asFailed(operation, at, toFailure(refusal, 'Account')))
  }
  const id = toGuid('record', ctx.digest(`${ctx.newId('record')}${ctx.newId('record')}`))
  await insertRecords(ctx.tx, {
    organizationId: ctx.organizationId,
    connectionId: connection.id,
    dataType: 'invoices',
    position: msOf(at),
    records: [toSyntheticInvoice(operation.body, { id, at })],
  })
  const changes = [{ type: 'Created', recordRef: { id, dataType: operation.dataType } }] as const
  return end(ctx, asSuccess(operation, at, { changes, warnings: [] }))
}

async function end(ctx: OrganizationCtx, push: PushOperation): Promise<PushOperation> {
  await updatePushEnded(ctx.tx, ctx.organizationId, push)
  record(ctx, push)
  return push
}

function timedOut(push: PushOperation, toFailure: ToFailure): PushOperation {
  const { timeoutAt, timeoutMinutes } = push
  assert(timeoutAt !== null && timeoutMinutes !== null, 'what is over time has a time')
  const refusal = new Refusal('sync.push_timed_out', { minutes: timeoutMinutes })
  return asFailed(push, timeoutAt, toFailure(refusal, 'Invoice'))
}

function newOperation(ctx: OrganizationCtx, request: PushRequest): PushOperation {
  const { connection, dataType, body, timeoutMinutes } = request
  const at = ctx.recordedAt
  const timeoutAt =
    timeoutMinutes === null ? null : instantFromMs(msOf(at) + timeoutMinutes * 60_000)
  return {
    key: toGuid('push', ctx.digest(`${ctx.newId('push')}${ctx.newId('push')}`)),
    ...{ companyId: connection.companyId, connectionId: connection.id, dataType, body },
    ...{ status: 'Pending', statusCode: 202, requestedAt: at, completedAt: null },
    ...{ timeoutMinutes, timeoutAt, errorMessage: null, errorNumber: null },
    ...{ canBeRetried: null, validation: null, changes: [] },
  }
}

const eventByStatus = { Success: 'succeeded', Failed: 'failed', TimedOut: 'timed_out' } as const

function record(ctx: OrganizationCtx, push: PushOperation): void {
  assert(push.status !== 'Pending', 'only an end is recorded')
  const { body: _body, ...shown } = push
  const resource = { resource: 'push_operation', resourceId: push.key } as const
  ctx.audit({ action: `push.${eventByStatus[push.status]}`, ...resource, after: shown })
  ctx.emit({ type: `push.${eventByStatus[push.status]}`, ...resource, payload: shown })
}
