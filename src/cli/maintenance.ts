import { Command } from 'commander'
import { asOwner } from '../db/owner.ts'
import { parseInstant } from '../kernel/dates.ts'
import { orderMaintenance } from '../modules/access/maintenance.actions.ts'
import { type Maintenance, maintenanceMessageMax } from '../modules/access/maintenance.ts'
import { readChoice } from './arguments.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { operator, type Session, withSession } from './session.ts'

type Flags = Readonly<{ mode: string; message?: string; until?: string }>

const modes = ['full', 'read_only'] as const

/** Closes the installation to callers and opens it again; every process obeys within a second. */
export function maintenanceCommand(): Command {
  const maintenance = new Command('maintenance').description('close the APIs for a while')
  maintenance
    .command('on')
    .description('refuse requests, or writes alone, until it is switched off')
    .option('--mode <mode>', modes.join(' or '), 'full')
    .option('--message <text>', 'for the record')
    .option('--until <instant>', 'expected end, such as 2026-01-31T22:00:00Z')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => order(session, toMaintenance(flags)))),
    )
  maintenance
    .command('off')
    .description('answer requests again')
    .action((_flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => order(session, undefined))),
    )
  return maintenance
}

async function order(
  { installation: { adminPool, clock } }: Session,
  maintenance: Maintenance | undefined,
): Promise<Answer> {
  const at = clock()
  await asOwner(adminPool, (tx) => orderMaintenance(tx, maintenance, { orderedBy: operator, at }))
  const { mode = 'off', until = null } = maintenance ?? {}
  const end = until === null ? '' : ` until ${until}`
  return { data: { mode, until }, text: `Maintenance is ${mode}${end}.` }
}

/** Throws UsageError. Refuses: validation.date_invalid. */
function toMaintenance({ mode, message, until }: Flags): Maintenance {
  if (message !== undefined && (message === '' || message.length > maintenanceMessageMax)) {
    throw new UsageError(`--message must have 1 to ${maintenanceMessageMax} characters.`)
  }
  return {
    mode: readChoice('--mode', modes, mode),
    message: message ?? null,
    until: until === undefined ? null : parseInstant(until, '--until'),
  }
}
