import type { Ctx } from '../../db/write.ts'
import { dateIn } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { createBusiness, type NewBusiness } from '../access/business.actions.ts'
import type { Business } from '../access/business.ts'
import { insertAccounts, updateAccountRow } from './account.db.ts'
import {
  countAccounts,
  findAccount,
  getAccount,
  isEmptyAccount,
  listAccounts,
  sumBalances,
} from './account.queries.ts'
import { type Account, type AccountCategory, inNormalDirection, requireRoom } from './account.ts'
import { loadBook } from './book.queries.ts'
import { type ChartName, chartAccounts, requireSubcategory, subcategoriesOf } from './chart.ts'

/**
 * Makes a business with its chart of accounts in one commit of its own lane: there is never a
 * business without a chart. The tenant of the command names the new business's id.
 * Refuses, in this order: resource.not_found (the organization), plan.business_limit.
 */
export async function openBusiness(ctx: Ctx, input: NewBusiness): Promise<Business> {
  const business = await createBusiness(ctx, input)
  await seedChart(ctx, { chart: business.chart })
  return business
}

/**
 * Gives a business the accounts of a chart. A business that has accounts keeps them as they are.
 * Refuses: nothing.
 * Source: Books specification 12.2.
 */
export async function seedChart(
  ctx: Ctx,
  { chart }: Readonly<{ chart: ChartName }>,
): Promise<readonly Account[]> {
  const { tx, businessId, now } = ctx
  const known = await listAccounts(tx, { businessId })
  if (known.length > 0) return known
  const accounts = chartAccounts(chart).map(
    (row): Account => ({
      ...row,
      id: ctx.newId('account'),
      description: null,
      currency: null,
      isHeader: false,
      isSystem: row.role !== null,
      externalId: null,
      metadata: {},
      archivedAt: null,
      createdAt: now,
      updatedAt: now,
    }),
  )
  await insertAccounts(tx, businessId, accounts)
  ctx.configurationChanged()
  const payload = { chart, count: accounts.length }
  ctx.audit({
    action: 'chart.seeded',
    resource: 'business',
    resourceId: businessId,
    after: payload,
  })
  ctx.emit({
    type: 'ledger.chart.seeded',
    resource: 'business',
    resourceId: businessId,
    payload,
  })
  return accounts
}

/** `role`: another account for money, used beside the seeded one. `currency`: the only one held. */
export type NewAccount = Readonly<{
  code: string
  name: string
  category: AccountCategory
  subcategory?: string | undefined
  description?: string | null
  currency?: string | null
  role?: 'cash' | 'bank'
  externalId?: string | null
  metadata?: Account['metadata']
}>

/** An account with its balance today, in its own direction. Minor units of the base currency. */
export type AccountStanding = Readonly<{ account: Account; balance: bigint }>

/**
 * Adds an account to the chart. An external id is a permanent key: the same account sent again
 * answers the one that is there.
 * Refuses, in this order: validation.failed (a subcategory of another category),
 * resource.external_id_taken, ledger.account_code_reserved, ledger.account_code_taken,
 * validation.failed (the chart is full).
 * Source: Books specification 12.2; ledger specification 7.4.
 */
export async function createAccount(ctx: Ctx, input: NewAccount): Promise<AccountStanding> {
  const { tx, businessId, now } = ctx
  const { code, category } = input
  const subcategory = input.subcategory ?? subcategoriesOf(category)[0] ?? category
  requireSubcategory(category, subcategory)
  const known = await findByExternalId(ctx, input.externalId)
  if (known !== undefined) {
    if (!isSame(known, { ...input, subcategory })) throw externalIdTaken(known)
    return standingOf(ctx, known)
  }
  const taken = await findAccount(tx, businessId, code)
  if (taken !== undefined) {
    const isReserved = taken.isSystem
    throw new Refusal(isReserved ? 'ledger.account_code_reserved' : 'ledger.account_code_taken', {
      code,
    })
  }
  requireRoom(await countAccounts(tx, businessId))
  const account: Account = {
    id: ctx.newId('account'),
    code,
    name: input.name,
    description: input.description ?? null,
    category,
    subcategory,
    role: input.role ?? null,
    level: 'open',
    currency: input.currency ?? null,
    isHeader: false,
    isSystem: false,
    externalId: input.externalId ?? null,
    metadata: input.metadata ?? {},
    archivedAt: null,
    createdAt: now,
    updatedAt: now,
  }
  await insertAccounts(tx, businessId, [account])
  report(ctx, 'created', account)
  return { account, balance: 0n }
}

