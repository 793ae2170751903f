import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'

export type Environment = 'development' | 'production' | 'test'
export type Role = 'all' | 'api' | 'worker'
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Everything that the surroundings decide. One object, made once, frozen. */
export type Config = Readonly<{
  environment: Environment
  host: string
  /** 0 lets the system choose. */
  port: number
  /** Public origin in links and documentation, without a trailing slash. */
  origin: string
  /** Absolute. */
  dataDir: string
  /** Empty: the bundled PostgreSQL. */
  databaseUrl: string
  /** Owner's URL for migrations; the same as `databaseUrl` when not given. */
  migrateUrl: string
  connectionsMax: number
  /** 32 bytes; undefined: the file in the data folder, made at the first start. */
  masterKey: Uint8Array | undefined
  clockOffsetMs: number
  hasDemo: boolean
  logLevel: LogLevel
  /** undefined: pretty when standard output is a terminal. */
  isLogPretty: boolean | undefined
  laneQueueMax: number
  laneBatchMax: number
  drainSeconds: number
  /** Requests a minute of one address on Invoicing and Books; 0: no limit. */
  addressLimit: number
  /** The same on Connect. */
  connectFlood: number
  /** Networks whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[]
  /** Networks that may be called although they are not public. */
  egressAllow: readonly string[]
  /** Ports that may be called besides 443 and 8443. */
  egressPorts: readonly number[]
  /** Certificates of authorities for receivers of webhooks, in PEM; empty: only the usual ones. */
  webhookAuthorities: string
  /** Where messages are handed in, with its secret; empty: they are kept in a folder. */
  smtpUrl: string
  /** The address that messages come from. */
  mailFrom: string
  /** Addresses that test businesses may write to; `*` stands for anything. */
  testMailAllow: readonly string[]
  /** More plan versions; empty: none. */
  plansFile: string
  allowsUnsafeDatabase: boolean
  /** What this process does: answers requests, works behind them, or both. */
  role: Role
  /** undefined: no metrics; 0 lets the system choose. */
  metricsPort: number | undefined
  metricsHost: string
  anchorFile: string
  /** Where anchors are posted as well; empty: nowhere. */
  anchorWebhook: string
  /** Where the bundled PostgreSQL keeps its log for recoveries; empty: nowhere. */
  archiveDir: string
  /** Deliveries that a worker sends at once. */
  webhookConcurrency: number
  /** Tasks that a worker runs at once. */
  jobConcurrency: number
  /** Where a process of a test fails, and how. */
  faults: readonly Fault[]
  /** How long requests are remembered. */
  requestLogDays: number
  /** How long events can be read and sent again. */
  eventDays: number
  /** How long answers to writes are repeated on Invoicing and Books. */
  idempotencyDays: number
  /** Whose bodies are remembered, without secrets. */
  requestLogBodies: (typeof loggedBodies)[number]
  /** Where spans of traces go, without a slash at the end; empty: nowhere. */
  tracesEndpoint: string
  /** Started by npm, which may be killed without passing the signal on. */
  hasNpmParent: boolean
}>

/** What happens when a point is passed for the `at`th time. */
export type Fault = Readonly<{
  point: FaultPoint
  action: (typeof faultActions)[number]
  at: number
}>
export type FaultPoint = (typeof faultPoints)[number]

type Variables = Readonly<Record<string, string | undefined>>

/** Between an answer of the outside and its record, and between a task and its end. */
const faultPoints = ['webhook.answered', 'mail.answered', 'task.done'] as const
const faultActions = ['kill', 'fail'] as const

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const loggedBodies = ['none', 'errors', 'all'] as const
const roles = ['all', 'api', 'worker'] as const
const environments = ['development', 'production', 'test'] as const
const dayMs = 86_400_000
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: dayMs }
const masterKeyBytes = 32

/** A variable has a wrong value. The process ends with exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly exitCode = 2
  readonly variable: string

  constructor(variable: string, sentence: string) {
    super(`${variable} ${sentence}`)
    this.variable = variable
  }
}

/** Folder of the package: where `package.json`, `migrations/` and `plans.json` are. */
export const packageRoot = findPackageRoot(import.meta.dirname)

/** Version of this release. */
export const version = readVersion()

/**
 * Reads the environment, and a `.env` file of the working folder unless in production; the
 * environment wins, and flags of the command line win over both. Throws ConfigError naming the first wrong variable.
 * Source: platform specification 27.
 */
