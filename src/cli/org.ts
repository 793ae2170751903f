import { createHash } from 'node:crypto'
import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { parseDate } from '../kernel/dates.ts'
import { type Id, toPrefixed } from '../kernel/ids.ts'
import { invitePerson } from '../modules/access/invitation.actions.ts'
import {
  createOrganization,
  resumeOrganization,
  setOwner,
  suspendOrganization,
} from '../modules/access/organization.actions.ts'
import { listOrganizations } from '../modules/access/organization.queries.ts'
import { openBusiness } from '../modules/ledger/account.actions.ts'
import { setLimit } from '../modules/plans/limit.actions.ts'
import { findLimits } from '../modules/plans/limit.queries.ts'
import { setPlans } from '../modules/plans/plan.actions.ts'
import {
  booksPlans,
  connectPlans,
  invoicingPlans,
  planSurfaces,
  subscriptionStatuses,
} from '../modules/plans/plan.ts'
import { readChoice, readCountry, readCurrency, readEmail, readName } from './arguments.ts'
import { type Answer, answer, toTable, UsageError } from './output.ts'
import { readOrganization, type Session, withSession } from './session.ts'

type NewFlags = Readonly<{ name: string; ownerEmail?: string; country: string; currency: string }>

type PlanFlags = Readonly<{
  invoicing?: string
  books?: string
  booksStatus?: string
  connect?: string
  from?: string
}>

type LimitFlags = Readonly<{
  surface: string
  name: string
  value: string
  reason: string
  from?: string
  to?: string
}>

type Reason = Readonly<{ reason?: string }>

const reasonMax = 250
const tokenBytes = 32

/** Organizations: make, list, put on plans, suspend and resume. */
export function orgCommand(): Command {
  const org = new Command('org').description('organizations')
  org
    .command('create')
    .description('make an organization with a live and a test business')
    .requiredOption('--name <name>')
    .option(
      '--owner-email <address>',
      'invite its owner, who gets its notices; the link is shown once',
    )
    .requiredOption('--country <code>', 'ISO 3166-1, two letters')
    .requiredOption('--currency <code>', 'ISO 4217, three letters')
    .action((flags: NewFlags, command: Command) =>
      answer(command, () => withSession((session) => create(session, flags))),
    )
  org
    .command('list')
    .description('all organizations')
    .action((_flags: unknown, command: Command) => answer(command, () => withSession(list)))
  org
    .command('plan <organization>')
    .description('put an organization on other plans')
    .option('--invoicing <plan>', invoicingPlans.join(', '))
    .option('--books <plan>', booksPlans.join(', '))
    .option('--books-status <status>', subscriptionStatuses.join(', '))
    .option('--connect <plan>', connectPlans.join(', '))
    .option('--from <date>', 'first day; today when not given')
    .action((organization: string, flags: PlanFlags, command: Command) =>
      answer(command, () => withSession((session) => plan(session, organization, flags))),
    )
  org
    .command('limit <organization>')
    .description('give an organization a limit of its own')
    .requiredOption('--surface <surface>', planSurfaces.join(', '))
    .requiredOption('--name <limit>', 'such as requestsPerMinute')
    .requiredOption('--value <value>', 'a whole number, true, false, or none for no limit')
    .requiredOption('--reason <text>', 'why')
    .option('--from <date>', 'first day; today when not given')
    .option('--to <date>', 'first day on which it no longer holds; never when not given')
    .action((organization: string, flags: LimitFlags, command: Command) =>
      answer(command, () => withSession((session) => limit(session, organization, flags))),
    )
  org
    .command('owner <organization>')
    .description('set the e-mail address that notices to an organization go to')
    .requiredOption('--email <address>')
    .action((organization: string, { email }: Readonly<{ email: string }>, command: Command) =>
      answer(command, () => withSession((session) => owner(session, organization, email))),
    )
  for (const [verb, action] of statusActions) {
    org
      .command(`${verb} <organization>`)
      .description(`${verb} an organization`)
      .option('--reason <text>')
      .action((organization: string, flags: Reason, command: Command) =>
        answer(command, () =>
          withSession(async (session) => {
            const after = await session.write(readOrganization(organization), action, flags)
            const data = { organizationId: after.id, status: after.status }
            return { data, text: `${after.name} is ${after.status}.` }
          }),
        ),
      )
  }
  return org
}

const statusActions = [
  ['suspend', suspendOrganization],
  ['resume', resumeOrganization],
] as const

