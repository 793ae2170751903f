import type { Fault, FaultPoint } from './config.ts'

/** Makes a process of a test fail where the test has said. Source: proof specification 6. */
export class FaultPlan {
  readonly #faults: readonly Fault[]
  readonly #passed = new Map<FaultPoint, number>()

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  /** Passes a point: nothing, an error, or the end of the process without any farewell. */
  readonly pass = (point: FaultPoint): Promise<void> => {
    const count = (this.#passed.get(point) ?? 0) + 1
    this.#passed.set(point, count)
    const fault = this.#faults.find((one) => one.point === point && one.at === count)
    if (fault === undefined) return Promise.resolve()
    if (fault.action === 'kill') process.kill(process.pid, 'SIGKILL')
    return Promise.reject(new Error(`a test made ${point} fail`))
  }
}
