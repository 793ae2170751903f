import { Command, CommanderError } from 'commander'
import { version } from '../config.ts'
import { businessCommand } from './business.ts'
import { demoCommand } from './demo.ts'
import { errorsCommand } from './errors-explain.ts'
import { keysCommand } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { orgCommand } from './org.ts'
import { exitCodeOf, printFailure } from './output.ts'
import { startCommand } from './start.ts'

const program = new Command('tallystick')
  .description('A self-hosted accounting back end')
  .version(version)
  .option('--json', 'one JSON object on standard output')

for (const command of [
  startCommand(),
  migrateCommand(),
  demoCommand(),
  orgCommand(),
  businessCommand(),
  keysCommand(),
  errorsCommand(),
]) {
  program.addCommand(command)
}

const isJson = process.argv.includes('--json')
quiet(program)
try {
  await program.parseAsync()
} catch (error) {
  const isHelp = error instanceof CommanderError && error.exitCode === 0
  if (!isHelp) {
    printFailure(process.argv.slice(2, 4).join(' '), isJson, error)
    process.exitCode = exitCodeOf(error)
  }
}

/** Usage errors come back here instead of ending the process, and are printed once. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined })
  for (const child of command.commands) {
    quiet(child)
  }
}
