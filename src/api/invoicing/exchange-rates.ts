import { type Static, Type } from 'typebox'
import { findCurrency } from '../../kernel/currency.ts'
import { isDate, parseDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { setRate, withdrawRate } from '../../modules/ledger/exchange-rate.actions.ts'
import { listRates, type RateFilter } from '../../modules/ledger/exchange-rate.queries.ts'
import type { NewRate, Rate } from '../../modules/ledger/exchange-rate.ts'
import { type Call, route } from '../http/route.ts'
import { currency, date, listErrors, number, toWireDecimal, writeErrors } from './fields.ts'
import { orderedQuery, pageOf, toPage, toSort, toWindow } from './lists.ts'

const RateIn = Type.Object({
  rate: number({
    decimalsMax: 10,
    exclusiveMinimum: 0,
    description: 'Units of the base currency for one unit of the currency',
  }),
})

const RateOut = Type.Object({
  currency: Type.String(),
  date: Type.String(),
  rate: Type.Number(),
  source: Type.String({ description: 'manual, or where it was imported from' }),
})

const RateQuery = Type.Object({
  ...orderedQuery(['date']),
  currency: Type.Optional(currency),
  date_from: Type.Optional(date),
  date_to: Type.Optional(date),
})

const params = Type.Object({ currency, date })

const shared = { tag: 'Exchange rates', tenant: 'business', cost: 1 } as const
const path = '/api/v1/exchange-rates'
const dayPath = '/api/v1/exchange-rates/{currency}/{date}'

const listRoute = route({
  ...shared,
  method: 'GET',
  path,
  operation: 'list-exchange-rates',
  summary: 'List exchange rates',
  description: 'The rate that holds for each day, newest day first.',
  scope: 'read',
  query: RateQuery,
  answers: { 200: pageOf(RateOut) },
  errors: listErrors,
  examples: [
    { summary: 'Dollars in May', query: { currency: 'USD', date_from: '2026-05-01' }, status: 200 },
    { summary: 'A day that is none', query: { date_to: '2026-05-32' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId } = call.business()
    const filter = { businessId, ...toFilter(call.query) }
    const found = await call.read((db) => listRates(db, filter))
    return {
      status: 200,
      body: toPage(found, call.query, {
        placeOf: (rate) => ({ value: rate.day, id: rate.currency }),
        toWire,
      }),
    }
  },
})

const putRoute = route({
  ...shared,
  method: 'PUT',
  path: dayPath,
  operation: 'set-exchange-rate',
  summary: 'Set the exchange rate of a day',
  description: 'Posted documents keep the rate that they were issued with.',
  scope: 'write',
  params,
  body: RateIn,
  answers: { 200: RateOut },
  errors: [
    ...writeErrors,
    'request.query_invalid',
    'validation.fields_missing',
    'ledger.rate_out_of_range',
  ],
  examples: [
    {
      summary: 'Dollars on a day',
      params: { currency: 'EUR', date: '2026-05-20' },
      body: { rate: 1.0835 },
      status: 200,
    },
    {
      summary: 'A rate of nothing',
      params: { currency: 'EUR', date: '2026-05-20' },
      body: { rate: 0 },
      status: 400,
    },
  ],
  handle: (call) => {
    const quote: NewRate = {
      ...toDay(call.params),
      quoted: String(call.body.rate),
      direction: 'base_per_unit',
      source: 'manual',
    }
    return call.write(setRate, quote, (stored) => ({ status: 200, body: toWire(stored) }))
  },
})

const deleteRoute = route({
  ...shared,
  method: 'DELETE',
  path: dayPath,
  operation: 'delete-exchange-rate',
  summary: 'Delete the exchange rate of a day',
  scope: 'write',
  params,
  answers: { 204: null },
  errors: [...writeErrors, 'request.query_invalid', 'resource.not_found'],
  examples: [
    {
      summary: 'A day with a rate',
      params: { currency: 'EUR', date: '2026-05-20' },
      status: 204,
    },
    {
      summary: 'A day without one',
      params: { currency: 'EUR', date: '2026-05-20' },
      status: 404,
    },
  ],
  handle: (call) => call.write(withdrawRate, toDay(call.params), () => ({ status: 204 })),
})

/** Source: Invoicing specification 12. */
export const exchangeRateRoutes = [listRoute, putRoute, deleteRoute]

const toDay = (given: Static<typeof params>) => ({
  currency: given.currency,
  day: parseDate(given.date),
})

type Filter = Omit<RateFilter, 'businessId'>

/** Refuses: request.cursor_invalid. */
function toFilter(query: Call<unknown, Static<typeof RateQuery>>['query']): Filter {
  const { limit, offset, after } = toWindow(query, (text) => findCurrency(text) !== undefined)
  if (after !== undefined && !isDate(after.value ?? '')) throw new Refusal('request.cursor_invalid')
  return {
    limit,
    offset,
    isDescending: toSort(query.sort)?.isDescending ?? true,
    ...(after !== undefined && {
      after: { currency: after.id, day: parseDate(after.value ?? '') },
    }),
    ...(query.currency !== undefined && { currency: query.currency }),
    ...(query.date_from !== undefined && { from: parseDate(query.date_from) }),
    ...(query.date_to !== undefined && { to: parseDate(query.date_to) }),
  }
}

const toWire = (
  given: Rate & Readonly<{ currency: string; day: string }>,
): Static<typeof RateOut> => ({
  currency: given.currency,
  date: given.day,
  rate: toWireDecimal(given.rate),
  source: given.source,
})
