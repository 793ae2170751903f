// A process with a gate of its own. It posts one journal per line of its input, `{key, amount}`,
// and prints one line per answer; refused ones too. It runs the build.

import { createHash, randomBytes } from 'node:crypto'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { companions } from '../dist/src/companions.js'
import { Gate } from '../dist/src/db/lane.js'
import { openPool } from '../dist/src/db/pool.js'
import { isRefusal } from '../dist/src/kernel/errors.js'
import { postJournal } from '../dist/src/modules/ledger/journal.actions.js'

const { host, port, user, database, tenant, now } = JSON.parse(process.argv[2] ?? '{}')
const pool = openPool({
  ...{ host, port, user, database },
  ...{ role: 'tallystick_app', connectionsMax: 4 },
})
const gate = new Gate({ pool, companions, random: randomBytes, transactionsMax: 2 })

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)

async function post({ key, amount }) {
  const base = BigInt(amount)
  const lines = [
    { accountCode: '1001', base, description: null },
    { accountCode: '4000', base: -base, description: null },
  ]
  const input = { accountingDate: now.slice(0, 10), description: key, reference: key, lines }
  const idempotency = {
    surface: 'books',
    key,
    fingerprint: createHash('sha256').update(amount).digest(),
    keepMs: 3_600_000,
    reply: (outcome) => ({
      status: 'value' in outcome ? 201 : 422,
      headers: {},
      body: Buffer.from('value' in outcome ? outcome.value.number : outcome.refusal.code),
      requestId: '018f0000-0000-7000-8000-000000000000',
    }),
  }
  try {
    const done = await gate.write({
      ...{ tenant, action: postJournal, input, actor: 'key:test', now, idempotency },
    })
    say({ key, answer: String('replayed' in done ? done.replayed.body : done.reply.body) })
  } catch (error) {
    if (!isRefusal(error)) throw error
    say({ key, answer: error.code })
  }
}

const work = []
for await (const line of createInterface({ input: process.stdin }))
  work.push(post(JSON.parse(line)))
await Promise.all(work)
await gate.close()
await pool.end()
