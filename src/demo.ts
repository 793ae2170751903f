import { nativeManifest } from './connectors/native/manifest.ts'
import type { Gate } from './db/lane.ts'
import type { Tenant } from './db/tx.ts'
import type { Action, Ctx, OrganizationCtx } from './db/write.ts'
import { keepDemoBooks } from './demo-books.ts'
import type { DemoFacts } from './demo-file.ts'
import { assert } from './kernel/assert.ts'
import {
  addDays,
  addMonths,
  type CalendarDate,
  dateIn,
  type Instant,
  monthStart,
  msOf,
  parseInstant,
} from './kernel/dates.ts'
import { asId, type Id, uuidV7 } from './kernel/ids.ts'
import type { KeyHasher } from './master-key.ts'
import { createKey } from './modules/access/api-key.actions.ts'
import { keyRandomBytes } from './modules/access/api-key.ts'
import { markDemo, removeDemo } from './modules/access/demo.actions.ts'
import { createOrganization } from './modules/access/organization.actions.ts'
import { openBusiness } from './modules/ledger/account.actions.ts'
import { createCompany } from './modules/sync/company.actions.ts'
import { createConnection, linkNativeConnection } from './modules/sync/connection.actions.ts'

/** What the demo needs of an installation. */
export type DemoParts = Readonly<{
  app: Readonly<{ gate: Gate }>
  clock: () => Instant
  random: (bytes: number) => Uint8Array
  keyHasher: KeyHasher
}>

type Size = Readonly<{ seed: number; years: number }>

type Business = Readonly<{ organizationId: Id<'organization'>; businessId: Id<'business'> }>

const companyName = 'Marula Workshop Ltd'
const timeZone = 'Africa/Lagos'
const actor = 'operator'

/**
 * Makes the demo: an organization, its live and its test business with the demo year, a Connect
 * company linked to the live one, and a key of every kind. The books begin when the year does, so
 * that their history reads as if it had been kept day by day.
 * Source: ledger specification 14, platform specification 28.
 */
export async function seedDemo(parts: DemoParts, size: Size): Promise<DemoFacts> {
  const writer = buildWriter(parts)
  const span = spanOf(parts, size)
  const organizationId = writer.newId('organization')
  const organization = { name: companyName }
  await writer.write({ organizationId }, createOrganization, organization, span.beginning)
  const live = await openBooks(writer, { organizationId, environment: 'live', ...span })
  const test = await openBooks(writer, { organizationId, environment: 'test', ...span })
  const { gate } = parts.app
  const { asOf, now } = span
  await Promise.all([live, test].map((own) => keepDemoBooks({ gate, ...own, asOf, now, ...size })))
  return {
    organizationId,
    businessId: live.businessId,
    testBusinessId: test.businessId,
    connectCompanyId: await linkCompany(writer, live),
    keys: await makeKeys(parts, writer, { live, test }),
  }
}

/**
 * Deletes the test business of a demo and makes another in its place, which it answers; what is
 * live stays as it is. A demo whose test business is gone already, after a crash in the middle,
 * only gets its new one.
 * Refuses: resource.not_found (the test business is not one that the demo made).
 * Source: platform specification 2.
 */
export async function resetDemo(
  parts: DemoParts,
  demo: Readonly<{
    organizationId: Id<'organization'>
    testBusinessId: Id<'business'> | undefined
  }>,
  size: Size,
): Promise<Id<'business'>> {
  const { organizationId, testBusinessId: businessId } = demo
  const writer = buildWriter(parts)
  if (businessId !== undefined) {
    await writer.write({ organizationId }, removeDemo, { businessId })
  }
  const span = spanOf(parts, size)
  const test = await openBooks(writer, { organizationId, environment: 'test', ...span })
  const { asOf, now } = span
  await keepDemoBooks({ gate: parts.app.gate, ...test, asOf, now, ...size })
  return test.businessId
}

type Span = Readonly<{ asOf: CalendarDate; now: Instant; beginning: Instant }>

/** The last day of the demo's books, and the morning on which they begin. */
function spanOf({ clock }: DemoParts, { years }: Size): Span {
  const now = clock()
  const asOf = dateIn(now, timeZone)
  const openingDay = addDays(firstDay(asOf, years), -1)
  return { asOf, now, beginning: parseInstant(`${openingDay}T06:00:00.000Z`) }
}

type Opening = Span & Readonly<{ organizationId: Id<'organization'>; environment: 'live' | 'test' }>

async function openBooks(
  writer: Writer,
  { organizationId, environment, asOf, beginning }: Opening,
): Promise<Business> {
  const businessId = writer.newId('business')
  const tenant = { organizationId, businessId }
  const input = {
    name: environment === 'live' ? companyName : `${companyName} (test)`,
    environment,
    baseCurrency: 'NGN',
    country: 'NG',
    timeZone,
    fiscalYearStart: firstDay(asOf, 1).slice(5),
  }
  await writer.write(tenant, openBusiness, input, beginning)
  if (environment === 'test') {
    await writer.write({ organizationId }, markDemo, { businessId }, beginning)
  }
  return tenant
}

/** The first day of the demo's first month: eleven months before the one that contains today. */
const firstDay = (asOf: CalendarDate, years: number): CalendarDate =>
  addMonths(monthStart(asOf), 1 - 12 * years)

async function linkCompany(writer: Writer, live: Business): Promise<string> {
  const { businessId, ...tenant } = live
  const draft = { name: companyName, description: 'The demo company', tags: {} }
  const company = await writer.write(tenant, createCompany, draft)
  const manifest = nativeManifest
  const connection = await writer.write(tenant, createConnection, {
    companyId: company.id,
    manifest,
  })
  await writer.write(tenant, linkNativeConnection, {
    companyId: company.id,
    connectionId: connection.id,
    manifest,
    environment: 'live',
    businessId,
  })
  return company.id
}

async function makeKeys(
  { random, keyHasher }: DemoParts,
  writer: Writer,
  { live, test }: Readonly<{ live: Business; test: Business }>,
): Promise<DemoFacts['keys']> {
  const tenant = { organizationId: live.organizationId }
  const make = async (
    surface: 'invoicing' | 'books' | 'connect',
    { businessId }: Business,
    environment: 'live' | 'test' = 'live',
  ): Promise<string> => {
    const made = await writer.write(tenant, createKey, {
      ...keyHasher,
      random: random(keyRandomBytes),
      surface,
      environment,
      name: `Demo ${surface} ${environment}`,
      ...(surface === 'invoicing' && { businessId }),
    })
    return made.text
  }
  return {
    invoicing: await make('invoicing', live),
    booksLive: await make('books', live),
    booksTest: await make('books', test, 'test'),
    connect: await make('connect', live),
  }
}

type Writer = ReturnType<typeof buildWriter>

/** Writes through the gate as the operator, now unless another instant is given. */
function buildWriter({ app, clock, random }: DemoParts) {
  const newId = <K extends string>(kind: K): Id<K> => asId(kind, uuidV7(msOf(clock()), random(10)))
  const write = async <C extends Ctx | OrganizationCtx, Input, Result>(
    tenant: Tenant,
    action: Action<C, Input, Result>,
    input: Input,
    now: Instant = clock(),
  ): Promise<Result> => {
    const done = await app.gate.write({ tenant, action, input, actor, now })
    assert('value' in done, 'a command without an idempotency key is never replayed')
    return done.value
  }
  return { newId, write }
}
