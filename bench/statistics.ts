/** A middle with its borders. */
export type Spread = Readonly<{ median: number; min: number; max: number }>

/** One turn of the alternation: what each workload reached, by name, in the order they ran. */
export type Round<Sample> = Readonly<Record<string, Sample>>

export type Rounds<Sample> = Readonly<{
  kept: readonly Round<Sample>[]
  discarded: readonly Round<Sample>[]
  /** More than half of all rounds were discarded: the machine was too restless to tell. */
  isUnstable: boolean
}>

/** How far a control may lie from the median control, as a fraction. */
export const driftMax = 0.2

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})

/** The value below which this share (0 to 1) of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The rounds whose controls all lie within the drift around the median of that control. */
export function splitByDrift<Sample>(
  rounds: readonly Round<Sample>[],
  controls: readonly string[],
  rateOf: (sample: Sample) => number,
): Readonly<{ kept: readonly Round<Sample>[]; discarded: readonly Round<Sample>[] }> {
  const rate = (round: Round<Sample>, name: string): number => {
    const sample = round[name]
    return sample === undefined ? Number.NaN : rateOf(sample)
  }
  const middles = new Map(
    controls.map((name) => [name, median(rounds.map((round) => rate(round, name)))]),
  )
  const isSteady = (round: Round<Sample>): boolean =>
    controls.every((name) => {
      const middle = middles.get(name) ?? Number.NaN
      return Math.abs(rate(round, name) - middle) <= driftMax * middle
    })
  return {
    kept: rounds.filter(isSteady),
    discarded: rounds.filter((round) => !isSteady(round)),
  }
}

/**
 * Runs `turn` until `count` rounds are steady, at most twice as many and one, so that a restless
 * machine ends the run as unstable instead of holding it for ever.
 */
export async function collectRounds<Sample>(
  count: number,
  controls: readonly string[],
  rateOf: (sample: Sample) => number,
  turn: (number: number) => Promise<Round<Sample>>,
): Promise<Rounds<Sample>> {
  const rounds: Round<Sample>[] = []
  for (;;) {
    rounds.push(await turn(rounds.length + 1))
    const { kept, discarded } = splitByDrift(rounds, controls, rateOf)
    if (kept.length >= count) return { kept, discarded, isUnstable: false }
    if (rounds.length > 2 * count) {
      return { kept, discarded, isUnstable: discarded.length > rounds.length / 2 }
    }
  }
}

/** The ratios of two workloads, round by round. */
export const ratiosOf = <Sample>(
  rounds: readonly Round<Sample>[],
  subject: string,
  control: string,
  rateOf: (sample: Sample) => number,
): Spread =>
  spreadOf(
    rounds.flatMap((round) => {
      const [above, below] = [round[subject], round[control]]
      return above === undefined || below === undefined ? [] : [rateOf(above) / rateOf(below)]
    }),
  )
