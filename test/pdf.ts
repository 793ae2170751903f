import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

type Tool = 'pdftotext' | 'pdfinfo' | 'pdffonts'

const isThere = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'pdftotext')))

/** What a tool of poppler, which is nobody of ours, says of a PDF; without it the test is skipped. */
export function ask(skip: (reason: string) => void, tool: Tool, pdf: Uint8Array): string {
  if (!isThere) skip('poppler-utils is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'pdf-'))
  try {
    writeFileSync(join(folder, 'a.pdf'), pdf)
    return execFileSync(tool, tool === 'pdftotext' ? ['a.pdf', '-'] : ['a.pdf'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
