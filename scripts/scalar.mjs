// Brings the API reference of Scalar into assets/scalar: the one file that browsers load, packed.
// The package itself is no dependency: it would bring a hundred others that nothing here runs.
//
//   node scripts/scalar.mjs          fetches the package, checks it and writes the file
//   node scripts/scalar.mjs --check  says whether the file is the one that was written

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { gunzipSync, gzipSync } from 'node:zlib'

const name = '@scalar/api-reference@1.72.1'
const integrity =
  'XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=='
const sha256 = 'bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c'
const target = 'assets/scalar/standalone.js.gz'

const digest = (algorithm, bytes, form) => createHash(algorithm).update(bytes).digest(form)

if (process.argv.includes('--check')) {
  if (digest('sha256', gunzipSync(readFileSync(target)), 'hex') !== sha256) {
    process.stdout.write(`${target} is not what was fetched; run node scripts/scalar.mjs\n`)
    process.exitCode = 1
  }
} else {
  const folder = mkdtempSync(join(tmpdir(), 'scalar-'))
  try {
    const options = { cwd: folder, encoding: 'utf8' }
    const archive = execFileSync('npm', ['pack', '--silent', name], options).trim()
    if (digest('sha512', readFileSync(join(folder, archive)), 'base64') !== integrity) {
      throw new Error(`${name} is not the package that was looked at`)
    }
    execFileSync('tar', ['xzf', archive, 'package/dist/browser/standalone.js'], options)
    const content = readFileSync(join(folder, 'package/dist/browser/standalone.js'))
    writeFileSync(target, gzipSync(content, { level: 9 }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
