import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './db/launcher-lock.ts'

/** What a newcomer needs to call the demo: ids and the keys of the three surfaces. */
export type DemoFacts = Readonly<{
  organizationId: string
  businessId: string
  testBusinessId: string
  connectCompanyId: string
  keys: Readonly<{ invoicing: string; booksLive: string; booksTest: string; connect: string }>
}>

/** The content of `demo.json` in the data folder. Source: platform specification 28, `demo`. */
export type DemoFile = Readonly<{ origin: string }> & DemoFacts

/** The demo's ids and keys, or undefined when none was made here or the file is damaged. */
export function readDemoFile(dataDir: string): DemoFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(pathOf(dataDir), 'utf8'))
    return isDemoFile(content) ? content : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) {
      return undefined
    }
    throw error
  }
}

/** Writes the file whole or not at all; only its owner may read it, because it holds keys. */
export function writeDemoFile(dataDir: string, file: DemoFile): void {
  const path = pathOf(dataDir)
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(`${path}.tmp`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
  rmSync(pendingOf(dataDir), { force: true })
}

/** Notes that a demo is being made, so that a start after a crash makes another. */
export function noteDemoBegun(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(pendingOf(dataDir), '')
}

/** Whether a demo was begun here and never finished. */
export const wasDemoInterrupted = (dataDir: string): boolean => existsSync(pendingOf(dataDir))

const pendingOf = (dataDir: string): string => `${pathOf(dataDir)}.pending`

const pathOf = (dataDir: string): string => join(dataDir, 'demo.json')

function isDemoFile(content: unknown): content is DemoFile {
  const member = (value: unknown, name: string): unknown => Reflect.get(Object(value), name)
  const texts = ['origin', 'organizationId', 'businessId', 'testBusinessId', 'connectCompanyId']
  const keys = ['invoicing', 'booksLive', 'booksTest', 'connect']
  return (
    texts.every((name) => typeof member(content, name) === 'string') &&
    keys.every((name) => typeof member(member(content, 'keys'), name) === 'string')
  )
}