async function findByExternalId(
  { tx, businessId }: Ctx,
  externalId: string | null | undefined,
): Promise<Account | undefined> {
  if (!externalId) return undefined
  const [known] = await listAccounts(tx, { businessId, externalId })
  return known
}

const isSame = (known: Account, { code, name, category, subcategory, ...rest }: NewAccount) =>
  JSON.stringify([known.code, known.name, known.category, known.subcategory, known.description]) ===
    JSON.stringify([code, name, category, subcategory, rest.description ?? null]) &&
  sortedText(known.metadata) === sortedText(rest.metadata ?? {})

const sortedText = (metadata: Account['metadata']): string =>
  JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))

const externalIdTaken = ({ externalId }: Pick<Account, 'externalId'>): Refusal =>
  new Refusal('resource.external_id_taken', { externalId: externalId ?? '', resource: 'Account' })

async function standingOf(ctx: Ctx, account: Account): Promise<AccountStanding> {
  const { business } = await ctx.remember(loadBook)
  const today = dateIn(ctx.now, business.timeZone)
  const balances = await sumBalances(ctx.tx, ctx.businessId, today)
  return { account, balance: inNormalDirection(account.category, balances.get(account.id) ?? 0n) }
}

/** Only what is named changes; `isActive` archives an account or brings it back. */
export type AccountChange = Readonly<{
  code: string
  name?: string | undefined
  subcategory?: string | undefined
  description?: string | null | undefined
  externalId?: string | null | undefined
  metadata?: Account['metadata'] | undefined
  isActive?: boolean | undefined
}>

/**
 * Changes an account; code and category stay for ever.
 * Refuses, in this order: resource.not_found, validation.failed (a subcategory of another
 * category), ledger.system_account_locked, ledger.account_in_use (archived with a balance),
 * resource.external_id_taken.
 * Source: Books specification 12.2; ledger specification 4.5.
 */
export async function updateAccount(ctx: Ctx, change: AccountChange): Promise<AccountStanding> {
  const { tx, businessId, now } = ctx
  const before = await getAccount(tx, businessId, change.code)
  const isActive = change.isActive ?? before.archivedAt === null
  const archivedAt = isActive ? null : (before.archivedAt ?? now)
  const after: Account = {
    ...before,
    name: change.name ?? before.name,
    subcategory: change.subcategory ?? before.subcategory,
    description: change.description === undefined ? before.description : change.description,
    externalId: change.externalId === undefined ? before.externalId : change.externalId,
    metadata: change.metadata ?? before.metadata,
    archivedAt,
    updatedAt: now,
  }
  requireSubcategory(after.category, after.subcategory)
  const isArchived = before.archivedAt === null && archivedAt !== null
  const isBound = before.isSystem || before.role !== null
  if (isBound && (isArchived || after.description !== before.description)) {
    throw new Refusal('ledger.system_account_locked', { account: before.code })
  }
  if (isArchived && !(await isEmptyAccount(tx, businessId, before.id))) {
    throw new Refusal('ledger.account_in_use', { account: before.code })
  }
  const known = await findByExternalId(ctx, after.externalId)
  if (known !== undefined && known.id !== before.id) throw externalIdTaken(after)
  await updateAccountRow(tx, businessId, after)
  report(ctx, 'updated', after, before)
  return standingOf(ctx, after)
}

function report(ctx: Ctx, what: 'created' | 'updated', after: Account, before?: Account): void {
  ctx.configurationChanged()
  ctx.audit({
    action: `account.${what}`,
    resource: 'account',
    resourceId: after.id,
    ...(before !== undefined && { before }),
    after,
  })
  ctx.emit({
    type: `ledger.account.${what}`,
    resource: 'account',
    resourceId: after.id,
    payload: after,
  })
}
