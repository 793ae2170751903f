import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop } from '../../../test/shop.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { createInvoice } from './invoice.actions.ts'

const shop = await aShop()
afterAll(shop.close)

test('two hundred issues at once, half of them refused, leave no gap and no double', async () => {
  const customer = await shop.party()
  const unknown = '0197a1c2-0000-7000-8000-0000000000c1'
  const numberOf = async (place: number): Promise<string> => {
    const customerId = place % 2 === 0 ? customer.id : unknown
    const lines = [{ description: 'x', quantity: '1', unitPrice: '1', accountCode: '4000' }]
    const negative = [{ ...lines[0], description: 'x', quantity: '-1', unitPrice: '1' }]
    const isLate = place % 10 === 0
    try {
      const given = { lines: isLate ? negative : lines }
      return (await shop.write(createInvoice, anInvoice(customerId, given))).number
    } catch (error) {
      return isRefusal(error) ? error.code : String(error)
    }
  }

  const numbers = await Promise.all(Array.from({ length: 200 }, (_, place) => numberOf(place)))

  const issued = numbers.filter((number) => number.startsWith('INV-'))
  expect(issued).toEqual(
    Array.from({ length: 80 }, (_, n) => `INV-${String(n + 1).padStart(5, '0')}`),
  )
  expect(new Set(numbers.filter((number) => !number.startsWith('INV-')))).toEqual(
    new Set(['resource.not_found', 'sales.total_negative']),
  )
  expect((await shop.counts())['numbers']).toBe(80)
  expect(await shop.outOfStep()).toEqual([])
})
