import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from './postgres.ts'

const root = join(import.meta.dirname, '..')

test('sources are built once, again after a change, and removed ones disappear', () => {
  const folder = aSmallPackage()

  const first = prestart(folder)
  const warm = prestart(folder)
  writeFileSync(join(folder, 'src', 'main.ts'), 'export const answer: number = 43\n')
  rmSync(join(folder, 'src', 'other.ts'))
  const changed = prestart(folder)

  expect([first, warm, changed]).toEqual([
    { status: 0, said: 'Building …\n' },
    { status: 0, said: '' },
    { status: 0, said: 'Building …\n' },
  ])
  expect(readFileSync(join(folder, 'dist', 'src', 'main.js'), 'utf8')).toContain('answer = 43')
  expect(existsSync(join(folder, 'dist', 'src', 'other.js'))).toBe(false)
})

test('a source that cannot be read by the compiler fails the start and keeps the last build', () => {
  const folder = aSmallPackage()
  prestart(folder)
  writeFileSync(join(folder, 'src', 'main.ts'), 'export const answer = = 1\n')

  const broken = prestart(folder)

  expect(broken.status).toBe(3)
  expect(broken.said).toContain('Building failed.')
  expect(readFileSync(join(folder, 'dist', 'src', 'main.js'), 'utf8')).toContain('answer = 42')
})

test('an installed package has no sources and is left as it is', () => {
  const folder = aSmallPackage()
  rmSync(join(folder, 'src'), { recursive: true })

  expect(prestart(folder)).toEqual({ status: 0, said: '' })
  expect(existsSync(join(folder, 'dist'))).toBe(false)
})

/** A package of two files, installed, with the pre-script of this one. */
function aSmallPackage(): string {
  const folder = temporaryFolder()
  for (const name of ['scripts', 'src', 'node_modules']) {
    mkdirSync(join(folder, name))
  }
  cpSync(join(root, 'scripts', 'prestart.mjs'), join(folder, 'scripts', 'prestart.mjs'))
  symlinkSync(join(root, 'node_modules', 'typescript'), join(folder, 'node_modules', 'typescript'))
  const options = { module: 'nodenext', target: 'es2023', rootDir: '.', outDir: 'dist', types: [] }
  const files = {
    'package.json': '{"type":"module"}',
    'package-lock.json': '{}',
    'node_modules/.package-lock.json': '{}',
    'tsconfig.json': '{}',
    'tsconfig.build.json': JSON.stringify({ compilerOptions: options, include: ['src'] }),
    'src/main.ts': 'export const answer: number = 42\n',
    'src/other.ts': 'export const other = 1\n',
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
  }
  return folder
}

function prestart(folder: string) {
  const script = join(folder, 'scripts', 'prestart.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  return { status, said: stderr }
}
