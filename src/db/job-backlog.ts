import type { Db } from './tx.ts'

/** Tasks that are due and wait for a worker. */
type JobBacklog = Readonly<{ waiting: number; oldestSeconds: number }>

/** What waits in the queue of tasks, by its own clock; nothing where no worker was ever started. */
export async function getJobBacklog(db: Db): Promise<JobBacklog> {
  const [known] = await db.query<{ has: boolean }>({
    text: `select to_regclass('jobs._private_jobs') is not null as has`,
    values: [],
  })
  if (known?.has !== true) return { waiting: 0, oldestSeconds: 0 }
  const [row] = await db.query<{ waiting: number; oldest: number | null }>({
    text: `select count(*)::int as waiting, extract(epoch from now() - min(run_at))::float8 as oldest
      from jobs._private_jobs
      where locked_at is null and run_at <= now() and attempts < max_attempts`,
    values: [],
  })
  return { waiting: row?.waiting ?? 0, oldestSeconds: Math.max(0, row?.oldest ?? 0) }
}