export function loadConfig(
  variables: Variables = process.env,
  { cwd = process.cwd(), overrides = {} }: Readonly<{ cwd?: string; overrides?: Variables }> = {},
): Config {
  const env = { ...withFile(variables, cwd), ...overrides }
  const environment = oneOf(env, 'TALLYSTICK_ENV', environments, 'development')
  const isProduction = environment === 'production'
  const port = integer(env, 'PORT', 4_400, [0, 65_535])
  const dataDir = resolve(cwd, text(env, 'TALLYSTICK_DATA_DIR', '.tallystick'))
  const databaseUrl = databaseAddress(env, 'DATABASE_URL')
  const config: Config = {
    environment,
    host: listener(env, isProduction),
    port,
    origin: publicOrigin(env, port, isProduction),
    dataDir,
    databaseUrl,
    migrateUrl: databaseAddress(env, 'TALLYSTICK_MIGRATE_URL') || databaseUrl,
    connectionsMax: integer(env, 'TALLYSTICK_DB_POOL', 12, [3, 200]),
    masterKey: masterKey(env, isProduction && databaseUrl !== ''),
    clockOffsetMs: clockOffset(env, isProduction),
    hasDemo: flag(env, 'TALLYSTICK_DEMO') ?? environment === 'development',
    logLevel: oneOf(env, 'TALLYSTICK_LOG_LEVEL', logLevels, 'info'),
    isLogPretty: flag(env, 'TALLYSTICK_LOG_PRETTY'),
    laneQueueMax: integer(env, 'TALLYSTICK_LANE_QUEUE', 1_000, [1, 10_000]),
    laneBatchMax: integer(env, 'TALLYSTICK_LANE_BATCH', 500, [1, 5_000]),
    drainSeconds: integer(env, 'TALLYSTICK_DRAIN_SECONDS', isProduction ? 5 : 0, [0, 300]),
    addressLimit: integer(env, 'TALLYSTICK_ADDRESS_LIMIT', 1_000, [0, 10_000_000]),
    connectFlood: integer(env, 'TALLYSTICK_CONNECT_FLOOD', 1_000, [0, 10_000_000]),
    trustedProxies: networks(env, 'TALLYSTICK_TRUSTED_PROXIES'),
    egressAllow: networks(env, 'TALLYSTICK_EGRESS_ALLOW'),
    egressPorts: ports(env, 'TALLYSTICK_EGRESS_PORTS'),
    webhookAuthorities: fileText(env, 'TALLYSTICK_WEBHOOK_CA_FILE', cwd),
    ...mail(env),
    plansFile: absolutePath(env, 'TALLYSTICK_PLANS_FILE', cwd),
    allowsUnsafeDatabase: flag(env, 'TALLYSTICK_ALLOW_UNSAFE_DATABASE') ?? false,
    role: oneOf(env, 'TALLYSTICK_ROLE', roles, 'all'),
    metricsPort: optionalPort(env, 'TALLYSTICK_METRICS_PORT'),
    metricsHost: text(env, 'TALLYSTICK_METRICS_HOST', '127.0.0.1'),
    anchorFile: resolve(cwd, text(env, 'TALLYSTICK_ANCHOR_FILE', join(dataDir, 'anchors.jsonl'))),
    anchorWebhook: webAddress(env, 'TALLYSTICK_ANCHOR_WEBHOOK'),
    archiveDir: absolutePath(env, 'TALLYSTICK_PG_ARCHIVE_DIR', cwd),
    webhookConcurrency: integer(env, 'TALLYSTICK_WEBHOOK_CONCURRENCY', 64, [1, 1_000]),
    jobConcurrency: integer(env, 'TALLYSTICK_JOB_CONCURRENCY', 8, [1, 64]),
    faults: faults(env, environment),
    requestLogDays: integer(env, 'TALLYSTICK_REQUEST_LOG_DAYS', 30, [1, 3_650]),
    eventDays: integer(env, 'TALLYSTICK_EVENT_DAYS', 90, [1, 3_650]),
    idempotencyDays: integer(env, 'TALLYSTICK_IDEMPOTENCY_DAYS', 30, [1, 90]),
    requestLogBodies: oneOf(env, 'TALLYSTICK_REQUEST_LOG_BODIES', loggedBodies, 'errors'),
    tracesEndpoint: webAddress(env, 'OTEL_EXPORTER_OTLP_ENDPOINT').replace(/\/+$/, ''),
    hasNpmParent: env['npm_lifecycle_event'] !== undefined,
  }
  if (databaseUrl === '' && config.migrateUrl !== '') {
    throw new ConfigError('TALLYSTICK_MIGRATE_URL', 'needs DATABASE_URL beside it.')
  }
  return Object.freeze(config)
}

