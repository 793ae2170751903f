import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './postgres.ts'
import {
  isRunning,
  readyOrigin,
  runTallystick,
  type Started,
  startTallystick,
  untilGone,
} from './process.ts'

const demoMembers = ['origin', 'organizationId', 'businessId', 'testBusinessId', 'connectCompanyId']

test('the first start serves, seeds the demo and stops PostgreSQL at Ctrl-C; so does the second', async () => {
  const dataDir = temporaryFolder()

  const first = await served(dataDir)
  const demo = readDemo(dataDir)
  const health = await fetch(`${first.origin}/healthz`)
  const firstEnd = await interrupted(first)
  const second = await served(dataDir)
  const again = readDemo(dataDir)
  const ready = await fetch(`${second.origin}/readyz`)
  const secondEnd = await interrupted(second)

  expect(Object.keys(demo)).toEqual([...demoMembers, 'keys'])
  expect(Object.keys(demo['keys'] ?? {})).toEqual([
    'invoicing',
    'booksLive',
    'booksTest',
    'connect',
  ])
  expect(again['keys']).toEqual(demo['keys'])
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  expect(ready.status).toBe(200)
  expect([firstEnd, secondEnd]).toEqual([
    { code: 0, isDatabaseRunning: false },
    { code: 0, isDatabaseRunning: false },
  ])
  expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600)
})

test('after kill -9 of the server PostgreSQL ends by itself, and the next start serves again', async () => {
  const dataDir = temporaryFolder()
  const first = await served(dataDir)
  const pid = databasePid(dataDir)
  first.child.kill('SIGKILL')
  await first.ended
  await untilGone(pid)

  const second = await served(dataDir)
  const health = await fetch(`${second.origin}/healthz`)

  expect(health.status).toBe(200)
  expect(await interrupted(second)).toEqual({ code: 0, isDatabaseRunning: false })
})

test('a command joins the database of a running server', async () => {
  const dataDir = temporaryFolder()
  const server = await served(dataDir)

  const list = await runTallystick(['org', 'list', '--json'], { TALLYSTICK_DATA_DIR: dataDir })

  expect(JSON.parse(list.stdout)).toMatchObject({
    ok: true,
    data: { organizations: [{ name: 'Marula Workshop Ltd' }] },
  })
  expect(await interrupted(server)).toEqual({ code: 0, isDatabaseRunning: false })
})

test('a second server on the same data folder ends with 3 naming the first', async () => {
  const dataDir = temporaryFolder()
  const server = await served(dataDir)

  const second = await runTallystick(['start'], surroundings(dataDir))

  expect([second.code, second.stderr]).toEqual([
    3,
    expect.stringContaining(`(process ${server.child.pid})`),
  ])
  await interrupted(server)
})

test('a port in use ends with 3 and leaves no PostgreSQL behind', async () => {
  const dataDir = temporaryFolder()
  const holder = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    holder.close()
  })
  await new Promise((resolve) => {
    holder.once('listening', resolve)
  })
  const port = String(Object(holder.address()).port)

  const ended = await runTallystick(['start'], { ...surroundings(dataDir), PORT: port })

  expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining(`Port ${port}`)])
  expect(isDatabaseRunning(dataDir)).toBe(false)
})

test('a wrong variable ends with 2 before anything is touched', async () => {
  const ended = await runTallystick(['start'], { ...surroundings(temporaryFolder()), PORT: 'x' })

  expect([ended.code, ended.stderr]).toEqual([2, 'PORT must be a whole number from 0 to 65535.\n'])
})

const surroundings = (dataDir: string) => ({ TALLYSTICK_DATA_DIR: dataDir, PORT: '0' })

type Server = Started & Readonly<{ origin: string; dataDir: string }>

async function served(dataDir: string): Promise<Server> {
  const started = startTallystick(['start', '--json'], surroundings(dataDir))
  onTestFinished(() => {
    started.child.kill('SIGTERM')
  })
  return { ...started, dataDir, origin: await readyOrigin(started) }
}

/** Ctrl-C under npm: the terminal and npm both send the signal. */
async function interrupted({ child, ended, dataDir }: Server) {
  child.kill('SIGINT')
  child.kill('SIGINT')
  const { code } = await ended
  return { code, isDatabaseRunning: isDatabaseRunning(dataDir) }
}

const isDatabaseRunning = (dataDir: string): boolean =>
  existsSync(join(dataDir, 'pg', 'postmaster.pid')) && isRunning(databasePid(dataDir))

const databasePid = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0])

const readDemo = (dataDir: string): Record<string, Record<string, string>> =>
  JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))
