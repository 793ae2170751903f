import { type Static, Type } from 'typebox'
import { monthStart, parseDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { getCustomerStatement } from '../../modules/reports/customer-statement.queries.ts'
import type { CustomerStatement } from '../../modules/reports/customer-statement.ts'
import { route } from '../http/route.ts'
import { currency, date, idParams, readErrors, toCurrency, toNumber, uuid } from './fields.ts'

const StatementQuery = Type.Object({
  from: Type.Optional(date),
  to: Type.Optional(date),
  currency: Type.Optional(currency),
})

const StatementOut = Type.Object({
  customer_id: uuid,
  currency: Type.String(),
  from: Type.String(),
  to: Type.String(),
  opening_balance: Type.Number(),
  lines: Type.Array(
    Type.Object({
      date: Type.String(),
      type: Type.Enum(['invoice', 'payment', 'credit_note', 'void', 'refund']),
      number: Type.String(),
      amount: Type.Number({ description: 'Positive: the customer owes more' }),
      balance: Type.Number(),
    }),
  ),
  closing_balance: Type.Number(),
})

const getRoute = route({
  method: 'GET',
  path: '/api/v1/customers/{id}/statement',
  operation: 'get-customer-statement',
  tag: 'Customers',
  summary: 'Get the statement of a customer',
  description:
    'What the customer owed, what changed it, and what it owes: the month to date in the base currency unless asked otherwise. Payments that settle nothing yet count.',
  scope: 'read',
  tenant: 'business',
  cost: 1,
  params: idParams,
  query: StatementQuery,
  answers: { 200: StatementOut },
  errors: [...readErrors, 'request.query_invalid'],
  examples: [
    { summary: 'The month to date', params: { id: '$customer' }, status: 200 },
    {
      summary: 'Dollars of a quarter',
      params: { id: '$customer' },
      query: { from: '2026-04-01', to: '2026-06-30', currency: 'USD' },
      status: 200,
    },
    {
      summary: 'A period that ends before it begins',
      params: { id: '$customer' },
      query: { from: '2026-04-01', to: '2026-03-31' },
      status: 400,
    },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { query } = call
    const to = query.to === undefined ? call.today : parseDate(query.to)
    const from = query.from === undefined ? monthStart(to) : parseDate(query.from)
    if (to < from) {
      const reason = 'must not be before from'
      throw new Refusal('request.query_invalid', { parameter: 'to', reason })
    }
    const asked = { businessId, customerId: call.params.id.toLowerCase(), from, to }
    const code = toCurrency(query.currency) ?? baseCurrency
    const statement = await call.read((db) =>
      getCustomerStatement(db, { ...asked, currency: code }),
    )
    return { status: 200, body: toWire(statement) }
  },
})

export const statementRoutes = [getRoute]

function toWire(statement: CustomerStatement): Static<typeof StatementOut> {
  const toMajor = (minor: bigint): number => toNumber(minor, statement.currency)
  return {
    customer_id: statement.customerId,
    currency: statement.currency,
    from: statement.from,
    to: statement.to,
    opening_balance: toMajor(statement.opening),
    lines: statement.lines.map(({ date: day, type, number, amount, balance }) => ({
      date: day,
      type,
      number,
      amount: toMajor(amount),
      balance: toMajor(balance),
    })),
    closing_balance: toMajor(statement.closing),
  }
}
