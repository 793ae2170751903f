import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = dirname(import.meta.dirname)
const skipped = new Set(['node_modules', 'dist', '.git', '.tallystick', 'test-results'])

test.each(pages())('%s links only to pages, files and headings that exist', (page) => {
  expect(brokenLinks(page)).toEqual([])
})

test('each dependency has its line in docs/dependencies.md, and each line its dependency', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text('package.json'))
  const declared = { ...dependencies, ...devDependencies, ...optionalDependencies }
  const lines = text('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)

  expect([...lines].map(([, name]) => name).toSorted()).toEqual(Object.keys(declared).toSorted())
})

test('each dependency is pinned to one version', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text('package.json'))
  const versions = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies })

  expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(`${version}`))).toEqual([])
})

test('the lock file names the packages of every platform, so that npm ci accepts it', () => {
  const run = spawnSync(process.execPath, ['scripts/lock.mjs', '--check'], { cwd: root })

  expect(`${run.stdout}${run.stderr}`).toBe('')
})

test('the fonts of documents are those of their packages', () => {
  const run = spawnSync(process.execPath, ['scripts/fonts.mjs', '--check'], { cwd: root })

  expect(`${run.stdout}${run.stderr}`).toBe('')
})

test('each decision is listed, and numbers are not used twice', () => {
  const files = readdirSync(join(root, 'docs/adr')).filter((name) => /^\d{4}-/.test(name))
  const numbers = files.map((name) => name.slice(0, 4))
  const index = text('docs/adr/README.md')

  expect(new Set(numbers).size).toBe(numbers.length)
  expect(files.filter((name) => !index.includes(`(${name})`))).toEqual([])
})

test.each(readdirSync(join(root, 'migrations')))('%s says why it is there', (name) => {
  const titles = text(`migrations/${name}/note.md`).matchAll(/^\*\*([\w ]+)\.\*\*/gm)

  expect([...titles].map(([, title]) => title)).toEqual([
    'Why',
    'Lock time and rewrite',
    'Stepping back',
  ])
})

function brokenLinks(page: string): readonly string[] {
  const prose = text(page).replaceAll(/```[\s\S]*?```/g, '')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !resolves(page, target))
}

function resolves(page: string, target: string): boolean {
  const [path = '', heading] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(root, file))) return false
  return heading === undefined || headings(file).includes(heading)
}

/** Anchors as forges make them: lower case, spaces to hyphens, other signs dropped. */
function headings(page: string): readonly string[] {
  return [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function pages(folder = root): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return pages(path)
    return entry.name.endsWith('.md') ? [relative(root, path)] : []
  })
}

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
