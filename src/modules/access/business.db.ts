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

/** Writes all that can be changed of one business. */
export async function updateBusinessRow(tx: Tx, business: Business): Promise<void> {
  const { profile } = business
  await tx.query({
    name: 'update_business',
    text: `update business set name = $3, legal_name = $4, country = $5, time_zone = $6,
        fiscal_year_start = $7, tax_rounding = $8, number_at = $9, email = $10, phone = $11,
        website = $12, address = $13, city = $14, state = $15, postal_code = $16, tax_id = $17,
        registration_number = $18, bank_details = $19, logo_sha256 = decode($20, 'hex'),
        use_default_currency = $21, invoice_prefix = $22, quotation_prefix = $23,
        default_terms = $24, default_notes = $25, default_due_days = $26,
        default_deposit_account_code = $27, document_options = $28, updated_at = $29
      where organization_id = $1 and business_id = $2`,
    values: [
      business.organizationId,
      business.id,
      business.name,
      business.legalName,
      business.country,
      business.timeZone,
      business.fiscalYearStart,
      business.taxRounding,
      business.numberAt,
      profile.email,
      profile.phone,
      profile.website,
      profile.address,
      profile.city,
      profile.state,
      profile.postalCode,
      profile.taxId,
      profile.registrationNumber,
      JSON.stringify(profile.bankDetails),
      profile.logoSha256,
      profile.useDefaultCurrency,
      profile.invoicePrefix,
      profile.quotationPrefix,
      profile.defaultTerms,
      profile.defaultNotes,
      profile.defaultDueDays,
      profile.defaultDepositAccountCode,
      JSON.stringify(profile.documentOptions),
      business.updatedAt,
    ],
  })
}
