import { Command } from 'commander'
import { addDays, isDate, parseInstant } from '../kernel/dates.ts'
import { parseAmount, toDecimalText } from '../kernel/money.ts'
import { grantCredits } from '../modules/plans/credit.actions.ts'
import { readCurrency } from './arguments.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { readOrganization, type Session, withSession } from './session.ts'

type Flags = Readonly<{ amount: string; asset: string; expires?: string; reason: string }>

const reasonMax = 250

/** Credits of organizations. Source: platform specification 28. */
export function creditsCommand(): Command {
  const credits = new Command('credits').description('credits that calls are paid with')
  credits
    .command('grant <organization>')
    .description('give an organization credits')
    .requiredOption('--amount <amount>', 'in major units')
    .requiredOption('--asset <currency>', 'a currency such as NGN')
    .requiredOption('--reason <text>', 'why')
    .option('--expires <date>', 'last day, or an instant; never when not given')
    .action((organization: string, flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => grant(session, organization, flags))),
    )
  return credits
}

async function grant(session: Session, organization: string, flags: Flags): Promise<Answer> {
  const asset = readCurrency(flags.asset)
  const reason = flags.reason.trim()
  if (reason.length === 0 || reason.length > reasonMax) {
    throw new UsageError(`--reason must have 1 to ${reasonMax} characters.`)
  }
  const tenant = readOrganization(organization)
  const { minor: amount } = parseAmount(flags.amount, asset, 'amount')
  const granted = await session.write(tenant, grantCredits, {
    asset,
    amount,
    reason,
    ...(flags.expires !== undefined && { expiresAt: readEnd(flags.expires) }),
  })
  const balance = toDecimalText({ minor: granted.balance, currency: asset })
  return {
    data: { grantId: granted.id, balance },
    text: `Granted ${flags.amount} ${asset}; ${balance} ${asset} are available.`,
  }
}

/** The end of a day in UTC, or an instant. Refuses: validation.date_invalid. */
const readEnd = (text: string) =>
  parseInstant(isDate(text) ? `${addDays(text, 1)}T00:00:00Z` : text, 'expires')
