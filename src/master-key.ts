import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './db/launcher-lock.ts'
import { StartError } from './db/start-error.ts'

const keyBytes = 32

/**
 * The master key of a data folder, 32 bytes, made at the first start and readable by its owner
 * alone. It is never replaced: a damaged file stops the start, because another key would make
 * every stored secret unreadable. Throws StartError.
 * Source: platform specification 16, "Master key".
 */
export function keepMasterKey(dataDir: string): Uint8Array {
  const path = join(dataDir, 'master.key')
  const text = readKey(path) ?? makeKey(dataDir, path)
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== keyBytes) {
    throw new StartError(`${path} does not hold a master key; restore the file from your copy.`)
  }
  return new Uint8Array(key)
}

function readKey(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined
    }
    throw error
  }
}

/** Two processes may make it at once; the first link wins and both read the same key. */
function makeKey(dataDir: string, path: string): string {
  mkdirSync(dataDir, { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(keyBytes).toString('base64')}\n`, {
    mode: 0o600,
    flush: true,
  })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw error
    }
  } finally {
    unlinkSync(draft)
  }
  return readFileSync(path, 'utf8')
}

/** Hashes keys under the pepper in force. Source: platform specification 3.2 and 16. */
export type KeyHasher = Readonly<{ hashKey: (text: string) => Buffer; pepperVersion: number }>

const pepperVersion = 1

/** The hasher of API keys, derived from the master key. */
export function keyHasherOf(masterKey: Uint8Array): KeyHasher {
  const pepper = deriveKey(masterKey, 'api-key-pepper/v1')
  const hashKey = (text: string): Buffer => createHmac('sha256', pepper).update(text).digest()
  return { hashKey, pepperVersion }
}

/** 32 bytes for one purpose; keys of different labels say nothing about each other (HKDF-SHA-256). */
export const deriveKey = (masterKey: Uint8Array, label: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', masterKey, '', label, keyBytes))

/** The secret of the key that signs anchors. */
export const anchorSecretOf = (masterKey: Uint8Array): Uint8Array =>
  deriveKey(masterKey, 'anchor-signature/v1')

/** The key that seals backups: a backup of another master key is not restored. */
export const backupKeyOf = (masterKey: Uint8Array): Uint8Array =>
  deriveKey(masterKey, 'backup-seal/v1')

/** The master key of a data folder; none is made. Throws StartError when there is none. */
export function readMasterKey(dataDir: string): Uint8Array {
  if (readKey(join(dataDir, 'master.key')) === undefined) {
    throw new StartError(
      `There is no master.key in ${dataDir}; put the one of the installation there, or set TALLYSTICK_MASTER_KEY.`,
    )
  }
  return keepMasterKey(dataDir)
}
