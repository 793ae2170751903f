import { exampleOf } from '../../kernel/error-examples.ts'
import { isErrorCode, Refusal } from '../../kernel/errors.ts'

/**
 * What `Simulate-Error` asks for with a test key: the code with the values of its example, as this
 * route would answer it. Undefined without the header.
 * Refuses, in this order: test.live_forbidden, test.simulated_code_unknown.
 * Source: platform specification 9.6.
 */
export function simulate(
  asked: string | readonly string[] | undefined,
  environment: 'live' | 'test',
): Refusal | undefined {
  if (asked === undefined) return undefined
  if (environment !== 'test') throw new Refusal('test.live_forbidden')
  const code = String(asked).trim()
  if (!isErrorCode(code)) throw new Refusal('test.simulated_code_unknown', { value: code })
  return exampleOf(code)
}
