// What every change must pass besides the tests: types, format and lint, import map, our own rules,
// dead code. Stops at the first failure and prints what failed, and nothing else.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'

const bin = (name) => `node_modules/.bin/${name}`
const folders = ['src', 'test', 'bench', 'scripts', 'console', 'sdk'].filter((path) =>
  existsSync(path),
)

const steps = [
  ['types', bin('tsc'), '-p', 'tsconfig.json'],
  ['format and lint', bin('biome'), 'check', '--error-on-warnings', '--diagnostic-level=warn', '.'],
  ['import map', bin('depcruise'), '--config', '.dependency-cruiser.cjs', ...folders],
  ['tidy', process.execPath, 'scripts/tidy.mjs'],
  ['dead code', bin('knip'), '--no-progress', '--no-config-hints'],
]

for (const [name, command, ...args] of steps) {
  const run = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (run.status !== 0) {
    process.stdout.write(`${run.stdout ?? ''}${run.stderr ?? ''}\ncheck: ${name} failed\n`)
    process.exit(1)
  }
}
