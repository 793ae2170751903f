import { expect, test } from 'vitest'
import { fixesByCode } from './error-fixes.ts'
import { catalogue } from './errors.ts'

test('every code of the catalogue has its steps, in the order of the catalogue', () => {
  expect(Object.keys(fixesByCode)).toEqual(Object.keys(catalogue))
})

test('every step is a sentence of at most 160 characters', () => {
  const steps = Object.values(fixesByCode).flat()
  expect(steps.filter((step) => step.length > 160 || !/^[A-Z].*\.$/.test(step))).toEqual([])
})
