import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../test/cluster.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { type Embedded, findRunning, type Log, startEmbedded } from './embedded.ts'
import { chooseAccount, commandOf, locateNative, spawnOptions } from './embedded-binaries.ts'

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

test('data survives a stop and a start, and nothing is left running in between', async () => {
  const { dataDir, begin } = aDataFolder()
  const first = await begin()
  await runSql(first, 'create table kept (a integer); insert into kept values (7)')
  const pid = postmasterPid(dataDir)
  await first.stop()
  const isGone = !isRunning(pid)

  const second = await begin()

  expect(isGone).toBe(true)
  expect(await runSql(second, 'select a from kept')).toEqual([{ a: 7 }])
})

test('nothing that protects data is switched off and no port is opened', async () => {
  const running = await aDataFolder().begin()

  const rows = await runSql(
    running,
    `select name, setting from pg_settings
     where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums',
       'listen_addresses', 'jit', 'max_connections', 'TimeZone', 'server_encoding')
     order by name limit 20`,
  )

  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    TimeZone: 'UTC',
    data_checksums: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    jit: 'off',
    listen_addresses: '',
    max_connections: '60',
    server_encoding: 'UTF8',
    synchronous_commit: 'on',
  })
})

test('the socket is in a folder that only its owner can enter', async () => {
  const running = await aDataFolder().begin()

  expect(statSync(running.socketDir).mode & 0o777).toBe(0o700)
})

test('a path too long for a socket gets a short folder elsewhere', async () => {
  const dataDir = join(temporaryFolder(), 'a'.repeat(90))

  const running = await aDataFolder(dataDir).begin()

  expect(running.socketDir.length).toBeLessThan(80)
  expect(await runSql(running, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a second start on the same folder is refused naming the process', async () => {
  const { begin } = aDataFolder()
  await begin()

  await expect(begin()).rejects.toMatchObject({
    name: 'StartError',
    exitCode: 3,
    message: expect.stringContaining(`(process ${process.pid})`),
  })
})

test('a lock whose process is gone, or is another one by now, is taken over', async () => {
  const { dataDir, begin } = aDataFolder()
  mkdirSync(dataDir, { recursive: true })
  const text = JSON.stringify({ pid: process.pid, startedAt: 'long ago' })
  writeFileSync(join(dataDir, 'launcher.lock'), text)

  const running = await begin()

  expect(await runSql(running, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('after the launcher was killed the next start stops what it left and recovers', async () => {
  const { dataDir, begin } = aDataFolder()
  const first = await begin()
  await runSql(first, 'create table kept (a integer); insert into kept values (1)')
  await first.stop()
  const left = await leaveBehind(dataDir, first.socketDir)

  const second = await begin()

  expect(await left.ended).toBe(0)
  expect(await runSql(second, 'select a from kept')).toEqual([{ a: 1 }])
})

test('a PostgreSQL that is killed is started again with all that was committed', async () => {
  const { dataDir, begin } = aDataFolder()
  let announce: () => void = () => undefined
  const back = new Promise<void>((resolve) => {
    announce = resolve
  })
  const log: Log = {
    ...quiet,
    info: (_fields, message) => {
      if (message === 'PostgreSQL is running again') {
        announce()
      }
    },
  }
  const running = await begin(log)
  await runSql(running, 'create table kept (a integer); insert into kept values (3)')

  process.kill(postmasterPid(dataDir), 'SIGKILL')
  await back

  expect(await runSql(running, 'select a from kept')).toEqual([{ a: 3 }])
})

test('an interrupted first start leaves nothing half made', async () => {
  const { dataDir, begin } = aDataFolder()
  mkdirSync(join(dataDir, 'pg.tmp', 'base'), { recursive: true })
  writeFileSync(join(dataDir, 'pg.tmp', 'PG_VERSION'), '18\n')

  const running = await begin()

  expect(existsSync(join(dataDir, 'pg.tmp'))).toBe(false)
  expect(await runSql(running, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a data folder of another major version is refused with advice', async () => {
  const { dataDir, begin } = aDataFolder()
  mkdirSync(join(dataDir, 'pg'), { recursive: true })
  writeFileSync(join(dataDir, 'pg', 'PG_VERSION'), '17\n')

  await expect(begin()).rejects.toThrow('was made by PostgreSQL 17 and this release brings 18')
})

test('another process finds the running database by its file, and not after the stop', async () => {
  const { dataDir, begin } = aDataFolder()
  const running = await begin()

  const { socketDir, port, user } = running
  expect(findRunning(dataDir)).toEqual({ socketDir, port, user })

  await running.stop()
  expect(findRunning(dataDir)).toBe(undefined)
})

test('root starts it in a private folder too', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'only root needs another way into a private folder')
  const dataDir = join(temporaryFolder(), 'private', 'data')
  mkdirSync(dirname(dataDir), { mode: 0o700 })

  const running = await aDataFolder(dataDir).begin()

  expect(await runSql(running, 'select 1 as one')).toEqual([{ one: 1 }])
})

function aDataFolder(dataDir = join(temporaryFolder(), 'data')) {
  const started: Embedded[] = []
  onTestFinished(async () => {
    for (const embedded of started) {
      await embedded.stop()
    }
    rmSync(dataDir, { recursive: true, force: true })
  })
  const begin = async (log = quiet): Promise<Embedded> => {
    const embedded = await startEmbedded({ dataDir, log })
    started.push(embedded)
    return embedded
  }
  return { dataDir, begin }
}

async function runSql(address: Embedded, text: string): Promise<Record<string, unknown>[]> {
  const client = await connect('postgres', address)
  try {
    const answer = await client.query(text)
    return answer.rows
  } finally {
    await client.end()
  }
}

const postmasterPid = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0])

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** What a killed launcher leaves: a running postmaster and a lock whose process is gone. */
async function leaveBehind(dataDir: string, socketDir: string) {
  const account = chooseAccount(locateNative(dataDir), dataDir)
  const args = ['-D', join(dataDir, 'pg'), '-k', socketDir, '-c', 'listen_addresses=']
  const [file, words] = commandOf(account, 'postgres', args)
  const child = spawn(file, words, {
    ...spawnOptions(account),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      if (String(chunk).includes('ready to accept connections')) {
        resolve()
      }
    })
  })
  writeFileSync(join(dataDir, 'launcher.lock'), JSON.stringify({ pid: 0, startedAt: '1' }))
  return { ended }
}
