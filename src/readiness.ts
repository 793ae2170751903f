import type { MaintenanceWatch } from './api/http/maintenance-watch.ts'
import type { Readiness } from './api/http/visit.ts'
import { version } from './config.ts'
import type { Gate } from './db/lane.ts'
import { findLastMigration } from './db/migrate.ts'
import type { Pool } from './db/pool.ts'

const maxAgeMs = 1_000
const databaseTimeoutMs = 500

type Looked = Readonly<{
  pool: Pool
  adminPool: Pool
  gate: Gate
  maintenance: MaintenanceWatch
  /** The migration that this release stands on. */
  expected: number
}>

type Checked = Readonly<{ ok: boolean; detail?: string }>

/** Looks at most once a second. Source: platform specification 21. */
export function buildReadiness(looked: Looked): () => Promise<Readiness> {
  let last: { atMs: number; answer: Promise<Readiness> } | undefined
  return () => {
    const atMs = performance.now()
    if (last === undefined || atMs - last.atMs > maxAgeMs) last = { atMs, answer: look(looked) }
    return last.answer
  }
}

async function look(looked: Looked): Promise<Readiness> {
  const { pool, adminPool, gate, maintenance, expected } = looked
  const [database, migrations] = await Promise.all([
    checked(async () => (await pool.query('select 1')).rows.length === 1),
    checked(async () => (await findLastMigration(adminPool)) === expected),
  ])
  const lanes: Checked = { ok: true, detail: `${gate.commandCount} commands` }
  const isReady = database.ok && migrations.ok
  // It stays green: the answer to a caller must come from us.
  const ordered = { ok: true, detail: (await maintenance.current())?.mode ?? 'off' }
  const checks = { database, migrations, lanes, maintenance: ordered }
  return { isReady, body: { status: '', version, checks } }
}

async function checked(question: () => Promise<boolean>): Promise<Checked> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Checked>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'no answer in time' }), databaseTimeoutMs)
  })
  const asked = question().then(
    (ok): Checked => ({ ok }),
    (): Checked => ({ ok: false, detail: 'not available' }),
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}
