import { type Static, Type } from 'typebox'
import {
  type AccountStanding,
  createAccount,
  updateAccount,
} from '../../modules/ledger/account.actions.ts'
import { getAccount, listAccounts, sumBalances } from '../../modules/ledger/account.queries.ts'
import {
  type Account,
  type AccountCategory,
  accountCategories,
  inNormalDirection,
} from '../../modules/ledger/account.ts'
import { subcategories } from '../../modules/ledger/chart.ts'
import { route } from '../http/route.ts'
import {
  businessQuery,
  description,
  enveloped,
  externalId,
  instant,
  kobo,
  listErrors,
  major,
  metadata,
  nullable,
  readErrors,
  text,
  toKobo,
  toMajor,
  writeErrors,
} from './fields.ts'
import { listQuery, Pagination, sortQuery, toPage } from './lists.ts'

const category = Type.Enum([...accountCategories])
const subcategory = Type.Enum([...subcategories])
const name = text(250)

const AccountIn = Type.Object({
  code: Type.String({ pattern: '^[0-9]{3,10}$', description: '3 to 10 digits' }),
  name,
  category,
  subcategory: Type.Optional(subcategory),
  description: Type.Optional(description),
  externalId: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
})

const AccountChange = Type.Object({
  name: Type.Optional(name),
  subcategory: Type.Optional(subcategory),
  description: Type.Optional(nullable(description)),
  externalId: Type.Optional(nullable(externalId)),
  metadata: Type.Optional(metadata),
  isActive: Type.Optional(Type.Boolean()),
})

const AccountOut = Type.Object({
  id: Type.String({ description: 'The code' }),
  code: Type.String(),
  name,
  category,
  subcategory,
  balanceKobo: kobo,
  balance: major,
  isSystemAccount: Type.Boolean(),
  isActive: Type.Boolean(),
  createdAt: instant,
  description: nullable(Type.String()),
  role: nullable(Type.String()),
  currency: nullable(Type.String()),
  externalId: nullable(Type.String()),
  metadata,
})

const AccountPage = Type.Object({
  accounts: Type.Array(AccountOut),
  count: Type.Integer(),
  pagination: Pagination,
})

const codeParams = Type.Object({ id: text() })

const sorts = ['code', 'name', 'createdAt'] as const
const listing = {
  list: 'chart-of-accounts',
  sort: 'code',
  members: {
    code: ({ code }: Account) => code,
    name: (account: Account) => account.name,
    createdAt: ({ createdAt }: Account) => createdAt,
  },
  idOf: ({ code }: Account) => code,
  changedAt: ({ updatedAt }: Account) => updatedAt,
} as const

const listAccountsRoute = route({
  method: 'GET',
  path: '/v1/chart-of-accounts',
  operation: 'list-accounts',
  tag: 'Chart of accounts',
  summary: 'List accounts in the order of their codes',
  scope: null,
  tenant: 'business',
  cost: 1,
  query: Type.Object({
    ...businessQuery,
    category: Type.Optional(category),
    isActive: Type.Optional(Type.Boolean({ description: 'Default true' })),
    externalId: Type.Optional(externalId),
    ...sortQuery(sorts),
    ...listQuery,
  }),
  answers: { 200: enveloped(AccountPage) },
  errors: listErrors,
  examples: [
    { summary: 'Revenue accounts', query: { category: 'revenue' }, status: 200 },
    { summary: 'A category that does not exist', query: { category: 'income' }, status: 400 },
  ],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { category: only, isActive = true, externalId: wanted } = call.query
    const { accounts, balances } = await call.read(async (db) => ({
      accounts: await listAccounts(db, {
        ...{ businessId, category: only, isActive },
        externalId: wanted,
      }),
      balances: await sumBalances(db, businessId, call.today),
    }))
    const { page, rest } = toPage(accounts, call.query, listing)
    const rows = page.map((account) => toWire(standing(account, balances), baseCurrency))
    return { status: 200, body: { accounts: rows, ...rest } }
  },
})

