/** Who may import whom. Each comment is the sentence to read when its rule fails. */

/** Lower never imports higher. */
const modules = [
  'plans',
  'access',
  'ledger',
  'tax',
  'parties',
  'sales',
  'purchases',
  'banking',
  'assets',
  'payroll',
  'reports',
  'sync',
  'webhooks',
]

const tests = ['\\.test\\.ts$', '^test/', '^bench/']
const rules = '^src/modules/[^/]+/[^/.]+\\.ts$'
const sql = '^src/modules/[^/]+/[^/]+\\.(db|queries)\\.ts$'
const writes = '^src/modules/[^/]+/[^/]+\\.db\\.ts$'
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg']

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

/** A package has one home, so that it can be replaced there. */
const home = (short, packages, homes) =>
  forbid(
    `home-of-${short}`,
    `${packages.join(', ')} is used in ${homes.join(', ')} only; ask that place for what you need`,
    { path: '^src/', pathNot: [...homes, ...tests] },
    { path: packages.map((name) => `(^|node_modules/)(@types/)?${name}(/|$)`) },
  )

const belowEach = modules
  .slice(0, -1)
  .map((name, position) =>
    forbid(
      `below-${name}`,
      `${name} knows nothing above it; let the caller pass the thing in, or move the noun`,
      { path: `^src/modules/${name}/`, pathNot: tests },
      { path: `^src/modules/(${modules.slice(position + 1).join('|')})/` },
    ),
  )

const inside = [
  forbid(
    'no-cycles',
    'two files that need each other are one file (type imports count)',
    {},
    { circular: true },
  ),
  forbid(
    'kernel-is-the-floor',
    'kernel imports kernel: no other folder, no node: module, no package',
    { path: '^src/kernel/', pathNot: tests },
    { pathNot: '^src/kernel/' },
  ),
  forbid(
    'rules-are-pure',
    'a rules file imports kernel and rules; hand it the value it needs',
    { path: rules, pathNot: tests },
    { pathNot: ['^src/kernel/', rules] },
  ),
  forbid(
    'sql-is-private',
    'a .db.ts file is imported in its own module only; use a query or an action of that module',
    { path: '^src/modules/([^/]+)/', pathNot: tests },
    { path: writes, pathNot: '^src/modules/$1/' },
  ),
  forbid(
    'sql-is-not-for-edges',
    'only modules import .db.ts; use a query or an action',
    { path: '^src/(?!modules/|app\\.ts)', pathNot: tests },
    { path: writes },
  ),
  forbid(
    'sql-stays-home',
    'SQL files know kernel, db, rules and SQL files',
    { path: sql, pathNot: tests },
    { pathNot: ['^src/kernel/', '^src/db/', rules, sql] },
  ),
  forbid(
    'queries-only-read',
    'queries import neither writes nor actions nor the gate',
    { path: '\\.queries\\.ts$' },
    { path: [writes, '\\.actions\\.ts$', '^src/db/(write|lane)\\.ts$'] },
  ),
  forbid(
    'actions-are-plain',
    'actions need no package and no node: module; ctx brings time, ids and randomness',
    { path: '\\.actions\\.ts$' },
    { dependencyTypes: ['core', ...npm] },
  ),
  forbid(
    'modules-know-no-edge',
    'modules never import api, connectors, jobs, documents, cli, app or config',
    { path: '^src/modules/', pathNot: tests },
    { path: '^src/(api|connectors|jobs|documents|cli)/|^src/(app|config|main|start)\\.ts$' },
  ),
]

const plumbing = [
  forbid(
    'db-knows-no-noun',
    'db is plumbing: it knows PostgreSQL and kernel, no noun and no edge',
    { path: '^src/db/', pathNot: tests },
    { path: '^src/(?!kernel/|db/)' },
  ),
  forbid(
    'documents-only-render',
    'documents turn a value into bytes; the caller reads the value',
    { path: '^src/documents/', pathNot: tests },
    { path: '^src/', pathNot: ['^src/kernel/', '^src/documents/', rules] },
  ),
]

