import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { withClient } from '../db/database.ts'
import { type MigrationReport, migrate, newestMigration } from '../db/migrate.ts'
import { buildLog } from '../log.ts'
import { loadPlans, migrationsFolder, openConfigured } from '../start.ts'
import { readInteger } from './arguments.ts'
import { type Answer, answer } from './output.ts'

type Flags = Readonly<{ to?: string; dryRun?: boolean }>

/** Brings the database up to date, or to a number, or only says what would be done. */
export const migrateCommand = (): Command =>
  new Command('migrate')
    .description('bring the database up to date')
    .option('--to <number>', 'stop after this migration')
    .option('--dry-run', 'say what would be done')
    .action((flags: Flags, command: Command) => answer(command, () => run(flags)))

async function run({ to, dryRun = false }: Flags): Promise<Answer> {
  const newest = newestMigration(migrationsFolder)
  const options = {
    isDryRun: dryRun,
    ...(to === undefined ? {} : { to: readInteger('--to', to, [0, newest]) }),
  }
  const config = loadConfig()
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const report = await withClient(database.owner, (client) =>
      migrate(client, migrationsFolder, options),
    )
    if (!dryRun && to === undefined) await loadPlans(database, config)
    return { data: report, text: toText(report, dryRun), warnings: database.warnings }
  } finally {
    await database.close()
  }
}

function toText({ from, to, applied }: MigrationReport, isDryRun: boolean): string {
  if (applied.length === 0) {
    return `The database is up to date at migration ${from}.`
  }
  const verb = isDryRun ? 'would apply' : 'applied'
  const lines = applied.map(({ number, name, ms }) =>
    isDryRun ? `  ${number} ${name}` : `  ${number} ${name} (${ms} ms)`,
  )
  return [`From ${from} to ${to}: ${verb}`, ...lines].join('\n')
}