const getAccountRoute = route({
  method: 'GET',
  path: '/v1/chart-of-accounts/{id}',
  operation: 'get-account',
  tag: 'Chart of accounts',
  summary: 'Get an account by its code',
  scope: null,
  tenant: 'business',
  cost: 1,
  params: codeParams,
  query: Type.Object(businessQuery),
  answers: { 200: enveloped(AccountOut) },
  errors: readErrors,
  examples: [{ summary: 'An account by its code', params: { id: '4000' }, status: 200 }],
  handle: async (call) => {
    const { businessId, baseCurrency } = call.business()
    const { account, balances } = await call.read(async (db) => ({
      account: await getAccount(db, businessId, call.params.id),
      balances: await sumBalances(db, businessId, call.today),
    }))
    return { status: 200, body: toWire(standing(account, balances), baseCurrency) }
  },
})

const createAccountRoute = route({
  method: 'POST',
  path: '/v1/chart-of-accounts',
  operation: 'create-account',
  tag: 'Chart of accounts',
  summary: 'Add an account to the chart',
  scope: null,
  tenant: 'business',
  cost: 1,
  query: Type.Object(businessQuery),
  body: AccountIn,
  answers: { 201: enveloped(AccountOut) },
  errors: [
    ...writeErrors,
    'resource.external_id_taken',
    'ledger.account_code_reserved',
    'ledger.account_code_taken',
  ],
  examples: [
    {
      summary: 'An account for ground rent',
      body: { code: '6105', name: 'Ground rent', category: 'expense' },
      status: 201,
    },
    {
      summary: 'A code that is taken',
      body: { code: '6105', name: 'Ground rent', category: 'expense' },
      status: 409,
    },
  ],
  handle: (call) => {
    const input = {
      ...call.body,
      category: call.body.category as AccountCategory, // one of the enumeration
    }
    return call.write(createAccount, input, (made) => ({
      status: 201,
      headers: { Location: `/books/v1/chart-of-accounts/${made.account.code}` },
      body: toWire(made, call.business().baseCurrency),
    }))
  },
})

const updateAccountRoute = route({
  method: 'PUT',
  path: '/v1/chart-of-accounts/{id}',
  operation: 'update-account',
  tag: 'Chart of accounts',
  summary: 'Update an account',
  description: 'Only the members that are sent change; code and category stay for ever.',
  scope: null,
  tenant: 'business',
  cost: 1,
  params: codeParams,
  query: Type.Object(businessQuery),
  body: AccountChange,
  answers: { 200: enveloped(AccountOut) },
  errors: [
    ...writeErrors,
    'resource.not_found',
    'ledger.system_account_locked',
    'ledger.account_in_use',
    'resource.external_id_taken',
  ],
  examples: [
    { summary: 'Another name', params: { id: '5010' }, body: { name: 'Labour' }, status: 200 },
    {
      summary: 'A system account stays active',
      params: { id: '4000' },
      body: { isActive: false },
      status: 422,
    },
  ],
  handle: (call) =>
    call.write(updateAccount, { code: call.params.id, ...call.body }, (changed) => ({
      status: 200,
      body: toWire(changed, call.business().baseCurrency),
    })),
})

export const accountRoutes = [
  listAccountsRoute,
  getAccountRoute,
  createAccountRoute,
  updateAccountRoute,
]

const standing = (
  account: Account,
  balances: ReadonlyMap<Account['id'], bigint>,
): AccountStanding => ({
  account,
  balance: inNormalDirection(account.category, balances.get(account.id) ?? 0n),
})

const toWire = (
  { account, balance }: AccountStanding,
  currency: string,
): Static<typeof AccountOut> => ({
  id: account.code,
  code: account.code,
  name: account.name,
  category: account.category,
  subcategory: account.subcategory as Static<typeof subcategory>, // checked when it was written
  balanceKobo: toKobo(balance),
  balance: toMajor(balance, currency),
  isSystemAccount: account.isSystem,
  isActive: account.archivedAt === null,
  createdAt: account.createdAt,
  description: account.description,
  role: account.role,
  currency: account.currency,
  externalId: account.externalId,
  metadata: account.metadata,
})
