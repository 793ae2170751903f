import { isIP } from 'node:net'
import { Command } from 'commander'
import { createKey, revokeKey, rotateKey } from '../modules/access/api-key.actions.ts'
import { type ApiKey, listKeys } from '../modules/access/api-key.queries.ts'
import {
  keyDaysMax,
  keyNameMax,
  keyNetworksMax,
  overlapHoursMax,
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
  return keys
}

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
