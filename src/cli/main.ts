import { Command, CommanderError } from 'commander'
import { version } from '../config.ts'
import { exitCodeOf, printFailure } from './output.ts'

/** Only the command that is asked for is loaded: most of the product is not needed for most. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  org: async () => (await import('./org.ts')).orgCommand(),
  business: async () => (await import('./business.ts')).businessCommand(),
  credits: async () => (await import('./credits.ts')).creditsCommand(),
  keys: async () => (await import('./keys.ts')).keysCommand(),
  numbers: async () => (await import('./numbers.ts')).numbersCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  maintenance: async () => (await import('./maintenance.ts')).maintenanceCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  secrets: async () => (await import('./secrets.ts')).secretsCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  errors: async () => (await import('./errors-explain.ts')).errorsCommand(),
  mail: async () => (await import('./mail.ts')).mailCommand(),
  webhooks: async () => (await import('./webhooks.ts')).webhooksCommand(),
  events: async () => (await import('./events.ts')).eventsCommand(),
  requests: async () => (await import('./requests.ts')).requestsCommand(),
}

const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith('-'))
const program = await buildProgram(named)
try {
  await program.parseAsync()
} catch (error) {
  const isJson = words.includes('--json')
  const isAsked = error instanceof CommanderError && error.exitCode === 0
  const isShown = error instanceof CommanderError && error.code === 'commander.help'
  if (!isAsked && (isJson || !isShown)) {
    printFailure(named.slice(0, 2).join(' '), isJson, error)
  }
  process.exitCode = isAsked ? 0 : exitCodeOf(error)
}

async function buildProgram([first = '']: readonly string[]): Promise<Command> {
  const root = new Command('tallystick')
    .description('A self-hosted accounting back end')
    .version(version)
    .option('--json', 'one JSON object on standard output')
  const asked = Object.hasOwn(commands, first) ? [first] : Object.keys(commands)
  for (const name of asked) {
    const command = await commands[name]?.()
    if (command !== undefined) {
      root.addCommand(command)
    }
  }
  quiet(root)
  return root
}

/** Usage errors come back here instead of ending the process, and are printed once. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined })
  for (const child of command.commands) {
    quiet(child)
  }
}
