import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './postgres.ts'
import { readyOrigin, startTallystick } from './process.ts'

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')

test('the three commands of the README show the same amount', async () => {
  const folder = temporaryFolder()
  const dataDir = join(folder, '.tallystick')
  mkdirSync(dataDir, { mode: 0o755 })
  const env = { TALLYSTICK_DATA_DIR: dataDir, PORT: '0' }
  const server = startTallystick(['start', '--json'], env)
  onTestFinished(async () => {
    server.child.kill('SIGTERM')
    await server.ended
  })
  await readyOrigin(server)
  const [, block = ''] = /```bash run\n([\s\S]*?)```/.exec(readme) ?? []

  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 50_000,
  })

  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toBe('Invoicing: 258000\nBooks:     258000\nConnect:   258000\n')
})
