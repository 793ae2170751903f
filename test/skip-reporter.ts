import type { Reporter } from 'vitest/node'

/** Prints every skipped test with its reason, so that nothing is left out in silence. */
export const skipReporter: Reporter = {
  onTestCaseResult(testCase) {
    const result = testCase.result()
    if (result.state === 'skipped') {
      const reason = result.note ?? 'no reason given'
      process.stdout.write(`skipped: ${testCase.fullName}: ${reason}\n`)
    }
  },
}
