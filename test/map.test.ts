import { createRequire } from 'node:module'
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser'
import { expect, test } from 'vitest'

const config: IFlattenedRuleSet = createRequire(import.meta.url)('../.dependency-cruiser.cjs')

const climbers = ['plans', 'access', 'ledger', 'tax', 'parties', 'sales', 'purchases']
  .concat(['banking', 'assets', 'payroll', 'reports', 'sync'])
  .map((name) => `below-${name}: src/modules/${name}/climber.ts`)

const offences = [
  ...climbers,
  'actions-are-plain: src/modules/banking/match.actions.ts',
  'connectors-are-strangers: src/connectors/sandbox/mapping.ts',
  'connectors-open-no-sockets: src/connectors/sandbox/client.ts',
  'db-knows-no-noun: src/db/lane.ts',
  'documents-only-render: src/documents/receipt.ts',
  'edges-are-strangers: src/cli/worker.ts',
  'home-of-fastify: src/api/console/server.ts',
  'home-of-graphile-worker: src/api/console/jobs.ts',
  'home-of-pg: src/jobs/listen.ts',
  'home-of-typebox: src/documents/schema.ts',
  'home-of-typst: src/api/console/preview.ts',
  'home-of-undici: src/jobs/mail.ts',
  'http-is-neutral: src/api/http/call.ts',
  'kernel-is-the-floor: src/kernel/currency.ts',
  'modules-know-no-edge: src/modules/banking/loan.actions.ts',
  'no-cycles: src/modules/ledger/account.ts',
  'no-dev-deps: src/db/migrate.ts',
  'no-orphans: src/kernel/lost.ts',
  'no-undeclared-deps: src/db/embedded.ts',
  'only-main-starts-app: src/connectors/registry.ts',
  'queries-only-read: src/modules/access/person.queries.ts',
  'rules-are-pure: src/modules/tax/tax-rate.ts',
  'simulators-stand-alone: src/connectors/sandbox/simulator/server.ts',
  'sql-is-not-for-edges: src/jobs/tasks.ts',
  'sql-is-private: src/modules/sales/invoice.actions.ts',
  'sql-stays-home: src/modules/sales/invoice.db.ts',
  'surfaces-are-strangers: src/api/books/bills.ts',
  'surfaces-are-thin: src/api/invoicing/invoices.ts',
  'tests-stay-tests: src/db/pool.ts',
  'workspaces-stand-apart: sdk/client.ts',
]

/** Packages that the toy tree names for their home, whether they are installed or not. */
const planned = ['graphile-worker', 'undici', '@myriaddreamin/typst-ts-node-compiler']

test('each import rule finds its one offence in the toy tree, and nothing else', async () => {
  const found = await cruiseToyTree()

  expect(found).toEqual(offences.toSorted())
})

test('each import rule has an offence in the toy tree and a sentence to read', () => {
  const rules = config.forbidden ?? []
  const names = rules.map((rule) => rule.name ?? '')

  expect(names.toSorted()).toEqual(offences.map((offence) => offence.split(':')[0]).toSorted())
  expect(rules.filter((rule) => !rule.comment)).toEqual([])
})

async function cruiseToyTree(): Promise<readonly string[]> {
  const { options = {}, forbidden = [] } = config as typeof config & { options?: object }
  const baseDir = `${import.meta.dirname}/map`
  const settings = { ...options, baseDir, validate: true, ruleSet: { forbidden } }
  const { output } = await cruise(['src', 'test', 'sdk'], settings)
  return parseResult(output)
    .summary.violations.filter(({ rule, to }) => {
      return rule.name !== 'no-undeclared-deps' || !planned.includes(to)
    })
    .map(({ rule, from }) => `${rule.name}: ${from}`)
    .toSorted()
}

function parseResult(output: ICruiseResult | string): ICruiseResult {
  expect(output).toBeTypeOf('object')
  return output as ICruiseResult
}
