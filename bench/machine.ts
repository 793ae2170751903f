import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

export type Machine = Readonly<{
  cpu: string
  cores: number
  memory: string
  node: string
  postgres: string
  fsync_us: number
}>

/** What the numbers were measured on; absolute rates of two machines are never compared. */
export function describeMachine(folder: string, postgres: string): Machine {
  const all = cpus()
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.versions.node,
    postgres,
    fsync_us: measureSync(folder),
  }
}

export const loadNow = (): readonly number[] => loadavg().map((value) => Number(value.toFixed(2)))

/** Median microseconds of making one 8 KiB page durable, where the database keeps its own. */
function measureSync(folder: string): number {
  const path = join(folder, 'sync.probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(8_192, 1)
  const times: number[] = []
  for (let i = 0; i < 100; i += 1) {
    writeSync(file, page, 0, page.length, 0)
    const began = performance.now()
    fdatasyncSync(file)
    times.push((performance.now() - began) * 1_000)
  }
  closeSync(file)
  rmSync(path)
  return Math.round(median(times))
}
