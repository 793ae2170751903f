import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deriveKey, keepMasterKey, keyHasherOf } from './master-key.ts'

test('the key is made once, kept, and readable by its owner alone', () => {
  const dataDir = join(aFolder(), 'data')

  const first = keepMasterKey(dataDir)
  const second = keepMasterKey(dataDir)

  expect(first).toHaveLength(32)
  expect(second).toEqual(first)
  expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600)
})

test('a damaged key stops the start and is not replaced', () => {
  const dataDir = aFolder()
  writeFileSync(join(dataDir, 'master.key'), 'c2hvcnQ=\n')

  expect(() => keepMasterKey(dataDir)).toThrow('does not hold a master key')
})

test('keys of two labels differ, and the hash of an API key depends on the master key', () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const hashes = [one, other].map((key) => keyHasherOf(key).hashKey('oim_x').toString('hex'))

  expect(deriveKey(one, 'a')).not.toEqual(deriveKey(one, 'b'))
  expect(hashes[0]).not.toBe(hashes[1])
  expect(keyHasherOf(one).hashKey('oim_x').toString('hex')).toBe(hashes[0])
})

const aFolder = (): string => mkdtempSync(join(tmpdir(), 'tallystick-key-'))
