import { Type } from 'typebox'

const categories = ['standard', 'zero_rated', 'exempt', 'reverse_charge', 'out_of_scope'] as const

export const taxCategory = Type.Enum(categories)

/** As the tax module names the categories. */
export const codeByCategory = {
  standard: 'S',
  zero_rated: 'Z',
  exempt: 'E',
  reverse_charge: 'AE',
  out_of_scope: 'O',
} as const satisfies Record<(typeof categories)[number], string>

/** The words of this surface for the categories. */
export const categoryByCode = {
  S: 'standard',
  Z: 'zero_rated',
  E: 'exempt',
  AE: 'reverse_charge',
  K: 'zero_rated',
  G: 'zero_rated',
  O: 'out_of_scope',
} as const satisfies Record<string, (typeof categories)[number]>