const edges = [
  forbid(
    'surfaces-are-strangers',
    'a surface never imports another; what both need belongs to api/http or to a module',
    { path: '^src/api/(?!http/)([^/]+)/', pathNot: tests },
    { path: '^src/api/', pathNot: ['^src/api/http/', '^src/api/$1/'] },
  ),
  forbid(
    'surfaces-are-thin',
    'a surface parses, authorizes, calls one door and renders; writes go through call.write',
    { path: '^src/api/(?!http/)[^/]+/', pathNot: tests },
    { path: '^src/(connectors|jobs|cli)/|^src/db/(?!tx\\.ts)|^src/(app|config|main|start)\\.ts$' },
  ),
  forbid(
    'http-is-neutral',
    'api/http knows no surface and no module but plans and access',
    { path: '^src/api/http/', pathNot: tests },
    {
      path: '^src/',
      pathNot: [
        '^src/api/http/',
        '^src/kernel/',
        '^src/db/(tx|write)\\.ts$',
        '^src/modules/(plans|access)/',
      ],
    },
  ),
  forbid(
    'connectors-are-strangers',
    'a connector knows connector.ts, kernel and the canonical record, and no other connector',
    { path: '^src/connectors/([^/]+)/', pathNot: ['/simulator/', ...tests] },
    {
      path: '^src/',
      pathNot: [
        '^src/connectors/$1/',
        '^src/connectors/connector\\.ts$',
        '^src/kernel/',
        '^src/modules/sync/record\\.ts$',
      ],
    },
  ),
  forbid(
    'connectors-open-no-sockets',
    'connectors speak through ctx.http, which guards addresses, times and budgets',
    { path: '^src/connectors/', pathNot: ['/simulator/', '/bench\\.ts$', ...tests] },
    { path: '^(node:)?(net|http|https|http2|tls|dns|dgram)(/promises)?$' },
  ),
  forbid(
    'simulators-stand-alone',
    'a simulator knows kernel only; sharing code with its connector would hide a mistake twice',
    { path: '^src/connectors/([^/]+)/simulator/', pathNot: tests },
    { path: '^src/', pathNot: ['^src/kernel/', '^src/connectors/$1/simulator/'] },
  ),
  forbid(
    'edges-are-strangers',
    'jobs and cli import neither api nor each other nor a named connector',
    { path: '^src/(jobs|cli)/', pathNot: tests },
    { path: '^src/(api|jobs|cli)/|^src/connectors/[^/]+/', pathNot: '^src/$1/' },
  ),
]

const homeOfEach = [
  home('fastify', ['fastify'], ['^src/api/http/']),
  home('typebox', ['typebox'], ['^src/api/', '^src/config\\.ts$']),
  home('pg', ['pg'], ['^src/db/']),
  home('graphile-worker', ['graphile-worker'], ['^src/jobs/']),
  home('typst', ['@myriaddreamin/typst-ts-node-compiler'], ['^src/documents/']),
  home('undici', ['undici'], ['^src/jobs/outbound\\.ts$']),
]

const borders = [
  forbid(
    'only-main-starts-app',
    'app.ts is the roof: main.ts, start.ts, cli and tests know it, nothing else does',
    { path: '^(src|scripts)/', pathNot: ['^src/(main|start)\\.ts$', '^src/cli/', ...tests] },
    { path: '^src/app\\.ts$' },
  ),
  forbid(
    'workspaces-stand-apart',
    'console and sdk know the server by its OpenAPI document only, and the server knows neither',
    { path: '^(src|console|sdk)/' },
    { path: '^(src|console|sdk)/', pathNot: '^$1/' },
  ),
  forbid(
    'tests-stay-tests',
    'what the product needs does not live in a test',
    { path: '^(src|scripts)/', pathNot: tests },
    { path: ['\\.test\\.ts$', '^test/'] },
  ),
  forbid(
    'no-orphans',
    'nobody imports this file and it imports nobody; delete it',
    {
      orphan: true,
      path: '^(src|test|bench|console|sdk)/',
      pathNot: ['\\.test\\.ts$', '\\.d\\.ts$', '^src/main\\.ts$', '^src/cli/main\\.ts$'],
    },
    {},
  ),
  forbid(
    'no-dev-deps',
    'the product uses dependencies; a devDependency is missing where it is installed',
    { path: '^src/', pathNot: ['/simulator/', '/conformance\\.ts$', ...tests] },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '/@types/' },
  ),
  forbid(
    'no-undeclared-deps',
    'this package is not in package.json; declare it with an exact version',
    {},
    {
      dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
      pathNot: '^(\\.\\./)*dist/',
    },
  ),
]

module.exports = {
  forbidden: [...inside, ...belowEach, ...plumbing, ...edges, ...homeOfEach, ...borders],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/map)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.json'],
    },
  },
}
