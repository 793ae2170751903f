import type { PoolClient } from '../src/db/pool.ts'
import { asDate } from '../src/kernel/dates.ts'
import { setRate } from '../src/modules/ledger/exchange-rate.actions.ts'
import { draftJournal, postJournal, reverseJournal } from '../src/modules/ledger/journal.actions.ts'
import { createInvoice } from '../src/modules/sales/invoice.actions.ts'
import { journal, newUuid, noon } from './lane.ts'
import { anInvoice, aShop, type Shop } from './shop.ts'

/** The setting that names the tenant of a table, by the table's own column. */
export const settings = ['organization_id', 'tenant_id', 'business_id'] as const

export type FullShop = Shop &
  Readonly<{
    /** Every table that holds rows of a tenant, with the column that says of which. */
    tables: readonly Readonly<{ table: string; column: (typeof settings)[number] }>[]
    /** Runs work as a role in a transaction that is rolled back, with every setting of the shop. */
    as: <Result>(
      role: 'tallystick_app' | 'tallystick_owner',
      work: (client: PoolClient) => Promise<Result>,
      given?: Partial<Record<(typeof settings)[number], string>>,
    ) => Promise<Result>
  }>

/**
 * A shop with at least one row in every table. A new table is missed by the tests that ask for its
 * rows until it has a line here.
 */
export async function aFullShop(): Promise<FullShop> {
  const shop = await aShop()
  const { organizationId, businessId } = shop
  const customer = await shop.party({ externalId: 'party 1' })
  const issued = { externalId: 'invoice 1' }
  await shop.write(createInvoice, anInvoice(customer.id, issued))
  await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))
  const sale = journal('1001 +1.00 | 4000 -1.00', '2026-06-10', { externalId: 'journal 1' })
  const { id } = await shop.write(postJournal, sale)
  await shop.write(reverseJournal, { entryId: id, reason: 'a test' })
  await shop.write(draftJournal, journal('1001 +1.00 | 4000 -1.00'))
  const quote = { quoted: '1520', direction: 'base_per_unit', source: 'manual' } as const
  await shop.write(setRate, { currency: 'USD', day: asDate('2026-06-08'), ...quote })

  const client = await shop.owner.connect()
  const [b, o, at] = [`'${businessId}'`, `'${organizationId}'`, `'${noon}'`]
  const [company, connection] = [`'${newUuid()}'`, `'${newUuid()}'`]
  await client.query(`
    begin; set local role postgres; set local session_replication_role = replica;
    insert into period_lock (business_id, seq, kind, scope, through_date, reason, set_by, recorded_at)
      values (${b}, 1, 'soft', 'sales', '2026-01-31', 'month end', 'a', ${at});
    insert into bank_statement_line (business_id, line_id, account_id, booked_on, amount, currency,
        description, reference, created_at)
      values (${b}, gen_random_uuid(), gen_random_uuid(), '2026-06-01', 100, 'NGN', 'transfer', 'r',
        ${at});
    insert into withholding_certificate (business_id, certificate_id, number, party_id, payment_id,
        issue_date, rate_percent, gross, withheld)
      values (${b}, gen_random_uuid(), 'WHT-1', gen_random_uuid(), gen_random_uuid(), '2026-06-01',
        5, 100, 5);
    insert into idempotency (tenant_id, surface, key, fingerprint, status, headers, body, request_id,
        created_at, expires_at)
      values (${b}, 'books', 'a key', sha256('a'), 201, '{}', '', gen_random_uuid(), ${at}, ${at});
    insert into api_key (organization_id, key_id, surface, environment, business_id, hash,
      pepper_version, visible_start, visible_end, name, scopes, plan_at_issue, created_at, created_by)
    values (${o}, gen_random_uuid(), 'invoicing', 'live', ${b}, sha256('a'), 1, 'a', 'z', 'a key',
      '{}', 'free', ${at}, 'a');
    insert into company (organization_id, company_id, name, created_at)
      values (${o}, ${company}, 'A company', ${at});
    insert into connection (organization_id, connection_id, company_id, platform_key, source_type,
        status, business_id, created_at, linked_at)
      values (${o}, ${connection}, ${company}, 'abcd', 'Accounting', 'Linked', ${b}, ${at}, ${at});
    insert into dataset (organization_id, dataset_id, company_id, connection_id, data_type, status,
        progress, requested_at, completed_at)
      values (${o}, gen_random_uuid(), ${company}, ${connection}, 'invoices', 'Complete', 100, ${at},
        ${at});
    insert into record (organization_id, connection_id, data_type, record_id, position, body)
      values (${o}, ${connection}, 'invoices', 'r1', 1, '{}');
    commit`)
  const { rows: tables } = await client.query<FullShop['tables'][number]>(
    `select c.relname as table, a.attname as column
    from pg_class as c
    cross join lateral (
      select attname from pg_attribute
      where attrelid = c.oid and attname in ('organization_id', 'tenant_id', 'business_id')
        and not attisdropped
      order by c.relname in ('business', 'api_key', 'connection') and attname = 'business_id', attnum
      limit 1
    ) as a
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    order by c.relname`,
  )
  client.release()
  const as: FullShop['as'] = async (role, work, given) => {
    const own = given ?? {
      organization_id: organizationId,
      tenant_id: businessId,
      business_id: businessId,
    }
    const session = await shop.owner.connect()
    try {
      await session.query(`begin; set local role ${role}`)
      for (const [name, value] of Object.entries(own)) {
        await session.query('select set_config($1, $2, true)', [`tallystick.${name}`, value])
      }
      return await work(session)
    } finally {
      await session.query('rollback')
      session.release()
    }
  }
  return { ...shop, tables, as }
}
