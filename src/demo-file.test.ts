import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  type DemoFile,
  noteDemoBegun,
  readDemoFile,
  wasDemoInterrupted,
  writeDemoFile,
} from './demo-file.ts'

const file: DemoFile = {
  origin: 'http://127.0.0.1:4400',
  organizationId: 'o',
  businessId: 'b',
  testBusinessId: 't',
  connectCompanyId: 'c',
  keys: { invoicing: 'i', booksLive: 'l', booksTest: 's', connect: 'k' },
}

test('what is written is read again, and only its owner can', () => {
  const dataDir = join(aFolder(), 'data')

  writeDemoFile(dataDir, file)

  expect(readDemoFile(dataDir)).toEqual(file)
  expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600)
})

test.each([
  ['cut off', '{"origin":'],
  ['without keys', JSON.stringify({ ...file, keys: {} })],
  ['something else', '[]'],
])('a file that is %s counts as none', (_name, text) => {
  const dataDir = aFolder()
  writeFileSync(join(dataDir, 'demo.json'), text)

  expect(readDemoFile(dataDir)).toBe(undefined)
})

test('no file is no demo', () => {
  expect(readDemoFile(aFolder())).toBe(undefined)
})

test('a demo that was begun counts as interrupted until its file is written', () => {
  const dataDir = aFolder()
  expect(wasDemoInterrupted(dataDir)).toBe(false)

  noteDemoBegun(dataDir)
  expect(wasDemoInterrupted(dataDir)).toBe(true)

  writeDemoFile(dataDir, file)
  expect(wasDemoInterrupted(dataDir)).toBe(false)
})

const aFolder = (): string => mkdtempSync(join(tmpdir(), 'tallystick-demo-'))
