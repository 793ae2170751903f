import { Command } from 'commander'
import { readSnapshot, type Tenant } from '../db/tx.ts'
import { liftStop } from '../modules/access/mail-message.actions.ts'
import { listMessages, listStops } from '../modules/access/mail-message.queries.ts'
import { mailStates } from '../modules/access/mail-message.ts'
import { readChoice } from './arguments.ts'
import { type Answer, answer, toTable, UsageError } from './output.ts'
import { findBusinessTenant, readOrganization, type Session, withSession } from './session.ts'

type Whose = Readonly<{ business?: string; organization?: string }>

type Flags = Whose & Readonly<{ state?: string; limit: string }>

type Lifted = Whose & Readonly<{ reason?: string }>

const limitMax = 1_000

/** The log of messages: what was sent, what waits, and what is kept because nobody sends it. */
export function mailCommand(): Command {
  const mail = new Command('mail').description('messages to customers, and to owners')
  ofTenant(mail.command('list'))
    .description('what became of messages, the latest first')
    .option('--state <state>', mailStates.join(', '))
    .option('--limit <number>', `at most ${limitMax}`, '50')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => list(session, flags))),
    )
  ofTenant(mail.command('stops'))
    .description('addresses that nothing is sent to, because their server has refused them')
    .action((flags: Whose, command: Command) =>
      answer(command, () => withSession((session) => stops(session, flags))),
    )
  ofTenant(mail.command('lift <address>'))
    .description('let messages go to an address again')
    .option('--reason <text>', 'why')
    .action((address: string, flags: Lifted, command: Command) =>
      answer(command, () => withSession((session) => lift(session, address, flags))),
    )
  return mail
}

const ofTenant = (command: Command): Command =>
  command
    .option('--business <id>', 'messages of this business')
    .option('--organization <id>', 'notices to the owner of this organization')

/** Whose messages are meant. */
async function findTenant(session: Session, { business, organization }: Whose): Promise<Tenant> {
  if ((business === undefined) === (organization === undefined)) {
    throw new UsageError('Give either --business or --organization.')
  }
  if (business !== undefined) return await findBusinessTenant(session, business)
  return readOrganization(organization ?? '')
}

const idOf = ({ organizationId, businessId }: Tenant): string => businessId ?? organizationId

async function list(session: Session, { state, limit, ...whose }: Flags): Promise<Answer> {
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > limitMax) {
    throw new UsageError(`--limit must be a whole number from 1 to ${limitMax}.`)
  }
  const tenant = await findTenant(session, whose)
  const filter = {
    tenantId: idOf(tenant),
    state: state === undefined ? undefined : readChoice('--state', mailStates, state),
    limit: Number(limit),
  }
  const { adminPool } = session.installation
  const messages = await readSnapshot(adminPool, tenant, (db) => listMessages(db, filter))
  const header = ['AT', 'ID', 'PURPOSE', 'STATE', 'ATTEMPTS', 'RECIPIENT', 'REPLY']
  const rows = messages.map((one) => [
    ...[one.createdAt, one.id, one.purpose, one.state, String(one.attempts), one.recipient],
    one.reply ?? '-',
  ])
  return { data: { messages }, text: toTable(header, rows) }
}

async function stops(session: Session, whose: Whose): Promise<Answer> {
  const tenant = await findTenant(session, whose)
  const { adminPool } = session.installation
  const found = await readSnapshot(adminPool, tenant, (db) => listStops(db, idOf(tenant)))
  const rows = found.map(({ createdAt, address, reason }) => [createdAt, address, reason])
  return { data: { stops: found }, text: toTable(['SINCE', 'ADDRESS', 'REASON'], rows) }
}

async function lift(
  session: Session,
  email: string,
  { reason, ...whose }: Lifted,
): Promise<Answer> {
  const tenant = await findTenant(session, whose)
  await session.write(tenant, liftStop, { email, ...(reason !== undefined && { reason }) })
  return { data: { address: email }, text: `Messages go to ${email} again.` }
}
