import { createReadStream } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { createKey, revokeKey, rotateKey } from '../modules/access/api-key.actions.ts'
import { type ApiKey, listKeys } from '../modules/access/api-key.queries.ts'
import {
  findKeys,
  keyDaysMax,
  keyNameMax,
  keyNetworksMax,
  overlapHoursMax,
  visibleParts,
} from '../modules/access/api-key.ts'
import { readChoice, readInteger } from './arguments.ts'
import { type Answer, answer, toTable, UsageError } from './output.ts'
import {
  findBusinessTenant,
  findKeyTenant,
  readOrganization,
  type Session,
  withSession,
} from './session.ts'

type NewFlags = Readonly<{
  surface: string
  organization: string
  business?: string
  scope?: readonly string[]
  environment: string
  expiresDays?: string
  name?: string
  allow?: readonly string[]
}>

type ListFlags = Readonly<{ organization: string; surface?: string; business?: string }>

const surfaces = ['invoicing', 'books', 'connect'] as const

/** Keys of the three surfaces: make, list, revoke and rotate. A key is shown once, when made. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('API keys')
  keys
    .command('create')
    .description('make a key and show it, once')
    .requiredOption('--surface <name>', surfaces.join(', '))
    .requiredOption('--organization <id>')
    .option('--business <id>', 'business of an Invoicing key; narrows a Books key')
    .option('--scope <name...>', 'scopes of the surface')
    .option('--environment <name>', 'live or test', 'live')
    .option('--expires-days <days>', 'days until it ends')
    .option('--name <name>', 'shown in lists')
    .option('--allow <cidr...>', 'networks that may use it')
    .action((flags: NewFlags, command: Command) =>
      answer(command, () => withSession((session) => create(session, flags))),
    )
  keys
    .command('list')
    .description('keys of an organization, without the keys themselves')
    .requiredOption('--organization <id>')
    .option('--surface <name>', surfaces.join(', '))
    .option('--business <id>')
    .action((flags: ListFlags, command: Command) =>
      answer(command, () => withSession((session) => list(session, flags))),
    )
  keys
    .command('revoke <key>')
    .description('end a key at once and for ever')
    .option('--reason <text>')
    .action((id: string, flags: Readonly<{ reason?: string }>, command: Command) =>
      answer(command, () => withSession((session) => revoke(session, id, flags))),
    )
  keys
    .command('rotate <key>')
    .description('make a key with the same attributes; the old one works on for a while')
    .option('--overlap-hours <hours>', `0 to ${overlapHoursMax}`, '24')
    .action((id: string, flags: Readonly<{ overlapHours: string }>, command: Command) =>
      answer(command, () => withSession((session) => rotate(session, id, flags.overlapHours))),
    )
  keys
    .command('scan <path...>')
    .description('look for keys in files and folders; exit code 4 when there are any')
    .action((paths: readonly string[], _flags: unknown, command: Command) =>
      answer(command, () => scan(paths)),
    )
  return keys
}

type Leak = Readonly<{
  file: string
  line: number
  surface: string
  visible: string
  checksum: 'valid'
}>

/** Needs no database: a key tells by its checksum that it is one. Throws UsageError. */
async function scan(paths: readonly string[]): Promise<Answer> {
  const findings: Leak[] = []
  for (const path of paths) {
    for await (const file of filesBelow(path)) findings.push(...(await leaksOf(file)))
  }
  const rows = findings.map(({ file, line, surface, visible }) => [
    `${file}:${line}`,
    ...[surface, visible],
  ])
  const text =
    rows.length === 0 ? 'No key was found.' : toTable(['WHERE', 'SURFACE', 'VISIBLE'], rows)
  return { data: { findings }, text, exitCode: findings.length === 0 ? 0 : 4 }
}

/** The files of a folder, or the one file; links are not followed. */
async function* filesBelow(path: string): AsyncGenerator<string> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new UsageError(`There is no ${path}.`)
  if (found.isFile()) yield path
  if (!found.isDirectory()) return
  for await (const entry of await opendir(path, { recursive: true })) {
    if (entry.isFile()) yield join(entry.parentPath, entry.name)
  }
}

/** Read a part at a time; a run of characters that may go on is looked at with the next part. */
async function leaksOf(file: string): Promise<readonly Leak[]> {
  const leaks: Leak[] = []
  const stream = createReadStream(file, { encoding: 'latin1', highWaterMark: partBytes })
  let line = 1
  let rest = ''
  for await (const part of stream as AsyncIterable<string>) {
    const text = rest + part
    let end = text.length
    while (text.length - end < runMax && /[0-9A-Za-z_+/=]/.test(text.charAt(end - 1))) end -= 1
    leaks.push(...leaksIn(text.slice(0, end), { file, line }))
    line += text.slice(0, end).split('\n').length - 1
    rest = text.slice(end)
  }
  return [...leaks, ...leaksIn(rest, { file, line })]
}

const partBytes = 1024 * 1024
const runMax = 512

