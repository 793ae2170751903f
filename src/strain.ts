import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** What is looked at once a second. */
type Load = Readonly<{
  /** The delay of the event loop that one turn in a hundred exceeded, of the last second. */
  delayMs: number
  /** Used part of the heap's limit, 0 to 1. */
  heapShare: number
}>

/** Source: platform specification 20, backpressure. */
const strainBounds = { delayMaxMs: 250, delayCalmMs: 100, heapShareMax: 0.85 } as const

const lookMs = 1_000
const resolutionMs = 10
/** A single stall, such as the first compilation of a module, is over before it could be helped. */
const secondsToStrain = 2

/**
 * Whether this process can take no more for now: its turns come late, or its memory is nearly used
 * up. New requests are then refused at their first step, so that those which run can end; it takes
 * them again once its turns come in time.
 * Source: platform specification 20.
 */
export class Strain {
  #lateSeconds = 0
  #isLate = false
  #isFull = false
  #stop: (() => void) | undefined

  get isStrained(): boolean {
    return this.#isLate || this.#isFull
  }

  /** Begins to look, once a second, until `stop`. */
  start(): void {
    const delays = monitorEventLoopDelay({ resolution: resolutionMs })
    delays.enable()
    const timer = setInterval(() => {
      const delayMs = delays.percentile(99) / 1e6 - resolutionMs
      delays.reset()
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      this.see({ delayMs, heapShare: used / limit })
    }, lookMs)
    timer.unref()
    this.#stop = () => {
      clearInterval(timer)
      delays.disable()
    }
  }

  stop(): void {
    this.#stop?.()
  }

  /** Takes what one second was like. */
  see({ delayMs, heapShare }: Load): void {
    const { delayMaxMs, delayCalmMs, heapShareMax } = strainBounds
    this.#lateSeconds = delayMs > delayMaxMs ? this.#lateSeconds + 1 : 0
    if (this.#lateSeconds >= secondsToStrain) this.#isLate = true
    if (delayMs < delayCalmMs) this.#isLate = false
    this.#isFull = heapShare > heapShareMax
  }
}
