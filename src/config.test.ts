import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig, packageRoot, version } from './config.ts'

const cwd = mkdtempSync(join(tmpdir(), 'tallystick-config-'))
const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')

test('without any variable the server listens on loopback with a demo and its own database', () => {
  expect(loadConfig({}, { cwd })).toEqual({
    environment: 'development',
    host: '127.0.0.1',
    port: 4400,
    origin: 'http://127.0.0.1:4400',
    dataDir: join(cwd, '.tallystick'),
    databaseUrl: '',
    migrateUrl: '',
    connectionsMax: 12,
    masterKey: undefined,
    clockOffsetMs: 0,
    hasDemo: true,
    logLevel: 'info',
    isLogPretty: undefined,
    laneQueueMax: 1000,
    laneBatchMax: 500,
    drainSeconds: 0,
    addressLimit: 1_000,
    connectFlood: 1_000,
    trustedProxies: [],
    egressAllow: [],
    egressPorts: [],
    webhookAuthorities: '',
    ...{ smtpUrl: '', mailFrom: '', testMailAllow: [] },
    plansFile: '',
    allowsUnsafeDatabase: false,
    role: 'all',
    metricsPort: undefined,
    metricsHost: '127.0.0.1',
    anchorFile: join(cwd, '.tallystick', 'anchors.jsonl'),
    ...{ anchorWebhook: '', archiveDir: '', faults: [] },
    ...{ webhookConcurrency: 64, jobConcurrency: 8 },
    requestLogDays: 30,
    eventDays: 90,
    idempotencyDays: 30,
    requestLogBodies: 'errors',
    tracesEndpoint: '',
    hasNpmParent: false,
  })
})

test('in production there is no demo and draining takes five seconds', () => {
  const config = loadConfig({ TALLYSTICK_ENV: 'production' }, { cwd })

  expect([config.hasDemo, config.drainSeconds]).toEqual([false, 5])
})

test('a process of a test fails where it is told to', () => {
  const given = {
    TALLYSTICK_ENV: 'test',
    TALLYSTICK_FAULTS: 'task.done:fail, mail.answered:kill:3',
  }

  expect(loadConfig(given, { cwd }).faults).toEqual([
    { point: 'task.done', action: 'fail', at: 1 },
    { point: 'mail.answered', action: 'kill', at: 3 },
  ])
})

test('the result cannot be changed', () => {
  expect(Object.isFrozen(loadConfig({}, { cwd }))).toBe(true)
})

test.each([
  ['+400d', 400 * 86_400_000],
  ['-3h', -3 * 3_600_000],
  ['90m', 90 * 60_000],
  ['+0', 0],
])('the clock offset %s is %d milliseconds', (given, expected) => {
  expect(loadConfig({ TALLYSTICK_CLOCK_OFFSET: given }, { cwd }).clockOffsetMs).toBe(expected)
})

