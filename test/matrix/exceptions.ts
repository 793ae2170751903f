import type { Surface } from '../../src/modules/access/api-key.ts'
import type { Actor } from './expect.ts'

type Exception = Readonly<{ surface: Surface; actor: Actor; tables: RegExp; reason: string }>

/** What a refused request may change all the same. */
const exceptions: readonly Exception[] = [
  {
    surface: 'connect',
    actor: 'a key without quota',
    tables: /^(event|audit_row|chain_link|lane_head)$/,
    reason: 'the first refusal of a day is told to webhooks',
  },
  {
    surface: 'books',
    actor: 'a key whose trial is used up',
    tables: /^meter_account$/,
    reason: 'the first paid call opens the accounts of the meter',
  },
  {
    surface: 'books',
    actor: 'a key without credits',
    tables: /^(meter_account|event|audit_row|chain_link|lane_head)$/,
    reason: 'the first refusal is told to whoever pays',
  },
]

export const mayChange = (surface: Surface, actor: Actor, table: string): boolean =>
  exceptions.some((one) => one.surface === surface && one.actor === actor && one.tables.test(table))
