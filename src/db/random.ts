import { randomFillSync } from 'node:crypto'

const poolBytes = 8_192

/**
 * Random bytes from the operating system, drawn in blocks: asking for ten at a time costs more than
 * everything else an id needs. Each byte is handed out once.
 */
export function pooledRandom(): (bytes: number) => Uint8Array {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes
  return (bytes) => {
    if (bytes > poolBytes) return randomFillSync(new Uint8Array(bytes))
    if (used + bytes > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    const part = pool.slice(used, used + bytes)
    pool.fill(0, used, used + bytes)
    used += bytes
    return part
  }
}
