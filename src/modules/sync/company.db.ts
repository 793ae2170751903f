import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Company } from './company.ts'

type OrganizationId = Id<'organization'>

/** Inserts a company that has no connections yet. */
export async function insertCompany(
  tx: Tx,
  organizationId: OrganizationId,
  company: Company,
): Promise<void> {
  await tx.query({
    name: 'insert_company',
    text: `insert into company
        (organization_id, company_id, name, description, tags, created_at, created_by_name)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      organizationId,
      company.id,
      company.name,
      company.description,
      JSON.stringify(company.tags),
      company.createdAt,
      company.createdByName,
    ],
  })
}

/** Writes what callers may change of a company. */
export async function updateCompanyRow(
  tx: Tx,
  organizationId: OrganizationId,
  { id, name, description, tags }: Pick<Company, 'id' | 'name' | 'description' | 'tags'>,
): Promise<void> {
  await tx.query({
    name: 'update_company',
    text: `update company set name = $3, description = $4, tags = $5
      where organization_id = $1 and company_id = $2`,
    values: [organizationId, id, name, description, JSON.stringify(tags)],
  })
}

/** Writes the products of a company. */
export async function updateProducts(
  tx: Tx,
  organizationId: OrganizationId,
  { id, products }: Pick<Company, 'id' | 'products'>,
): Promise<void> {
  await tx.query({
    name: 'update_company_products',
    text: 'update company set products = $3 where organization_id = $1 and company_id = $2',
    values: [organizationId, id, products],
  })
}

/** Removes a company with its connections, datasets and records; never a business. */
export async function deleteCompanyRow(
  tx: Tx,
  organizationId: OrganizationId,
  companyId: Id<'company'>,
): Promise<void> {
  await tx.query({
    name: 'delete_company',
    text: 'delete from company where organization_id = $1 and company_id = $2',
    values: [organizationId, companyId],
  })
}
