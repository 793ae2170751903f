import { Command } from 'commander'
import { asOwner } from '../db/owner.ts'
import { Refusal } from '../kernel/errors.ts'
import { listDeliveries } from '../modules/webhooks/delivery.queries.ts'
import {
  discardOutgoing,
  type Released,
  releaseOutgoing,
} from '../modules/webhooks/held.actions.ts'
import {
  type EndpointOverview,
  listEndpointOverviews,
} from '../modules/webhooks/overview.queries.ts'
import { recoverDeliveries } from '../modules/webhooks/replay.actions.ts'
import { readMoment } from './arguments.ts'
import { type Answer, answer, toTable } from './output.ts'
import { readId, type Session, withSession } from './session.ts'

type ListFlags = Readonly<{ endpoint?: string; since?: string; failed?: boolean }>
type ReplayFlags = Readonly<{ endpoint: string; since: string; failed?: boolean }>

const listMax = 200

/** Deliveries of events: look at them, send them again, and release what a restore holds. */
export function webhooksCommand(): Command {
  const webhooks = new Command('webhooks').description('deliveries of events')
  webhooks
    .command('list')
    .description('endpoints and what became of their deliveries, or the deliveries of one')
    .option('--endpoint <id>', `the newest ${listMax} deliveries of this endpoint`)
    .option('--since <instant>', 'not before; a date is its first moment in UTC')
    .option('--failed', 'only what was given up')
    .action((flags: ListFlags, command: Command) =>
      answer(command, () => withSession((session) => list(session, flags))),
    )
  webhooks
    .command('replay')
    .description('send events of a time to an endpoint once more, under the same event ids')
    .requiredOption('--endpoint <id>')
    .requiredOption('--since <instant>', 'not before, at most 30 days ago')
    .option('--failed', 'only those that were never delivered')
    .action((flags: ReplayFlags, command: Command) =>
      answer(command, () => withSession((session) => replay(session, flags))),
    )
  webhooks
    .command('release')
    .description('send what was held after a restore')
    .action((_flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => end(session, { isSent: true }))),
    )
  webhooks
    .command('discard')
    .description('give up what was held after a restore, and send only what is new')
    .action((_flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => end(session, { isSent: false }))),
    )
  return webhooks
}

async function list(
  session: Session,
  { endpoint, since, failed: hasFailed = false }: ListFlags,
): Promise<Answer> {
  const from = since && readMoment('--since', since)
  if (endpoint !== undefined) {
    const { organizationId, endpointId } = await getEndpoint(session, endpoint)
    const log = await session.read((db) =>
      listDeliveries(db, {
        ...{ organizationId, endpointId, limit: listMax, offset: 0 },
        ...(from && { attemptedFrom: from }),
        ...(hasFailed && { state: 'failed' as const }),
      }),
    )
    const rows = log.rows.map(({ id, createdAt, state, eventType, attempts }) => [
      ...[createdAt, id, state, eventType, String(attempts.length)],
      String(attempts.at(-1)?.httpStatus ?? attempts.at(-1)?.error ?? '-'),
    ])
    const header = ['AT', 'DELIVERY', 'STATE', 'EVENT', 'ATTEMPTS', 'LAST']
    return { data: { deliveries: log.total, log: log.rows }, text: toTable(header, rows) }
  }
  const endpoints = await session.read((db) =>
    listEndpointOverviews(db, { hasFailed, ...(from && { since: from }) }),
  )
  const deliveries = endpoints.reduce((sum, one) => sum + one.deliveries, 0)
  const rows = endpoints.map((one) => [
    ...[one.endpointId, one.organizationId, one.surface, one.environment, one.status],
    ...[String(one.deliveries), String(one.waiting), String(one.failed), one.url],
  ])
  const header = ['ENDPOINT', 'ORGANIZATION', 'SURFACE', 'ENVIRONMENT', 'STATUS']
  const counts = ['DELIVERIES', 'WAITING', 'FAILED', 'URL']
  return { data: { deliveries, endpoints }, text: toTable([...header, ...counts], rows) }
}

async function replay(
  session: Session,
  { endpoint, since, failed = false }: ReplayFlags,
): Promise<Answer> {
  const from = readMoment('--since', since)
  const chosen = await getEndpoint(session, endpoint)
  const { organizationId, businessId, endpointId, surface, environment } = chosen
  // Endpoints of Invoicing belong to a business, and so does what is said about them.
  const isOfBusiness = surface === 'invoicing' && businessId !== null
  const tenant = { organizationId, ...(isOfBusiness && { businessId }) }
  const { queued } = await session.write(tenant, recoverDeliveries, {
    scope: { organizationId, surface, environment },
    ...{ endpointId, since: from, only: failed ? 'failed' : 'all' },
    render: session.installation.app.renderers[surface],
  })
  return { data: { deliveries: queued }, text: `${queued} deliveries are on their way again.` }
}

/** Refuses: request.id_malformed, resource.not_found. */
async function getEndpoint(session: Session, text: string): Promise<EndpointOverview> {
  const endpointId = readId('endpoint', 'wh', text)
  const [found] = await session.read((db) =>
    listEndpointOverviews(db, { endpointId, hasFailed: false }),
  )
  if (found !== undefined) return found
  throw new Refusal('resource.not_found', { resource: 'Webhook endpoint', id: text })
}

async function end(
  { installation: { adminPool, clock } }: Session,
  { isSent }: Readonly<{ isSent: boolean }>,
): Promise<Answer> {
  const released = await asOwner(adminPool, (tx) =>
    isSent ? releaseOutgoing(tx) : discardOutgoing(tx, clock()),
  )
  const { deliveries = 0, messages = 0 } = released ?? {}
  return { data: { deliveries, messages }, text: toText(released, isSent) }
}

function toText(released: Released | undefined, isSent: boolean): string {
  if (released === undefined) return 'Nothing was held.'
  const { deliveries, messages } = released
  return isSent
    ? `${deliveries} deliveries wait no longer.`
    : `${deliveries} deliveries and ${messages} messages were given up.`
}
