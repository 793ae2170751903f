// Names every platform's optional packages in package-lock.json. npm leaves out those that the
// registry at hand did not offer, and `npm ci` then refuses the whole lock file.
//
//   node scripts/lock.mjs          completes the file
//   node scripts/lock.mjs --check  says what is missing; fails when there is something

import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'

const path = 'package-lock.json'
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

const lock = JSON.parse(readFileSync(path, 'utf8'))
const missing = Object.entries(lock.packages).flatMap(([parent, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !isThere(parent, name))
    .map(([name, version]) => [`node_modules/${name}`, platformEntry(name, version, entry)]),
)
if (process.argv.includes('--check')) {
  for (const [place] of missing)
    process.stdout.write(`${path}:1: ${place} is missing; run node scripts/lock.mjs\n`)
  process.exitCode = missing.length === 0 ? 0 : 1
} else if (missing.length > 0) {
  const sorted = Object.entries(lock.packages).concat(missing).toSorted(byPath)
  const text = JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)
  writeFileSync(path, `${text}\n`)
}

function isThere(parent, name) {
  return lock.packages[`${parent}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`]
}

/** What the name says: system, processor and C library. */
function platformEntry(name, version, { dev }) {
  const words = name.split(/[/-]/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  if (os.length === 0 || cpu.length === 0) {
    throw new TypeError(`${name} names no platform; add it with npm install`)
  }
  const libc = words.includes('musl') ? ['musl'] : ['glibc'].filter(() => words.includes('gnu'))
  return {
    version,
    cpu,
    ...(dev ? { dev } : {}),
    ...(os.includes('linux') && libc.length > 0 ? { libc } : {}),
    optional: true,
    os,
  }
}

function byPath([a], [b]) {
  return a < b ? -1 : 1
}