const leaksIn = (text: string, { file, line }: Pick<Leak, 'file' | 'line'>): readonly Leak[] =>
  text.split('\n').flatMap((row, index) =>
    findKeys(row, (base64) => Buffer.from(base64, 'base64').toString('latin1')).map((key) => {
      const { start, end } = visibleParts(key.surface, key.text)
      const visible = `${start}…${end}`
      return { file, line: line + index, surface: key.surface, visible, checksum: 'valid' }
    }),
  )

async function create(session: Session, flags: NewFlags): Promise<Answer> {
  const surface = readChoice('--surface', surfaces, flags.surface)
  const environment = readChoice('--environment', ['live', 'test'], flags.environment)
  const { organizationId } = readOrganization(flags.organization)
  const business = flags.business && (await findBusinessTenant(session, flags.business))
  const days = flags.expiresDays
  const made = await session.write({ organizationId }, createKey, {
    ...session.newKeyMaker(),
    surface,
    environment,
    name: readKeyName(flags.name ?? `${surface} key`),
    isOperator: true,
    ...(business && surface === 'invoicing' && { businessId: business.businessId }),
    ...(business && surface === 'books' && { businessIds: [business.businessId] }),
    ...(flags.scope && { scopes: flags.scope }),
    ...(days && { expiresInDays: readInteger('--expires-days', days, [1, keyDaysMax]) }),
    ...(flags.allow && { allowedNetworks: readNetworks(flags.allow) }),
  })
  const { id: keyId, expiresAt } = made.key
  const data = { keyId, key: made.text, visible: visibleOf(made.key), expiresAt }
  const ending = expiresAt === null ? 'It does not expire.' : `It works until ${expiresAt}.`
  return { data, text: `${made.text}\nKey ${keyId}. Keep it: it is not shown again. ${ending}` }
}

async function list(session: Session, flags: ListFlags): Promise<Answer> {
  const { organizationId } = readOrganization(flags.organization)
  const business = flags.business && (await findBusinessTenant(session, flags.business))
  const filter = {
    organizationId,
    ...(flags.surface && { surface: readChoice('--surface', surfaces, flags.surface) }),
    ...(business && { businessId: business.businessId }),
  }
  const keys = await session.read((db) => listKeys(db, filter))
  const rows = keys.map((key) => [
    key.id,
    key.surface,
    key.environment,
    visibleOf(key),
    key.name,
    stateOf(key),
  ])
  const header = ['key', 'surface', 'environment', 'visible', 'name', 'state']
  return { data: { keys: keys.map(toRow) }, text: toTable(header, rows) }
}

async function revoke(
  session: Session,
  id: string,
  { reason }: Readonly<{ reason?: string }>,
): Promise<Answer> {
  const { keyId, ...tenant } = await findKeyTenant(session, id)
  const input = { keyId, ...(reason !== undefined && { reason }) }
  const key = await session.write(tenant, revokeKey, input)
  const data = { keyId: key.id, revokedAt: key.revokedAt }
  return { data, text: `${visibleOf(key)} is revoked.` }
}

async function rotate(session: Session, id: string, hours: string): Promise<Answer> {
  const overlapHours = readInteger('--overlap-hours', hours, [0, overlapHoursMax])
  const { keyId, ...tenant } = await findKeyTenant(session, id)
  const input = { ...session.newKeyMaker(), keyId, overlapHours }
  const made = await session.write(tenant, rotateKey, input)
  const all = await session.read((db) =>
    listKeys(db, { organizationId: made.key.organizationId, surface: made.key.surface }),
  )
  const overlapUntil = all.find((key) => key.id === keyId)?.overlapUntil ?? null
  const data = { keyId: made.key.id, key: made.text, overlapUntil }
  return { data, text: `${made.text}\nThe old key works until ${overlapUntil}.` }
}

function readKeyName(text: string): string {
  const name = text.trim()
  if (name.length === 0 || name.length > keyNameMax) {
    throw new UsageError(`--name must have 1 to ${keyNameMax} characters.`)
  }
  return name
}

function readNetworks(texts: readonly string[]): readonly string[] {
  if (texts.length > keyNetworksMax) {
    throw new UsageError(`--allow takes at most ${keyNetworksMax} networks.`)
  }
  if (!texts.every(isNetwork)) {
    throw new UsageError('--allow must be a network such as 203.0.113.0/24.')
  }
  return texts
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const isLength =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  return family !== 0 && isLength && more.length === 0
}

const visibleOf = ({ visibleStart, visibleEnd }: ApiKey): string => `${visibleStart}…${visibleEnd}`

const toRow = (key: ApiKey) => ({
  keyId: key.id,
  surface: key.surface,
  environment: key.environment,
  businessId: key.businessId,
  name: key.name,
  scopes: key.scopes,
  visible: visibleOf(key),
  state: stateOf(key),
  createdAt: key.createdAt,
  expiresAt: key.expiresAt,
  revokedAt: key.revokedAt,
  overlapUntil: key.overlapUntil,
})

function stateOf({ revokedAt, disabledAt, overlapUntil }: ApiKey): string {
  if (revokedAt !== null) {
    return 'revoked'
  }
  if (disabledAt !== null) {
    return 'disabled'
  }
  return overlapUntil === null ? 'active' : 'rotated'
}
