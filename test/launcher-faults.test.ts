import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from './postgres.ts'
import './process.ts'

const nobody = 65_534
const isRoot = process.getuid?.() === 0

/** `doctor` on a data folder, by a user who is not root. */
function doctorOn(dataDir: string) {
  const env = { TALLYSTICK_DATA_DIR: dataDir }
  const program = join(import.meta.dirname, '..', 'dist', 'src', 'cli', 'main.js')
  const { status, stderr } = spawnSync(process.execPath, [program, 'doctor'], {
    ...(isRoot && { uid: nobody, gid: nobody }),
    ...{ cwd: '/', encoding: 'utf8' },
    env: { PATH: process.env['PATH'], ...env },
  })
  return { code: status, stderr }
}

test('a data folder that cannot be written ends with 3, and nothing is made in it', () => {
  const dataDir = temporaryFolder()
  chmodSync(dataDir, 0o555)

  const { code, stderr } = doctorOn(dataDir)

  expect([code, stderr]).toEqual([3, expect.stringContaining('cannot be written')])
  expect(readdirSync(dataDir)).toEqual([])
})

test('the database of another user ends with 3 and names him', ({ skip }) => {
  skip(!isRoot, 'only root can make a folder of somebody else')
  const dataDir = temporaryFolder()
  chmodSync(dataDir, 0o777)
  mkdirSync(join(dataDir, 'pg'))
  writeFileSync(join(dataDir, 'pg', 'PG_VERSION'), '18\n')
  chownSync(join(dataDir, 'pg'), 1_234, 1_234)

  const { code, stderr } = doctorOn(dataDir)

  expect([code, stderr]).toEqual([3, expect.stringContaining('belongs to user 1234')])
})
