/** A broken promise of our own code: answered as an unexpected failure, never shown to a caller. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/**
 * Holds something that our own code promises. For our bugs only: a caller's mistake is a Refusal.
 * Refuses: nothing; a false condition throws `AssertionError`.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) {
    throw new AssertionError(message)
  }
}
