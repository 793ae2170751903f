/** The fixed fragments that follow the path of a wrong member. A surface may word its own. */
export type Wording = Readonly<{
  required: string
  unknown: string
  characters: string
  type: Readonly<Record<string, string>>
  format: Readonly<Record<string, string>>
  positive: string
  notZero: string
  laterThan: (other: string) => string
  atLeast: (min: number) => string
  atMost: (max: number) => string
  between: (min: number, max: number) => string
  oneOf: (values: readonly unknown[]) => string
  longerThan: (max: number) => string
  shorterThan: (min: number) => string
  decimals: (max: number) => string
  digits: string
  items: (bounds: ItemBounds) => string
}>

/** Bounds of a list or of the members of an object, and which of them is broken. */
export type ItemBounds = Readonly<{ min: number; max: number | undefined; isTooFew: boolean }>

/** Source: platform specification 9.4, Invoicing specification 3.3. */
export const commonWording: Wording = {
  required: 'is required',
  unknown: 'is not a known field',
  characters: 'contains characters that are not allowed',
  type: {
    string: 'must be a string',
    number: 'must be a number',
    integer: 'must be an integer',
    boolean: 'must be true or false',
    array: 'must be an array',
    object: 'must be an object',
  },
  format: {
    uuid: 'must be a valid UUID',
    date: 'must be a valid date (YYYY-MM-DD)',
    'date-or-time': 'must be a valid date (YYYY-MM-DD)',
    timestamp: 'must be an ISO 8601 timestamp',
    currency: 'must be an ISO 4217 currency code',
    country: 'must be an ISO 3166-1 alpha-2 country code',
    email: 'must be a valid email address',
    url: 'must be a valid URL',
    'time-zone': 'must be a time zone of the IANA database',
    network: 'must be an IP address or a network in CIDR notation',
  },
  positive: 'must be a positive number',
  notZero: 'must not be 0',
  laterThan: (other) => `must be after ${other}`,
  atLeast: (min) => (min === 0 ? 'must be zero or a positive number' : `must be at least ${min}`),
  atMost: (max) => `must be at most ${max}`,
  between: (min, max) => `must be between ${min} and ${max}`,
  oneOf: (values) => `must be one of: ${values.filter((value) => value !== null).join(', ')}`,
  longerThan: (max) => `must not be longer than ${max} characters`,
  shorterThan: (min) => `must have at least ${min} characters`,
  decimals: (max) => `must not have more than ${max} decimals`,
  digits: 'has more than 15 significant digits',
  items: ({ min, max, isTooFew }) =>
    isTooFew ? `must have at least ${min} items` : `must have at most ${max} items`,
}
