import { afterAll, expect, test } from 'vitest'
import { anInvoice, aShop, type Shop } from '../../../test/shop.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { verifyTenant } from '../reports/integrity.queries.ts'
import { createInvoice, updateInvoice } from './invoice.actions.ts'
import type { NewInvoice } from './invoice.ts'
import { sendInvoice } from './invoice-step.actions.ts'

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

/** Everything of invoices that must not depend on how their commands met. */
async function booksOf({ owner, businessId }: Shop): Promise<unknown> {
  const { rows } = await owner.query(
    `select
      (select jsonb_agg(to_jsonb(t) order by number) from (
        select d.number, d.lifecycle, d.total, d.external_id, d.version, d.notes, d.paid_at, p.name,
          i.open_amount,
          (select count(*) from document_line as l where l.document_id = d.document_id) as lines,
          (select count(*) from document_version as v where v.document_id = d.document_id) as versions,
          (select count(*) from mail_message as m where m.about_id = d.document_id) as mails
        from document as d join party as p using (business_id, party_id)
        left join open_item as i using (business_id, document_id)
        where d.business_id = $1) as t) as documents,
      (select jsonb_agg(entry_seq order by entry_seq) from journal_entry
        where business_id = $1) as numbers,
      (select jsonb_agg(to_jsonb(t) order by what, total_base) from (
        select regexp_replace(description, 'JE-\\S+', '') as what, line_count, total_base
        from journal_entry where business_id = $1) as t) as entries,
      (select jsonb_agg(to_jsonb(t) order by code, month) from (
        select a.code, b.month, b.debit_base, b.credit_base
        from balance_month as b join account as a using (business_id, account_id)
        where b.business_id = $1) as t) as months,
      (select jsonb_agg(action order by sequence) from audit_row where tenant_id = $1) as audits,
      (select jsonb_agg(type order by sequence) from event where tenant_id = $1) as events`,
    [businessId],
  )
  return rows[0]
}

test('invoices made, sent and changed one by one, and at once, leave the same rows', async () => {
  const [first, second] = [await aShop(), await aShop()]
  const play = async (own: Shop, isAtOnce: boolean): Promise<string[]> => {
    const customers = [
      await own.party({ name: 'Ada', email: 'ada@ada.example' }),
      await own.party({ name: 'Bo', email: 'bo@bo.example' }),
    ]
    const inputs = Array.from({ length: 60 }, (_, i): NewInvoice => {
      const customer = customers[i % 2]
      return anInvoice(i % 9 === 8 ? own.businessId : (customer?.id ?? ''), {
        status: i % 4 === 0 ? 'sent' : 'draft',
        externalId: i % 7 === 3 ? 'the same' : `external ${i}`,
        ...(i % 13 === 5 && { number: 'CHOSEN-1' }),
        ...(i % 11 === 6 && { currency: 'USD', status: 'sent' as const }),
        lines: [{ description: `${i}`, quantity: '1', unitPrice: `${i - 1}`, taxPercent: '7.5' }],
      })
    })
    const all = async <Input>(
      given: readonly Input[],
      run: (one: Input) => Promise<string>,
    ): Promise<string[]> => {
      if (isAtOnce) return Promise.all(given.map(run))
      const outcomes: string[] = []
      for (const one of given) outcomes.push(await run(one))
      return outcomes
    }
    const made = await all(inputs, (input) => own.outcome(createInvoice, input))
    const { rows } = await own.owner.query<{ id: string }>(
      `select document_id as id from document where business_id = $1 order by number`,
      [own.businessId],
    )
    const twice = rows.flatMap(({ id }, i) => (i % 5 === 0 ? [id, id] : [id]))
    const sent = await all(twice, (invoiceId) =>
      own.outcome(sendInvoice, { invoiceId, to: [], message: null }),
    )
    const statuses = ['paid', 'cancelled', 'draft', undefined] as const
    const changed = await all([...twice.entries()], ([i, invoiceId]) => {
      const changes = { notes: `${i}`, ...(i % 6 === 5 && { externalId: 'the same' }) }
      return own.outcome(updateInvoice, { invoiceId, changes, status: statuses[i % 4] })
    })
    return [...made, ...sent, ...changed]
  }

  const oneByOne = await play(first, false)
  const atOnce = await play(second, true)

  expect(atOnce).toEqual(oneByOne)
  expect(new Set(oneByOne)).toEqual(
    new Set([
      'accepted',
      'resource.not_found',
      'resource.external_id_taken',
      'resource.number_taken',
      'sales.total_negative',
      'ledger.rate_missing',
      'resource.invalid_transition',
    ]),
  )
  expect(await booksOf(second)).toEqual(await booksOf(first))
  for (const own of [first, second]) {
    const { findings } = await own.read((db) => verifyTenant(db, own.businessId, []))
    expect(findings).toEqual([])
    expect(await own.outOfStep()).toEqual([])
    await own.close()
  }
})
