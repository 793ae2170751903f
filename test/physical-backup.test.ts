import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, runTallystick, startTallystick } from './process.ts'

function aSite() {
  const folder = temporaryFolder()
  const [archive, dataDir] = [join(folder, 'archive'), join(folder, 'data')]
  mkdirSync(dataDir)
  const surroundings = {
    ...{ TALLYSTICK_DATA_DIR: dataDir, PORT: '0', TALLYSTICK_DEMO: '0' },
    TALLYSTICK_PG_ARCHIVE_DIR: archive,
  }
  const tallystick = async (...words: string[]) => {
    const { code, stdout, stderr } = await runTallystick([...words, '--json'], surroundings)
    return { code, stderr, body: JSON.parse(stdout) }
  }
  const found = (name: string) =>
    tallystick('org', 'create', '--name', name, '--country', 'NG', '--currency', 'NGN')
  const names = async (): Promise<string[]> => {
    const { body } = await tallystick('org', 'list')
    return body.data.organizations.map(({ name }: { name: string }) => name).toSorted()
  }
  return { folder, archive, surroundings, tallystick, found, names }
}

test('the files of a running database are copied and recovered to any moment of the archive', {
  timeout: 600_000,
}, async () => {
  const { folder, archive, surroundings, tallystick, found, names } = aSite()
  const dir = join(folder, 'copy')
  const server = startTallystick(['start', '--json'], surroundings)
  onTestFinished(() => {
    server.child.kill('SIGKILL')
  })
  await readyOrigin(server)
  await found('Ada')
  const [copied] = await Promise.all([
    tallystick('backup', '--physical', dir, '--check'),
    found('Bola'),
  ])
  const again = await tallystick('backup', '--physical', dir)
  await found('Chidi')
  const moment = new Date().toISOString()
  await found('Dayo')
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)

  expect(copied).toMatchObject({ code: 0, body: { data: { file: dir, checked: true } } })
  expect(existsSync(`${dir}.check`)).toBe(false)
  expect(again).toMatchObject({ code: 4, body: { error: { code: 'cli.backup' } } })
  expect(readdirSync(archive).length).toBeGreaterThan(0)

  const inTheWay = await tallystick('restore', '--physical', dir)
  const tooEarly = await tallystick(
    ...['restore', '--physical', dir, '--force-empty', '--until', '2020-01-01T00:00:00Z'],
  )
  const tooLate = await tallystick(
    ...['restore', '--physical', dir, '--force-empty', '--until', '2100-01-01T00:00:00Z'],
  )
  expect([inTheWay.code, tooEarly.code, tooLate.code]).toEqual([3, 2, 3])
  expect(tooLate.body.error.message).toContain('ends before that moment')
  expect(await names()).toEqual(['Ada', 'Bola', 'Chidi', 'Dayo'])

  const whole = await tallystick('restore', '--physical', dir, '--force-empty')
  expect(whole).toMatchObject({ code: 0, body: { data: { verified: true, held: false } } })
  expect(await names()).toEqual(['Ada', 'Bola', 'Chidi', 'Dayo'])
  const back = await tallystick('restore', '--physical', dir, '--force-empty', '--until', moment)
  expect(back).toMatchObject({ code: 0, body: { data: { verified: true } } })
  expect(back.body.data.lastCommitAt < moment).toBe(true)
  expect(await names()).toEqual(['Ada', 'Bola', 'Chidi'])

  const lost = await tallystick('verify')
  expect(lost.code).toBe(4)
  const kinds = lost.body.data.findings.map(({ kind }: { kind: string }) => kind)
  expect(new Set(kinds)).toEqual(new Set(['chain_truncated']))
})

test('a damaged copy and another master key are refused before anything is touched', {
  timeout: 300_000,
}, async () => {
  const { folder, surroundings, tallystick, found, names } = aSite()
  const dir = join(folder, 'copy')
  await found('Ada')
  expect((await tallystick('backup', '--physical', dir)).code).toBe(0)
  const restored = () => tallystick('restore', '--physical', dir, '--force-empty')

  const path = join(dir, 'pg', 'global', 'pg_control')
  const bytes = readFileSync(path)
  const { mode } = statSync(path)
  writeFileSync(path, Buffer.from(bytes).fill(bytes.readUInt8(9) ^ 1, 9, 10))
  const damaged = await restored()
  writeFileSync(path, bytes, { mode })
  const otherKey = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64')
  const foreign = await runTallystick(['restore', '--physical', dir, '--force-empty'], {
    ...surroundings,
    TALLYSTICK_MASTER_KEY: otherKey,
  })
  const elsewhere = await runTallystick(['restore', '--physical', dir], {
    ...surroundings,
    DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/x',
  })

  expect([damaged.code, damaged.body.error.message]).toEqual([
    4,
    expect.stringContaining('damaged at global/pg_control'),
  ])
  expect([foreign.code, foreign.stderr]).toEqual([4, expect.stringContaining('master key')])
  expect(elsewhere.code).toBe(2)
  expect(await names()).toEqual(['Ada'])
})
