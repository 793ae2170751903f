import { Command } from 'commander'
import { toPrefixed } from '../kernel/ids.ts'
import {
  closeBusiness,
  resumeBusiness,
  suspendBusiness,
} from '../modules/access/business.actions.ts'
import { openBusiness } from '../modules/ledger/account.actions.ts'
import { readChoice, readCountry, readCurrency, readName } from './arguments.ts'
import { type Answer, answer } from './output.ts'
import { findBusinessTenant, readOrganization, type Session, withSession } from './session.ts'

type NewFlags = Readonly<{
  organization: string
  name: string
  environment: string
  currency: string
  country: string
}>

type Reason = Readonly<{ reason?: string }>

/** Businesses: make, suspend, resume and close. */
export function businessCommand(): Command {
  const business = new Command('business').description('businesses')
  business
    .command('create')
    .description('make a business with its chart of accounts')
    .requiredOption('--organization <id>')
    .requiredOption('--name <name>')
    .option('--environment <name>', 'live or test', 'live')
    .requiredOption('--currency <code>', 'ISO 4217, three letters')
    .requiredOption('--country <code>', 'ISO 3166-1, two letters')
    .action((flags: NewFlags, command: Command) =>
      answer(command, () => withSession((session) => create(session, flags))),
    )
  for (const [verb, action] of statusActions) {
    business
      .command(`${verb} <business>`)
      .description(`${verb} a business`)
      .option('--reason <text>')
      .action((id: string, flags: Reason, command: Command) =>
        answer(command, () =>
          withSession(async (session) => {
            const tenant = await findBusinessTenant(session, id)
            const after = await session.write(tenant, action, flags)
            const data = { businessId: after.id, status: after.status }
            return { data, text: `${after.name} is ${after.status}.` }
          }),
        ),
      )
  }
  return business
}

const statusActions = [
  ['suspend', suspendBusiness],
  ['resume', resumeBusiness],
  ['close', closeBusiness],
] as const

async function create(session: Session, flags: NewFlags): Promise<Answer> {
  const environment = readChoice('--environment', ['live', 'test'], flags.environment)
  const input = {
    name: readName('--name', flags.name),
    environment,
    baseCurrency: readCurrency(flags.currency),
    country: readCountry('--country', flags.country),
  }
  const { organizationId } = readOrganization(flags.organization)
  const businessId = session.newId('business')
  const business = await session.write({ organizationId, businessId }, openBusiness, input)
  return {
    data: { businessId: business.id, environment },
    text: `${business.name}: ${business.id} (${toPrefixed('biz', business.id)}), ${environment}`,
  }
}
