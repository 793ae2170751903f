// Makes the working folder ready to run: installs packages when they are missing or older than the
// lock file, and builds when the sources changed. Uses nothing but Node; silent when all is ready.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldestNode = [20, 19]
// npm writes the lock file and its own copy in one go, seconds apart at most.
const sameInstallMs = 10_000
const renamesMax = 10

/** Ends the process with one sentence when a step fails. */
export function prepare() {
  requireNode()
  // An installed package brings its build and has no sources.
  if (existsSync(join(root, 'src', 'main.ts'))) {
    installIfNeeded()
    buildIfNeeded()
  }
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [wantedMajor, wantedMinor] = oldestNode
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    fail(
      `Tallystick needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`,
    )
  }
}

function installIfNeeded() {
  const lock = join(root, 'package-lock.json')
  const stamp = join(root, 'node_modules', '.tallystick-install')
  const wanted = existsSync(lock) ? hashOf([lock]) : hashOf([join(root, 'package.json')])
  if (textOf(stamp) === wanted || isInstalledSince(lock)) {
    return
  }
  say('Installing packages (once) …')
  const words = existsSync(lock) ? ['ci'] : ['install']
  runNpm([...words, '--no-audit', '--no-fund', '--include=dev', '--loglevel=error'])
  writeFileSync(stamp, wanted)
}

/** Somebody ran npm by hand: its own record in node_modules is as new as the lock file. */
function isInstalledSince(lock) {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(lock) || !existsSync(record)) {
    return false
  }
  return statSync(record).mtimeMs + sameInstallMs >= statSync(lock).mtimeMs
}

function runNpm(words) {
  const npm = process.env['npm_execpath']
  const viaNode = npm?.endsWith('.js') === true
  const [file, args] = viaNode ? [process.execPath, [npm, ...words]] : ['npm', words]
  // Standard output belongs to the command that follows; npm speaks on standard error.
  const stdio = ['ignore', 2, 2]
  const { status, error } = spawnSync(file, args, { cwd: root, stdio, shell: isWindows() })
  if (status !== 0) {
    fail(`Installing packages failed${error ? `: ${error.message}` : ''}.`)
  }
}

const isWindows = () => process.platform === 'win32'

function buildIfNeeded() {
  const stamp = join(root, 'dist', '.built')
  const wanted = hashOf(sources())
  if (textOf(stamp) === wanted) {
    return
  }
  say('Building …')
  const draft = join(root, `dist.${process.pid}.tmp`)
  const tsc = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js')
  // Types are checked by `npm run check`; here the sources only have to become JavaScript.
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', draft]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true })
    fail('Building failed.')
  }
  mkdirSync(draft, { recursive: true })
  writeFileSync(join(draft, '.built'), wanted)
  putInPlace(draft, join(root, 'dist'))
}

/** Two runs may build at once; the later one replaces what the earlier one has just put there. */
function putInPlace(draft, place) {
  for (let attempt = 1; ; attempt += 1) {
    rmSync(place, { recursive: true, force: true })
    try {
      renameSync(draft, place)
      return
    } catch (error) {
      const isTaken = error.code === 'ENOTEMPTY' || error.code === 'EEXIST'
      if (!isTaken || attempt === renamesMax) throw error
    }
  }
}

function sources() {
  const files = ['package.json', 'tsconfig.json', 'tsconfig.build.json']
  for (const folder of ['src', 'bench'].filter((name) => existsSync(join(root, name)))) {
    const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    files.push(...found.filter(isSource).map((name) => join(folder, name)))
  }
  return files.sort().map((name) => join(root, name))
}

const isSource = (name) => name.endsWith('.ts') && !name.endsWith('.test.ts')

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)

const say = (sentence) => process.stderr.write(`${sentence}\n`)

function fail(sentence) {
  say(sentence)
  process.exit(3)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  prepare()
}
