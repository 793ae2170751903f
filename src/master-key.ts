import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
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

/** 32 random bytes in base64, or undefined. */
export function parseMasterKey(text: string): Uint8Array | undefined {
  const key = Buffer.from(text.trim(), 'base64')
  const isRandom = key.length === keyBytes && !key.every((byte) => byte === key[0])
  return isRandom ? new Uint8Array(key) : undefined
}

/**
 * Puts another master key into a data folder, in one step, and keeps the one before beside it.
 * Answers the name of that file, or undefined when the key was there already.
 */
export function replaceMasterKey(dataDir: string, key: Uint8Array): string | undefined {
  const path = join(dataDir, 'master.key')
  const text = `${Buffer.from(key).toString('base64')}\n`
  const before = readFileSync(path, 'utf8')
  if (before.trim() === text.trim()) return undefined
  const digest = createHash('sha256').update(before.trim()).digest('hex').slice(0, 8)
  const name = `master-${digest}.key`
  const [kept, draft] = [join(dataDir, name), `${path}.${process.pid}`]
  writeFileSync(kept, before, { mode: 0o600, flush: true })
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  renameSync(draft, path)
  return name
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

/** Makes and reads the tokens of hosted pages. Source: platform specification 16 and 17. */
export type LinkTokens = Readonly<{
  /** 43 characters of base64url: 32 bytes that nobody else can make or take apart. */
  toToken: (documentId: string, generation: number) => string
  /** The document that a token speaks of, if it is one; whether it is genuine is not known yet. */
  documentOf: (token: string) => string | undefined
  isToken: (token: string, documentId: string, generation: number) => boolean
}>

const halfBytes = 16

/**
 * Tokens of hosted pages, in the way of SIV: 16 bytes are the MAC of document and generation, the
 * other 16 are the id, masked by what follows from the MAC.
 */
export function linkTokensOf(masterKey: Uint8Array): LinkTokens {
  const key = deriveKey(masterKey, 'link-token/v1')
  const half = (purpose: string, text: string | Buffer): Buffer =>
    createHmac('sha256', key).update(purpose).update(text).digest().subarray(0, halfBytes)
  const masked = (bytes: Buffer, mac: Buffer): Buffer => {
    const mask = half('mask', mac)
    return Buffer.from(bytes.map((byte, i) => byte ^ (mask[i] ?? 0)))
  }
  const toBytes = (documentId: string, generation: number): Buffer => {
    const mac = half('link', `${documentId}|${generation}`)
    return Buffer.concat([mac, masked(Buffer.from(documentId.replaceAll('-', ''), 'hex'), mac)])
  }
  return {
    toToken: (documentId, generation) => toBytes(documentId, generation).toString('base64url'),
    documentOf: (token) => {
      const bytes = Buffer.from(token, 'base64url')
      if (bytes.length !== 2 * halfBytes || bytes.toString('base64url') !== token) return undefined
      const id = masked(bytes.subarray(halfBytes), bytes.subarray(0, halfBytes)).toString('hex')
      return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    },
    isToken: (token, documentId, generation) => {
      const given = Buffer.from(token, 'base64url')
      const own = toBytes(documentId, generation)
      return given.length === own.length && timingSafeEqual(given, own)
    },
  }
}

/** The secret of the key that signs anchors. */
export const anchorSecretOf = (masterKey: Uint8Array): Uint8Array =>
  deriveKey(masterKey, 'anchor-signature/v1')

/** The secret that signs posts of anchors, as receivers are given it. */
export const anchorPostSecretOf = (masterKey: Uint8Array): string =>
  `whsec_${Buffer.from(deriveKey(masterKey, 'anchor-post/v1')).toString('base64')}`

/** The key that seals backups: a backup of another master key is not restored. */
export const backupKeyOf = (masterKey: Uint8Array): Uint8Array =>
  deriveKey(masterKey, 'backup-seal/v1')

/** The master key that is given, else that of the data folder. Throws StartError when there is none. */
export const masterKeyOf = ({
  masterKey,
  dataDir,
}: Readonly<{ masterKey: Uint8Array | undefined; dataDir: string }>): Uint8Array =>
  masterKey ?? readMasterKey(dataDir)

/** The master key of a data folder; none is made. Throws StartError when there is none. */
export function readMasterKey(dataDir: string): Uint8Array {
  if (readKey(join(dataDir, 'master.key')) === undefined) {
    throw new StartError(
      `There is no master.key in ${dataDir}; put the one of the installation there, or set TALLYSTICK_MASTER_KEY.`,
    )
  }
  return keepMasterKey(dataDir)
}
