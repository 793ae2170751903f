import { Command } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { type Answer, answer, toTable } from './output.ts'

/** Says what the surroundings decide, without secrets. A wrong variable ends with exit code 2. */
export function configCommand(): Command {
  const config = new Command('config').description('the configuration')
  config
    .command('check')
    .description('read every variable and say what it comes to')
    .action((_flags: object, command: Command) => answer(command, run))
  return config
}

function run(): Promise<Answer> {
  const config = loadConfig()
  const values = toShown(config)
  const warnings = warningsOf(config)
  const rows = Object.entries(values).map(([name, value]) => [name, JSON.stringify(value) ?? ''])
  const text = toTable(['NAME', 'VALUE'], rows)
  return Promise.resolve({ data: { valid: true, values, warnings }, text, warnings })
}

/** Every value; of secrets only whether they are given, of addresses not the password. */
export function toShown(config: Config): Readonly<Record<string, unknown>> {
  const { databaseUrl, migrateUrl, masterKey, webhookAuthorities, metricsPort } = config
  const { tracesEndpoint } = config
  return {
    ...config,
    databaseUrl: masked(databaseUrl),
    migrateUrl: masked(migrateUrl),
    tracesEndpoint: masked(tracesEndpoint),
    smtpUrl: masked(config.smtpUrl),
    anchorWebhook: masked(config.anchorWebhook),
    masterKey: masterKey === undefined ? 'in the data folder' : 'given',
    webhookAuthorities: webhookAuthorities === '' ? '' : 'given',
    metricsPort: metricsPort ?? 'off',
  }
}

/** Without user, password and parameters, all of which may be secrets. */
function masked(address: string): string {
  if (!URL.canParse(address)) return address === '' ? '' : 'given'
  const { protocol, host, pathname } = new URL(address)
  return `${protocol}//${host}${pathname}`
}

/** What is allowed and rarely meant. */
function warningsOf(config: Config): readonly string[] {
  const isProduction = config.environment === 'production'
  const said: readonly (readonly [boolean, string])[] = [
    [config.allowsUnsafeDatabase, 'A database that can lose committed data is accepted.'],
    [config.clockOffsetMs !== 0, 'The clock is moved; every date follows it.'],
    [isProduction && config.hasDemo, 'The demo is seeded into an empty database.'],
    [isProduction && config.addressLimit === 0, 'No limit holds for requests of one address.'],
    [isProduction && config.metricsPort === undefined, 'TALLYSTICK_METRICS_PORT is not set.'],
  ]
  return said.flatMap(([holds, sentence]) => (holds ? [sentence] : []))
}
