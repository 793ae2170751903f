/** The benchmark cannot go on, or its number would be wrong; the sentence says why. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}

/** Ends the benchmark with a sentence unless the condition holds. */
export function require(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new BenchError(sentence)
}