function withFile(variables: Variables, cwd: string): Variables {
  if (variables['TALLYSTICK_ENV'] === 'production') {
    return variables
  }
  const file = readText(join(cwd, '.env'))
  return file === undefined ? variables : { ...parseEnv(file), ...variables }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A variable set to nothing counts as not set. */
const text = (env: Variables, name: string, otherwise: string): string =>
  env[name]?.trim() || otherwise

function integer(
  env: Variables,
  name: string,
  otherwise: number,
  [lowest, highest]: readonly [number, number],
): number {
  const given = text(env, name, `${otherwise}`)
  const value = Number(given)
  if (!/^\d+$/.test(given) || value < lowest || value > highest) {
    throw new ConfigError(name, `must be a whole number from ${lowest} to ${highest}.`)
  }
  return value
}

/** An address of somebody else's server, or nothing. */
function webAddress(env: Variables, name: string): string {
  const given = text(env, name, '')
  if (given !== '' && !(URL.canParse(given) && /^https?:\/\//.test(given))) {
    throw new ConfigError(name, 'must be an address such as http://127.0.0.1:4318.')
  }
  return given
}

/** `point:action` or `point:action:n`, with commas between; only tests may ask for them. */
function faults(env: Variables, environment: Environment): readonly Fault[] {
  const name = 'TALLYSTICK_FAULTS'
  const given = text(env, name, '')
  if (given === '') return []
  if (environment !== 'test') throw new ConfigError(name, 'needs TALLYSTICK_ENV=test.')
  return given.split(',').map((entry) => {
    const [pointName, actionName, at = '1', ...rest] = entry.trim().split(':')
    const point = faultPoints.find((known) => known === pointName)
    const action = faultActions.find((known) => known === actionName)
    const isCount = /^[1-9]\d{0,5}$/.test(at) && rest.length === 0
    if (point === undefined || action === undefined || !isCount) {
      throw new ConfigError(
        name,
        `must look like point:action:n, of ${faultPoints.join(', ')} and ${faultActions.join(', ')}.`,
      )
    }
    return { point, action, at: Number(at) }
  })
}

const optionalPort = (env: Variables, name: string): number | undefined =>
  text(env, name, '') === '' ? undefined : integer(env, name, 0, [0, 65_535])

function flag(env: Variables, name: string): boolean | undefined {
  const given = text(env, name, '').toLowerCase()
  if (given === '' || given === 'auto') {
    return undefined
  }
  if (given === '1' || given === 'true') {
    return true
  }
  if (given === '0' || given === 'false') {
    return false
  }
  throw new ConfigError(name, 'must be 1 or 0.')
}

function oneOf<Choice extends string>(
  env: Variables,
  name: string,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  const given = text(env, name, otherwise)
  const chosen = choices.find((choice) => choice === given)
  if (chosen === undefined) {
    throw new ConfigError(name, `must be one of ${choices.join(', ')}.`)
  }
  return chosen
}

/** The variable, or the content of the file that its `_FILE` twin names. */
function secret(env: Variables, name: string): string {
  const path = text(env, `${name}_FILE`, '')
  if (path === '') {
    return text(env, name, '')
  }
  if (text(env, name, '') !== '') {
    throw new ConfigError(name, `and ${name}_FILE are both given; keep one.`)
  }
  const content = readText(path)
  if (content === undefined) {
    throw new ConfigError(`${name}_FILE`, 'names a file that cannot be read.')
  }
  return content.trim()
}

/** Ports with commas between them. */
function ports(env: Variables, name: string): readonly number[] {
  const given = text(env, name, '').split(',')
  const entries = given.map((entry) => entry.trim()).filter((entry) => entry !== '')
  for (const entry of entries) {
    const isPort = /^\d{1,5}$/.test(entry) && Number(entry) > 0 && Number(entry) < 65_536
    if (!isPort) throw new ConfigError(name, 'must list ports such as 9443, with commas between.')
  }
  return entries.map(Number)
}

/** What is in the file that a variable names, or nothing. */
function fileText(env: Variables, name: string, cwd: string): string {
  const file = absolutePath(env, name, cwd)
  if (file === '') return ''
  const found = readText(file)
  if (found === undefined) throw new ConfigError(name, 'names a file that cannot be read.')
  return found
}

/** Addresses and networks with commas between them. */
function networks(env: Variables, name: string): readonly string[] {
  const given = text(env, name, '').split(',')
  const entries = given.map((entry) => entry.trim()).filter((entry) => entry !== '')
  for (const entry of entries) {
    const [address = '', length = '0', ...rest] = entry.split('/')
    const bits = isIP(address) === 6 ? 128 : 32
    const isNetwork = isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits
    if (!isNetwork || rest.length > 0) {
      throw new ConfigError(name, 'must list networks such as 10.0.0.0/8, with commas between.')
    }
  }
  return entries
}

/** How messages leave; a server needs an address that they come from. */
function mail(env: Variables): Pick<Config, 'smtpUrl' | 'mailFrom' | 'testMailAllow'> {
  const smtpUrl = secret(env, 'TALLYSTICK_SMTP_URL')
  const url = URL.canParse(smtpUrl) ? new URL(smtpUrl) : undefined
  const isServer = url !== undefined && ['smtp:', 'smtps:'].includes(url.protocol)
  if (smtpUrl !== '' && (!isServer || url.hostname === '')) {
    throw new ConfigError('TALLYSTICK_SMTP_URL', 'must look like smtps://user:secret@host:465.')
  }
  const mailFrom = text(env, 'TALLYSTICK_MAIL_FROM', '')
  const isAddress = /^([^<>\r\n]*<)?[^\s@<>,]+@[^\s@<>,]+>?$/.test(mailFrom)
  if ((mailFrom !== '' && !isAddress) || (smtpUrl !== '' && mailFrom === '')) {
    throw new ConfigError('TALLYSTICK_MAIL_FROM', 'must be an address such as books@firm.example.')
  }
  const patterns = text(env, 'TALLYSTICK_TEST_MAIL_ALLOW', '').split(',')
  const testMailAllow = patterns.map((part) => part.trim()).filter((part) => part !== '')
  return { smtpUrl, mailFrom, testMailAllow }
}

/** An absolute path, or nothing. */
function absolutePath(env: Variables, name: string, cwd: string): string {
  const given = text(env, name, '')
  return given === '' ? '' : resolve(cwd, given)
}

/** Only a server that means it listens to other machines. */
function listener(env: Variables, isProduction: boolean): string {
  const host = text(env, 'HOST', '127.0.0.1')
  const isAllowed = isProduction || flag(env, 'TALLYSTICK_ALLOW_REMOTE') === true
  if (!isLoopback(host) && !isAllowed) {
    throw new ConfigError(
      'HOST',
      'other than loopback needs TALLYSTICK_ENV=production or TALLYSTICK_ALLOW_REMOTE=1.',
    )
  }
  return host
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

function publicOrigin(env: Variables, port: number, isProduction: boolean): string {
  const given = text(env, 'TALLYSTICK_ORIGIN', `http://127.0.0.1:${port}`)
  const url = URL.canParse(given) ? new URL(given) : undefined
  const isPlain = url !== undefined && url.pathname === '/' && url.search === '' && url.hash === ''
  if (!isPlain || !['http:', 'https:'].includes(url.protocol) || url.username !== '') {
    throw new ConfigError('TALLYSTICK_ORIGIN', 'must be an origin such as https://books.example.')
  }
  if (isProduction && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new ConfigError('TALLYSTICK_ORIGIN', 'must be https in production.')
  }
  return url.origin
}

function databaseAddress(env: Variables, name: string): string {
  const given = secret(env, name)
  const isPostgres = /^postgres(ql)?:\/\//.test(given)
  if (given !== '' && !isPostgres) {
    throw new ConfigError(name, 'must start with postgres:// or postgresql://.')
  }
  return given
}

function masterKey(env: Variables, isRequired: boolean): Uint8Array | undefined {
  const given = secret(env, 'TALLYSTICK_MASTER_KEY')
  if (given === '') {
    if (isRequired) {
      throw new ConfigError(
        'TALLYSTICK_MASTER_KEY',
        'or TALLYSTICK_MASTER_KEY_FILE is required in production with DATABASE_URL.',
      )
    }
    return undefined
  }
  const key = Buffer.from(given, 'base64')
  if (key.length !== masterKeyBytes || key.every((byte) => byte === key[0])) {
    throw new ConfigError('TALLYSTICK_MASTER_KEY', 'must be 32 random bytes in base64.')
  }
  return new Uint8Array(key)
}

/** `+400d`, `-3h`, `+0`; seconds, minutes, hours or days. */
function clockOffset(env: Variables, isProduction: boolean): number {
  const given = text(env, 'TALLYSTICK_CLOCK_OFFSET', '+0')
  const [, sign, digits, unit = 's'] = /^([+-]?)(\d{1,6})([smhd]?)$/.exec(given) ?? []
  if (digits === undefined) {
    throw new ConfigError('TALLYSTICK_CLOCK_OFFSET', 'must look like +400d, -3h or +0.')
  }
  const offsetMs = Number(digits) * (unitMs[unit] ?? 1_000)
  if (isProduction && offsetMs !== 0) {
    throw new ConfigError('TALLYSTICK_CLOCK_OFFSET', 'is refused in production.')
  }
  return sign === '-' ? -offsetMs : offsetMs
}

/** The sources lie one folder below it, their build two. */
function findPackageRoot(from: string): string {
  const above = dirname(from)
  return basename(above) === 'dist' ? dirname(above) : above
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readText(join(packageRoot, 'package.json')) ?? '{}')
  return String(Reflect.get(Object(manifest), 'version') ?? '0.0.0')
}
