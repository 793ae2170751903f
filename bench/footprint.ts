import { setTimeout as pause } from 'node:timers/promises'
import { blankResult, judge, type Result } from './output.ts'
import { fillBooks } from './posting.ts'
import { rssMbOf } from './processes.ts'
import { startServer } from './server.ts'
import type { Stage } from './stage.ts'

const journals = 100_000
const restMs = 2_000
const starts = 3

/** B6: memory of the API process after many journals. */
export async function runMemory(stage: Stage): Promise<readonly Result[]> {
  stage.say(`B6 posting ${journals} journals`)
  await fillBooks(stage, journals)
  await pause(restMs)
  const megabytes = rssMbOf(stage.server.pid)
  return [
    judge({
      ...blankResult('B6', 'memory', 'API process after 100,000 journals', 'MiB', [megabytes]),
      target: { op: '<=', value: 160 },
    }),
  ]
}

/** B6: from the start of the process to its first 200, on the data of all benchmarks before. */
export async function runStarts(
  dataDir: string,
  port: number,
  say: (sentence: string) => void,
): Promise<readonly Result[]> {
  const times: number[] = []
  for (let i = 0; i < starts; i += 1) {
    say(`B6 start ${i + 1}`)
    const server = await startServer(dataDir, port)
    times.push(server.startMs)
    await server.stop()
  }
  return [
    judge({
      ...blankResult('B6', 'warm start', 'process start to the first 200', 'ms', times),
      target: { op: '<=', value: 3_000 },
    }),
  ]
}
