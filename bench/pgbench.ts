import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { packageRoot } from '../src/config.ts'
import type { DatabaseAddress } from '../src/db/embedded.ts'
import { BenchError, require } from './bench-error.ts'
import type { Report } from './measure.ts'
import { findProgram, runProgram } from './processes.ts'

export type Script = 'post_tx' | 'post_tx_hot' | 'post_cte'

/** Numbers of clients at which a denominator may show its best. */
export const clientCounts = [1, 8, 32] as const

const database = 'tallystick_bench'
const folder = join(packageRoot, 'bench', 'pgbench')

const program = findProgram(['pgbench', ...distributionPrograms()])

/** Debian keeps the server's programs apart, one folder for each version. */
function distributionPrograms(): readonly string[] {
  const home = '/usr/lib/postgresql'
  if (!existsSync(home)) return []
  const versions = readdirSync(home).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(home, version, 'bin', 'pgbench'))
}

/** Makes the denominators' own database on the server that is measured, empty. */
export async function openDenominators(address: DatabaseAddress): Promise<void> {
  await withDatabase(address, 'postgres', async (client) => {
    await client.query(`drop database if exists ${database}`)
    await client.query(`create database ${database}`)
  })
  await withDatabase(address, database, async (client) => {
    // One by one: `vacuum` refuses to share a message with others.
    for (const statement of readFileSync(join(folder, 'schema.sql'), 'utf8').split(/;\s*$/m)) {
      if (statement.trim() !== '') await client.query(statement)
    }
  })
}

/** Runs a script for some seconds over the socket, prepared. */
export async function runPgbench(
  { socketDir, port, user }: DatabaseAddress,
  script: Script,
  { clients, seconds }: Readonly<{ clients: number; seconds: number }>,
): Promise<Report> {
  if (program === undefined) {
    throw new BenchError('pgbench is needed for the denominators; Debian: postgresql-contrib.')
  }
  const where = ['-h', socketDir, '-p', `${port}`, '-U', user]
  const manner = ['-n', '-M', 'prepared', '-c', `${clients}`, '-j', `${Math.min(2, clients)}`]
  const file = join(folder, `${script}.sql`)
  const words = [...where, ...manner, '-T', `${seconds}`, '-f', file, database]
  const printed = await runProgram(program, words)
  const operations = Number(/actually processed: (\d+)/.exec(printed)?.[1])
  const failed = Number(/failed transactions: (\d+)/.exec(printed)?.[1] ?? 0)
  const perSecond = Number(/tps = ([\d.]+)/.exec(printed)?.[1])
  require(operations > 0 && perSecond > 0, `pgbench said no result: ${printed}`)
  return { operations, seconds: operations / perSecond, refused: failed, latencyMs: undefined }
}

/** The denominators' own books must balance too: else they did less work than they claim. */
export async function checkDenominators(address: DatabaseAddress): Promise<void> {
  const wrong = await withDatabase(address, database, async (client) => {
    const { rows } = await client.query<{ wrong: number }>(
      `select count(*)::int as wrong
       from account
       left join (select account_id, sum(amount) as amount from line group by account_id) as lines
         on lines.account_id = account.id
       where account.balance <> coalesce(lines.amount, 0)`,
    )
    return rows[0]?.wrong
  })
  require(wrong === 0, `${wrong} balances of the denominators differ from their lines.`)
}

async function withDatabase<Result>(
  { socketDir, port, user }: DatabaseAddress,
  name: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ host: socketDir, port, user, database: name })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
