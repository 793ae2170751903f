import { Agent, request } from 'node:http'
import { percentile } from './statistics.ts'
import { accountCount, firstCode } from './world.ts'
import type { Flood } from './wrk.ts'

/** A small generator of repeatable numbers from 0 up to, not including, 1. */
export function buildRandom(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/** The body of one journal of two lines over the thousand accounts. */
export function buildJournal(
  random: () => number,
  days: readonly string[],
  { hot, reference }: Readonly<{ hot?: string | undefined; reference?: string }> = {},
): string {
  const pick = (count: number): number => Math.floor(random() * count)
  const position = pick(accountCount)
  const other = (position + 1 + pick(accountCount - 1)) % accountCount
  const amountKobo = 1 + pick(1_000_000)
  return JSON.stringify({
    transactionDate: days[pick(days.length)],
    description: 'Sale of the day',
    ...(reference !== undefined && { reference }),
    post: true,
    lines: [
      { accountId: `${firstCode + position}`, debitKobo: amountKobo },
      { accountId: hot ?? `${firstCode + other}`, creditKobo: amountKobo },
    ],
  })
}

/** What `wrk` does, in Node: the stand-in for machines without it. Prints the same line. */
export async function runGenerator(plan: Flood): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.connections })
  const random = buildRandom(plan.seed)
  const url = new URL(`${plan.url}?businessId=${plan.businessId}`)
  const began = performance.now()
  const deadline = began + plan.seconds * 1_000
  const latencies: number[] = []
  let [sent, refused, broken] = [0, 0, 0]
  const caller = async (): Promise<void> => {
    while (performance.now() < deadline) {
      sent += 1
      const body = buildJournal(random, plan.days, { hot: plan.hot })
      const from = performance.now()
      const status = await post(agent, url, body, {
        Authorization: `Bearer ${plan.key}`,
        'Idempotency-Key': `${plan.run}-${sent}`,
      })
      latencies.push(performance.now() - from)
      if (status === undefined) broken += 1
      else if (status >= 400) refused += 1
    }
  }
  await Promise.all(Array.from({ length: plan.connections }, caller))
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share))
  const seconds = (performance.now() - began) / 1_000
  const requests = latencies.length - broken
  console.log(`RESULT ${JSON.stringify({ seconds, requests, refused, broken, p50, p95, p99 })}`)
  agent.destroy()
}

/** The status of the answer, or undefined when none came. */
function post(
  agent: Agent,
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sending = request(url, {
      agent,
      method: 'POST',
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
      },
    })
    sending.once('error', () => resolve(undefined))
    sending.once('response', (answer) => {
      answer.once('end', () => resolve(answer.statusCode)).resume()
    })
    sending.end(body)
  })
}
