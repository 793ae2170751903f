import { gunzipSync } from 'node:zlib'
import { buildOpenApi } from './openapi.ts'
import type { Doc } from './page.ts'
import type { Surface } from './surface.ts'

type Parts = Readonly<{
  surfaces: readonly Surface[]
  version: string
  readScript: () => Buffer
  origin: string
  takesGzip: boolean
}>

const scriptPath = '/docs/reference/scalar.js'
const startPath = '/docs/reference/start.js'

/**
 * The reference of a surface, drawn in the browser from its OpenAPI document, and the files it
 * needs: `/docs/invoicing`, `/docs/openapi/invoicing.json`. Everything comes from here: the policy
 * of the page lets nothing else load. Source: platform specification 31.
 */
export function findReference(path: string, parts: Parts): Doc | undefined {
  if (path === scriptPath) return toScript(parts)
  if (path === startPath) return { type: scriptType, content: startScript }
  const surface = parts.surfaces.find(({ name }) => path === `/docs/${name}`)
  if (surface !== undefined) return toPage(surface)
  const described = parts.surfaces.find(({ name }) => path === `/docs/openapi/${name}.json`)
  if (described === undefined) return undefined
  const content = JSON.stringify(buildOpenApi(described, parts))
  const headers = { 'Access-Control-Allow-Origin': '*' }
  return { type: 'application/json; charset=utf-8', content, headers }
}

const scriptType = 'text/javascript; charset=utf-8'

function toScript({ readScript, takesGzip }: Parts): Doc {
  const packed = readScript()
  const headers = { 'Cache-Control': 'public, max-age=86400', Vary: 'Accept-Encoding' }
  return takesGzip
    ? { type: scriptType, content: packed, headers: { ...headers, 'Content-Encoding': 'gzip' } }
    : { type: scriptType, content: gunzipSync(packed), headers }
}

/** Styles are written into the page by the script; it runs no text as code. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const toPage = ({ name, title }: Surface): Doc => ({
  type: 'text/html; charset=utf-8',
  headers: { 'Content-Security-Policy': policy },
  content: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
</head>
<body data-surface="${name}">
<noscript><p>The reference is drawn by a script. Without one, read the <a href="/docs/openapi/${name}.json">OpenAPI document</a> and the pages of <a href="/docs/errors">errors</a> and <a href="/docs/limits">limits</a>.</p></noscript>
<div id="reference"></div>
<script src="${scriptPath}"></script>
<script src="${startPath}"></script>
</body>
</html>
`,
})

/** Nothing is sent to anybody: no fonts, no telemetry, no proxy, no assistant. */
const startScript = `const { surface } = document.body.dataset
Scalar.createApiReference('#reference', {
  url: '/docs/openapi/' + surface + '.json',
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: '',
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  documentDownloadType: 'direct',
  hideTestRequestButton: true,
})
`
