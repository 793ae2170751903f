import { parseArgs } from 'node:util'
import { BenchError, require } from './bench-error.ts'
import { runCrashes } from './crash.ts'
import { runDocuments } from './documents.ts'
import { runMemory, runStarts } from './footprint.ts'
import { runLists, runSending } from './invoices.ts'
import { describeMachine, loadNow } from './machine.ts'
import { compare, type Outcome, type Result, toMarkdown, writeOutcome } from './output.ts'
import { openDenominators } from './pgbench.ts'
import { runHot, runPosting } from './posting.ts'
import { runReports } from './reports.ts'
import { findPort } from './server.ts'
import { makeDataDir, openStage, type Pace, removeDataDir } from './stage.ts'
import { runWebhooks } from './webhooks.ts'
import { findCommit, requireDurable } from './world.ts'

const all = ['B1', 'B2', 'B4', 'B6', 'B9', 'B12', 'B14', 'crash', 'webhooks'] as const
type Name = (typeof all)[number]

type Options = Readonly<{
  names: readonly Name[]
  pace: Pace
  isQuick: boolean
  lines: number
  cycles: number
  events: number
  compareWith: string | undefined
  keepsData: boolean
}>

const fullPace: Pace = { rounds: 5, seconds: 30, warmUpSeconds: 5 }
const quickPace: Pace = { rounds: 3, seconds: 8, warmUpSeconds: 5 }

/** `npm run bench`: runs what was asked for, prints the table and writes it down. */
export async function runSuite(words: readonly string[]): Promise<void> {
  const options = readOptions(words)
  const dataDir = makeDataDir()
  const say = (sentence: string): void => console.error(sentence)
  try {
    const outcome = await run(options, dataDir, say)
    console.log(toMarkdown(outcome))
    for (const path of writeOutcome(outcome)) say(`written to ${path}`)
    if (options.compareWith !== undefined) {
      for (const line of compare(outcome.results, options.compareWith)) console.log(line)
    }
  } finally {
    if (options.keepsData) say(`kept ${dataDir}`)
    else removeDataDir(dataDir)
  }
}

async function run(
  options: Options,
  dataDir: string,
  say: (sentence: string) => void,
): Promise<Outcome> {
  const { names, isQuick } = options
  const before = loadNow()
  const results: Result[] = []
  const { settings, machine } = await onStage(options, dataDir, say, results)
  if (names.includes('B6')) results.push(...(await runStarts(dataDir, await findPort(), say)))
  if (names.includes('B12')) results.push(...(await runDocuments(say)))
  if (names.includes('crash')) results.push(...(await runCrashes(dataDir, say, options.cycles)))
  if (names.includes('webhooks')) {
    const { events, cycles: kills } = options
    results.push(...(await runWebhooks(dataDir, say, { events, kills })))
  }
  const commit = await findCommit()
  const date = new Date().toISOString().slice(0, 10)
  const load = { before, after: loadNow() }
  const shown = { ...settings, ...toSettings(options) }
  return { commit, date, isQuick, machine, load, settings: shown, results }
}

/** The benchmarks that share one server, added to `results` as they come. */
async function onStage(
  { names, pace, lines }: Options,
  dataDir: string,
  say: (sentence: string) => void,
  results: Result[],
) {
  const stage = await openStage(dataDir, pace, say)
  try {
    const settings = await requireDurable(stage.world.owner)
    const machine = describeMachine(dataDir, settings['server_version'] ?? '')
    if (names.includes('B1') || names.includes('B2')) await openDenominators(stage.address)
    // Memory first: the process has then served nothing but these journals.
    if (names.includes('B6')) results.push(...(await runMemory(stage)))
    if (names.includes('B1')) results.push(...(await runPosting(stage)))
    if (names.includes('B2')) results.push(...(await runHot(stage)))
    if (names.includes('B4')) results.push(...(await runReports(stage, lines)))
    if (names.includes('B9')) results.push(...(await runSending(stage)))
    if (names.includes('B14')) results.push(...(await runLists(stage, lines)))
    return { settings, machine }
  } finally {
    await stage.close()
  }
}

const toSettings = ({
  pace,
  lines,
  cycles,
  events,
}: Options): Readonly<Record<string, string>> => ({
  rounds: `${pace.rounds}`,
  seconds: `${pace.seconds}`,
  lines: `${lines}`,
  cycles: `${cycles}`,
  events: `${events}`,
})

function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      compare: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      lines: { type: 'string', default: '1000000' },
      cycles: { type: 'string', default: '20' },
      events: { type: 'string', default: '10000' },
      keep: { type: 'boolean', default: false },
    },
  })
  const pace = values.quick ? quickPace : fullPace
  return {
    names: values.only === undefined ? all : values.only.split(',').map(readName),
    pace: {
      ...pace,
      rounds: readCount('--rounds', values.rounds ?? `${pace.rounds}`),
      seconds: readCount('--seconds', values.seconds ?? `${pace.seconds}`),
    },
    isQuick: values.quick,
    lines: readCount('--lines', values.lines),
    cycles: readCount('--cycles', values.cycles),
    events: readCount('--events', values.events),
    compareWith: values.compare,
    keepsData: values.keep,
  }
}

function readName(text: string): Name {
  const found = all.find((name) => name.toLowerCase() === text.trim().toLowerCase())
  if (found === undefined) throw new BenchError(`--only takes ${all.join(', ')}; not ${text}.`)
  return found
}

function readCount(name: string, text: string): number {
  require(/^[1-9]\d{0,7}$/.test(text), `${name} takes a whole number, not ${text}.`)
  return Number(text)
}
