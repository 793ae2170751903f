import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop } from '../../../test/shop.ts'
import { asDate } from '../../kernel/dates.ts'
import { createInvoice } from '../sales/invoice.actions.ts'
import { setRate } from './exchange-rate.actions.ts'
import { closePeriods } from './period.actions.ts'
import { countClose } from './period.queries.ts'
import { revalue } from './revaluation.actions.ts'

const shop = await aShop()
afterAll(shop.close)
const { businessId } = shop
const customer = await shop.party()
const quote = { quoted: '1500', direction: 'base_per_unit', source: 'manual' } as const
await shop.write(setRate, { currency: 'USD', day: asDate('2026-04-08'), ...quote })

const count = (through: string, closed?: string) =>
  shop.read((db) =>
    countClose(db, businessId, {
      through: asDate(through),
      closed: closed === undefined ? undefined : asDate(closed),
    }),
  )

const nothing = { subledgers: 0, unbalancedEntries: 0, openingBalances: 0, revaluations: 0 }

test('a close asks for a revaluation of what is still open in another currency', async () => {
  const dated = { issueDate: asDate('2026-04-10'), dueDate: asDate('2026-05-10') }
  await shop.write(
    createInvoice,
    anInvoice(customer.id, { ...dated, currency: 'USD', status: 'sent' }),
  )

  expect(await count('2026-03-31')).toEqual(nothing)
  // Revenue was earned in dollars as well, and is not what is open.
  expect(await count('2026-04-30')).toEqual({ ...nothing, revaluations: 1 })
  expect(await count('2026-05-31')).toEqual({ ...nothing, revaluations: 1 })

  await shop.write(revalue, { date: asDate('2026-04-30'), rateByCurrency: { USD: '1510' } })

  expect(await count('2026-04-30')).toEqual(nothing)
})

test('entries are looked at from the last close on', async () => {
  await shop.owner.query(
    `begin; set local role postgres; set local session_replication_role = replica;
    update journal_line set base_amount = base_amount + 1
    where business_id = '${businessId}' and line_no = 1 and accounting_date = '2026-04-10'; commit`,
  )

  expect(await count('2026-04-30')).toMatchObject({ unbalancedEntries: 1 })
  expect(await count('2026-05-31', '2026-04-30')).toMatchObject({ unbalancedEntries: 0 })
  const close = { throughDate: asDate('2026-04-30'), reason: 'Audited', moreChecks: [] }
  expect(await shop.outcome(closePeriods, { ...close, acknowledgeDrafts: true })).toBe(
    'ledger.year_not_closable',
  )
})

test('open items that differ from their control account stop a close', async () => {
  await shop.owner.query(
    `begin; set local role postgres; set local session_replication_role = replica;
    update open_item set open_base = open_base + 1 where business_id = '${businessId}'; commit`,
  )

  expect(await count('2026-03-31')).toEqual({ ...nothing, subledgers: 1 })
})
