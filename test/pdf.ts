import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

type Tool = 'pdftotext' | 'pdfinfo' | 'pdffonts'
type Skip = (reason: string) => void

const isThere = (tool: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool)))

/** What a tool of poppler, which is nobody of ours, says of a PDF; without it the test is skipped. */
export function ask(skip: Skip, tool: Tool, pdf: Uint8Array): string {
  return within(skip, pdf, (run) => run(tool, tool === 'pdftotext' ? ['a.pdf', '-'] : ['a.pdf']))
}

/** What a reader of codes finds on the first page; without poppler and zbar the test is skipped. */
export function codesOf(skip: Skip, pdf: Uint8Array): readonly string[] {
  if (!isThere('zbarimg')) skip('zbar-tools is not installed')
  return within(skip, pdf, (run) => {
    run('pdftoppm', ['-r', '150', '-png', '-singlefile', 'a.pdf', 'a'])
    const found = run('zbarimg', ['--quiet', '--nodbus', '--xml', 'a.png'])
    return [...found.matchAll(/<!\[CDATA\[([\s\S]*?)\]\]>/g)].map(([, code = '']) => code).sort()
  })
}

type Run = (tool: string, args: readonly string[]) => string

function within<T>(skip: Skip, pdf: Uint8Array, work: (run: Run) => T): T {
  if (!isThere('pdftotext')) skip('poppler-utils is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'pdf-'))
  try {
    writeFileSync(join(folder, 'a.pdf'), pdf)
    return work((tool, args) =>
      execFileSync(tool, args, {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
