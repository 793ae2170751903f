import type { Tx } from '../../db/tx.ts'
import type { Business } from './business.ts'

/** Inserts one business. */
export async function insertBusiness(tx: Tx, business: Business): Promise<void> {
  await tx.query({
    text: `insert into business (organization_id, business_id, name, legal_name, environment,
        status, suspended_at, base_currency, country, time_zone, fiscal_year_start, chart,
        tax_rounding, rounding_mode, number_at, books_start, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    values: [
      business.organizationId,
      business.id,
      business.name,
      business.legalName,
      business.environment,
      business.status,
      business.suspendedAt,
      business.baseCurrency,
      business.country,
      business.timeZone,
      business.fiscalYearStart,
      business.chart,
      business.taxRounding,
      business.roundingMode,
      business.numberAt,
      business.booksStart,
      business.createdAt,
    ],
  })
}

/** Sets status and instant of suspension of one business. */
export async function updateBusinessStatus(
  tx: Tx,
  { organizationId, id, status, suspendedAt }: Business,
): Promise<void> {
  await tx.query({
    text: `update business set status = $3, suspended_at = $4
      where organization_id = $1 and business_id = $2`,
    values: [organizationId, id, status, suspendedAt],
  })
}
