import { Command } from 'commander'
import { Refusal } from '../kernel/errors.ts'
import { listRequests } from '../modules/access/request-log.queries.ts'
import { type KeptRequest, parseRequestId } from '../modules/access/request-log.ts'
import { readChoice, readMoment } from './arguments.ts'
import { type Answer, answer, toTable, UsageError } from './output.ts'
import { readId, type Session, withSession } from './session.ts'

type Flags = Readonly<{
  organization?: string
  key?: string
  surface?: string
  status?: string
  code?: string
  path?: string
  from?: string
  to?: string
  limit: string
}>

/** A request as commands show it: what was said is there where the log has kept it. */
type ShownRequest = Readonly<Record<string, unknown>>

const surfaces = ['invoicing', 'books', 'connect'] as const
const limitMax = 1_000

/** The log of requests. Source: platform specification 10. */
export function requestsCommand(): Command {
  const requests = new Command('requests').description('requests as they were answered')
  requests
    .command('list')
    .description('find requests, the latest first')
    .option('--organization <id>', 'of this organization')
    .option('--key <id>', 'with this API key')
    .option('--surface <name>', surfaces.join(', '))
    .option('--status <number>', 'answered with this status')
    .option('--code <code>', 'refused with this code of the catalogue')
    .option('--path <start>', 'whose path starts so')
    .option('--from <instant>', 'not before; a date is its first moment in UTC')
    .option('--to <instant>', 'before')
    .option('--limit <number>', `at most ${limitMax}`, '50')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => list(session, flags))),
    )
  requests
    .command('show <id>')
    .description('show one request by its id in any form')
    .action((id: string, _flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => show(session, id))),
    )
  return requests
}

async function list(session: Session, flags: Flags): Promise<Answer> {
  const { organization, key, surface, code, path } = flags
  const rows = await session.read((db) =>
    listRequests(db, {
      ...{ code, path, offset: 0, limit: readNumber('--limit', flags.limit, limitMax) },
      organizationId: organization && readId('organization', 'org', organization),
      keyId: key && readId('key', 'key', key),
      surface: surface && readChoice('--surface', surfaces, surface),
      status: flags.status === undefined ? undefined : readNumber('--status', flags.status, 999),
      from: flags.from === undefined ? undefined : readMoment('--from', flags.from),
      to: flags.to === undefined ? undefined : readMoment('--to', flags.to),
    }),
  )
  const header = ['AT', 'ID', 'STATUS', 'CODE', 'MS', 'METHOD', 'PATH']
  const lines = rows.map((row) => [
    ...[row.at, row.requestId, String(row.status), row.errorCode ?? '-'],
    ...[toMs(row.durationUs), row.method, row.path],
  ])
  const requests = rows.map(({ sealed, ...row }) => ({ ...row, hasBodies: sealed !== null }))
  return { data: { requests }, text: toTable(header, lines) }
}

async function show(session: Session, id: string): Promise<Answer> {
  if (parseRequestId(id) === undefined) {
    throw new Refusal('request.id_malformed', { name: 'request' })
  }
  const row = await findRequest(session, id)
  if (row === undefined) throw new Refusal('resource.not_found', { resource: 'Request', id })
  const request = toShown(session, row)
  return { data: { request }, text: toLines(request) }
}

/** The request behind an id in any of its forms; undefined: the log has none, or no longer. */
export async function findRequest(session: Session, id: string): Promise<KeptRequest | undefined> {
  const ids = parseRequestId(id)
  if (ids === undefined) return undefined
  const [row] = await session.read((db) => listRequests(db, { ids, limit: 1, offset: 0 }))
  return row
}

/** A row with what was said in it. */
export function toShown({ installation }: Session, row: KeptRequest): ShownRequest {
  const { sealed, ...rest } = row
  const { params, request, response } = installation.app.saidIn(row) ?? {}
  return {
    ...rest,
    params: params ?? null,
    request: request ?? null,
    response: response ?? null,
    hasBodies: sealed !== null,
  }
}

/** One line a member, without those that are empty. */
export const toLines = (request: ShownRequest): string =>
  Object.entries(request)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(16)} ${value}`)
    .join('\n')

const toMs = (us: number): string => String(Math.round(us / 1_000))

/** Throws UsageError. */
function readNumber(flag: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > max) {
    throw new UsageError(`${flag} must be a whole number from 1 to ${max}.`)
  }
  return value
}