test.each([
  ['PORT', { PORT: '70000' }],
  ['PORT', { PORT: '44OO' }],
  ['PORT', { PORT: '1e3' }],
  ['HOST', { HOST: '0.0.0.0' }],
  ['TALLYSTICK_ANCHOR_WEBHOOK', { TALLYSTICK_ANCHOR_WEBHOOK: 'ftp://witness.example' }],
  ['TALLYSTICK_IDEMPOTENCY_DAYS', { TALLYSTICK_IDEMPOTENCY_DAYS: '91' }],
  ['TALLYSTICK_JOB_CONCURRENCY', { TALLYSTICK_JOB_CONCURRENCY: '0' }],
  ['TALLYSTICK_FAULTS', { TALLYSTICK_FAULTS: 'webhook.answered:kill' }],
  ['TALLYSTICK_FAULTS', { TALLYSTICK_ENV: 'test', TALLYSTICK_FAULTS: 'webhook.answered:kill:0' }],
  ['TALLYSTICK_FAULTS', { TALLYSTICK_ENV: 'test', TALLYSTICK_FAULTS: 'nowhere:kill' }],
  ['TALLYSTICK_ENV', { TALLYSTICK_ENV: 'prod' }],
  ['TALLYSTICK_ORIGIN', { TALLYSTICK_ORIGIN: 'books.example' }],
  ['TALLYSTICK_ORIGIN', { TALLYSTICK_ORIGIN: 'https://books.example/path' }],
  ['TALLYSTICK_ORIGIN', { TALLYSTICK_ENV: 'production', TALLYSTICK_ORIGIN: 'http://a.example' }],
  ['DATABASE_URL', { DATABASE_URL: 'mysql://localhost/x' }],
  ['TALLYSTICK_MIGRATE_URL', { TALLYSTICK_MIGRATE_URL: 'postgres://localhost/x' }],
  ['TALLYSTICK_SMTP_URL', { TALLYSTICK_SMTP_URL: 'mail.example' }],
  ['TALLYSTICK_SMTP_URL', { TALLYSTICK_SMTP_URL: 'https://mail.example' }],
  ['TALLYSTICK_MAIL_FROM', { TALLYSTICK_SMTP_URL: 'smtp://mail.example' }],
  ['TALLYSTICK_MAIL_FROM', { TALLYSTICK_MAIL_FROM: 'Books' }],
  ['TALLYSTICK_DB_POOL', { TALLYSTICK_DB_POOL: '1' }],
  ['TALLYSTICK_MASTER_KEY', { TALLYSTICK_MASTER_KEY: 'c2hvcnQ=' }],
  ['TALLYSTICK_MASTER_KEY', { TALLYSTICK_MASTER_KEY: Buffer.alloc(32).toString('base64') }],
  [
    'TALLYSTICK_MASTER_KEY',
    { TALLYSTICK_ENV: 'production', DATABASE_URL: 'postgres://localhost/x' },
  ],
  ['TALLYSTICK_MASTER_KEY_FILE', { TALLYSTICK_MASTER_KEY_FILE: '/nowhere/key' }],
  ['TALLYSTICK_CLOCK_OFFSET', { TALLYSTICK_CLOCK_OFFSET: 'tomorrow' }],
  ['TALLYSTICK_CLOCK_OFFSET', { TALLYSTICK_ENV: 'production', TALLYSTICK_CLOCK_OFFSET: '+1d' }],
  ['TALLYSTICK_DEMO', { TALLYSTICK_DEMO: 'maybe' }],
  ['TALLYSTICK_LOG_LEVEL', { TALLYSTICK_LOG_LEVEL: 'loud' }],
  ['TALLYSTICK_LANE_QUEUE', { TALLYSTICK_LANE_QUEUE: '0' }],
  ['TALLYSTICK_LANE_BATCH', { TALLYSTICK_LANE_BATCH: '-5' }],
  ['TALLYSTICK_REQUEST_LOG_DAYS', { TALLYSTICK_REQUEST_LOG_DAYS: '0' }],
  ['TALLYSTICK_REQUEST_LOG_BODIES', { TALLYSTICK_REQUEST_LOG_BODIES: 'some' }],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }],
  ['TALLYSTICK_DRAIN_SECONDS', { TALLYSTICK_DRAIN_SECONDS: '301' }],
])('a wrong value is refused naming %s: %o', (variable, env) => {
  expect(() => loadConfig(env, { cwd })).toThrow(
    expect.objectContaining({ name: 'ConfigError', exitCode: 2, variable }),
  )
})

test('other machines are let in on request', () => {
  const config = loadConfig({ HOST: '0.0.0.0', TALLYSTICK_ALLOW_REMOTE: '1' }, { cwd })

  expect(config.host).toBe('0.0.0.0')
})

test('a .env file is read, the environment wins, and production ignores the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-config-'))
  writeFileSync(join(folder, '.env'), '# local\nPORT=5000\nTALLYSTICK_LOG_LEVEL="debug"\n')

  const local = loadConfig({ PORT: '5001' }, { cwd: folder })
  const production = loadConfig({ TALLYSTICK_ENV: 'production' }, { cwd: folder })

  expect([local.port, local.logLevel]).toEqual([5001, 'debug'])
  expect([production.port, production.logLevel]).toEqual([4400, 'info'])
})

test('the master key comes from the variable or from a file, never from both', () => {
  const path = join(cwd, 'master.key')
  writeFileSync(path, `${key}\n`)

  const given = loadConfig({ TALLYSTICK_MASTER_KEY: key }, { cwd })
  const fromFile = loadConfig({ TALLYSTICK_MASTER_KEY_FILE: path }, { cwd })

  expect(given.masterKey).toEqual(Uint8Array.from(Buffer.from(key, 'base64')))
  expect(fromFile.masterKey).toEqual(given.masterKey)
  const both = { TALLYSTICK_MASTER_KEY: key, TALLYSTICK_MASTER_KEY_FILE: path }
  expect(() => loadConfig(both, { cwd })).toThrow('TALLYSTICK_MASTER_KEY')
})

test('the package is found from the sources, with its version', () => {
  expect(packageRoot).toBe(join(import.meta.dirname, '..'))
  expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})