async function create(session: Session, flags: NewFlags): Promise<Answer> {
  const name = readName('--name', flags.name)
  const country = readCountry('--country', flags.country)
  const baseCurrency = readCurrency(flags.currency)
  const { ownerEmail } = flags
  const email = ownerEmail === undefined ? undefined : readEmail('--owner-email', ownerEmail)
  const organizationId = session.newId('organization')
  const owned = { name, ...(email !== undefined && { ownerEmail: email }) }
  await session.write({ organizationId }, createOrganization, owned)
  const open = async (environment: 'live' | 'test'): Promise<string> => {
    const businessId = session.newId('business')
    const suffix = environment === 'test' ? ' (test)' : ''
    const input = { name: `${name}${suffix}`, environment, baseCurrency, country }
    const business = await session.write({ organizationId, businessId }, openBusiness, input)
    return business.id
  }
  const businessId = await open('live')
  const testBusinessId = await open('test')
  const invitationUrl = email === undefined ? null : await invite(session, organizationId, email)
  const data = { organizationId, businessId, testBusinessId, invitationUrl }
  return {
    data,
    text: [
      `Organization   ${organizationId}`,
      `Live business  ${businessId} (${toPrefixed('biz', businessId)})`,
      `Test business  ${testBusinessId} (${toPrefixed('biz', testBusinessId)})`,
      ...(invitationUrl === null ? [] : [`Invitation     ${invitationUrl}`]),
    ].join('\n'),
    warnings: email === undefined ? [] : [noMail],
  }
}

const noMail = 'Nothing was mailed: hand the invitation over. It is shown once and ends in 7 days.'

/** Where the owner accepts; only the hash of its token is kept. */
async function invite(
  session: Session,
  organizationId: Id<'organization'>,
  email: string,
): Promise<string> {
  const token = Buffer.from(session.installation.random(tokenBytes)).toString('base64url')
  const tokenHash = createHash('sha256').update(token).digest()
  await session.write({ organizationId }, invitePerson, { email, role: 'owner', tokenHash })
  return `${loadConfig().origin}/console/invite/${token}`
}

async function owner(session: Session, organization: string, address: string): Promise<Answer> {
  const email = readEmail('--email', address)
  const tenant = readOrganization(organization)
  await session.write(tenant, setOwner, { email })
  const { organizationId } = tenant
  return { data: { organizationId, email }, text: `Notices go to ${email}.` }
}

async function list(session: Session): Promise<Answer> {
  const organizations = await session.read(listOrganizations)
  const rows = organizations.map(({ id, name, status, createdAt }) => [id, name, status, createdAt])
  return {
    data: { organizations },
    text: toTable(['organization', 'name', 'status', 'created'], rows),
  }
}

async function plan(session: Session, organization: string, flags: PlanFlags): Promise<Answer> {
  const { invoicing, books, booksStatus, connect, from } = flags
  if ([invoicing, books, booksStatus, connect].every((flag) => flag === undefined)) {
    throw new UsageError('Give at least one of --invoicing, --books, --books-status, --connect.')
  }
  const change = {
    plans: {
      ...(invoicing && { invoicing: readChoice('--invoicing', invoicingPlans, invoicing) }),
      ...(books && { books: readChoice('--books', booksPlans, books) }),
      ...(connect && { connect: readChoice('--connect', connectPlans, connect) }),
    },
    ...(booksStatus && {
      booksStatus: readChoice('--books-status', subscriptionStatuses, booksStatus),
    }),
    ...(from && { validFrom: parseDate(from) }),
  }
  const tenant = readOrganization(organization)
  const { plans, ...after } = await session.write(tenant, setPlans, change)
  const { organizationId } = tenant
  const limits = await session.read(async (db) => {
    const asked = { organizationId, today: after.validFrom }
    return {
      invoicing: (await findLimits(db, { ...asked, surface: 'invoicing' })) ?? {},
      books: (await findLimits(db, { ...asked, surface: 'books' })) ?? {},
      connect: (await findLimits(db, { ...asked, surface: 'connect' })) ?? {},
    }
  })
  const text = `From ${after.validFrom}: Invoicing ${plans.invoicing}, Books ${plans.books} (${after.booksStatus}), Connect ${plans.connect}.`
  return { data: { organizationId: tenant.organizationId, plans, ...after, limits }, text }
}

async function limit(session: Session, organization: string, flags: LimitFlags): Promise<Answer> {
  const surface = readChoice('--surface', planSurfaces, flags.surface)
  const reason = flags.reason.trim()
  if (reason.length === 0 || reason.length > reasonMax) {
    throw new UsageError(`--reason must have 1 to ${reasonMax} characters.`)
  }
  const tenant = readOrganization(organization)
  const set = await session.write(tenant, setLimit, {
    surface,
    name: flags.name,
    value: readLimit(flags.value),
    validFrom: flags.from === undefined ? session.today() : parseDate(flags.from),
    ...(flags.to !== undefined && { validTo: parseDate(flags.to) }),
    reason,
  })
  const { organizationId } = tenant
  const text = `From ${set.validFrom}: ${set.name} of ${surface} is ${set.value ?? 'none'}.`
  return { data: { organizationId, ...set }, text }
}

/** A whole number, a switch, or null for no limit. Throws UsageError. */
function readLimit(text: string): number | boolean | null {
  if (text === 'none') return null
  if (text === 'true' || text === 'false') return text === 'true'
  if (!/^\d{1,15}$/.test(text)) {
    throw new UsageError('--value must be a whole number, true, false or none.')
  }
  return Number(text)
}
