import { assert } from '../../src/kernel/assert.ts'
import type { ErrorCode } from '../../src/kernel/errors.ts'
import type { Answer } from '../harness.ts'

/** Brings a refusal about by what really causes it, and answers it. */
export type Recipe = () => Promise<Answer>

/** Recipes by the code that each must be answered with. */
export type Recipes = Partial<Record<ErrorCode, Recipe>>

export const nigeria = { baseCurrency: 'NGN', country: 'NG', chart: 'nigeria' } as const
export const trialPlans = { invoicing: 'basic', books: 'premium', connect: 'trial' } as const

/** An id that nobody has. */
export const absent = 'f0d8c5f6-6a9a-4e4c-9f14-1dd1c5b9b1e7'

/** The id of what was made for a recipe. */
export const idOf = ({ status, body, text }: Answer): string => {
  assert(status < 300, `what the recipe needs was not made: ${text}`)
  return (body.data ?? body).id
}
