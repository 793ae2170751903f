// Writes the generated pages of docs/ from the built sources.
//
//   node scripts/docs.mjs           writes what differs, and removes pages of codes that are gone
//   node scripts/docs.mjs --check   writes nothing; names what differs and exits with 1

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { prepare } from './prestart.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const docs = join(root, 'docs')

prepare()
const { generateDocs } = await import('../dist/src/generate-docs.js')
const pages = generateDocs()

const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
const folder = join(docs, 'errors')
const present = existsSync(folder) ? readdirSync(folder).map((name) => `errors/${name}`) : []
const gone = present.filter((path) => !pages.has(path))
const changed = [...pages].filter(([path, text]) => textOf(join(docs, path)) !== text)

if (process.argv.includes('--check')) {
  for (const path of [...gone, ...new Map(changed).keys()]) {
    process.stdout.write(`docs/${path} is stale; run node scripts/docs.mjs\n`)
  }
  process.exitCode = gone.length + changed.length > 0 ? 1 : 0
} else {
  mkdirSync(folder, { recursive: true })
  for (const path of gone) rmSync(join(docs, path))
  for (const [path, text] of changed) writeFileSync(join(docs, path), text)
}
