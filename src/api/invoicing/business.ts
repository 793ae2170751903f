import { type Static, Type } from 'typebox'
import type { CalendarDate } from '../../kernel/dates.ts'
import { Refusal } from '../../kernel/errors.ts'
import { setLogo } from '../../modules/access/business.actions.ts'
import { getBusiness } from '../../modules/access/business.queries.ts'
import {
  type BankDetail,
  type Business,
  type BusinessChanges,
  bankDetailsMax,
  type Profile,
} from '../../modules/access/business.ts'
import { findFile } from '../../modules/access/file.queries.ts'
import { type PictureType, pictureBytesMax, pictureTypes } from '../../modules/access/file.ts'
import { changeBusiness } from '../../modules/ledger/business-setting.actions.ts'
import { listShownLocks } from '../../modules/ledger/period.queries.ts'
import { type Call, type FileBody, type Reply, route } from '../http/route.ts'
import {
  DocumentOptionsIn,
  DocumentOptionsOut,
  toOptions,
  toWireOptions,
} from './document-options.ts'
import { longText, nullable, readErrors, text, uuid, writeErrors } from './fields.ts'

const name = Type.String({ minLength: 1, maxLength: 250 })
const email = Type.String({ format: 'email', maxLength: 255 })
const country = Type.String({ format: 'country', description: 'ISO 3166-1 alpha-2' })
const timezone = Type.String({ format: 'time-zone', maxLength: 64, description: 'IANA' })
const monthDay = Type.String({
  pattern: '^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$',
  description: 'MM-DD, day 1 to 28',
})
const taxRounding = Type.Enum(['document', 'line'])
const numberAt = Type.Enum(['creation', 'issue'])
const prefix = Type.String({ pattern: '^[!-~]{1,20}$', description: 'Visible ASCII' })
const dueDays = Type.Integer({ minimum: 0, maximum: 3_650 })
const accountCode = Type.String({ pattern: '^[0-9]{3,10}$' })

const BankDetailIn = Type.Object({
  label: Type.Optional(text()),
  name: Type.Optional(text()),
  bank_name: Type.Optional(text()),
  account_number: Type.Optional(text(64)),
  sort_code: Type.Optional(text(64)),
  iban: Type.Optional(text(64)),
  bic: Type.Optional(text(64)),
})

const BusinessChange = Type.Object({
  name: Type.Optional(name),
  legal_name: Type.Optional(nullable(text(250))),
  email: Type.Optional(nullable(email)),
  phone: Type.Optional(nullable(text())),
  website: Type.Optional(nullable(text())),
  address: Type.Optional(nullable(text())),
  city: Type.Optional(nullable(text())),
  state: Type.Optional(nullable(text())),
  country: Type.Optional(country),
  postal_code: Type.Optional(nullable(text())),
  tax_id: Type.Optional(nullable(text())),
  registration_number: Type.Optional(nullable(text())),
  logo_url: Type.Optional(
    nullable(
      Type.String({ maxLength: 2_048, description: 'null takes the logo away; PUT a file to set' }),
    ),
  ),
  timezone: Type.Optional(timezone),
  fiscal_year_start: Type.Optional(monthDay),
  tax_rounding: Type.Optional(taxRounding),
  number_at: Type.Optional(numberAt),
  use_default_currency: Type.Optional(Type.Boolean()),
  invoice_prefix: Type.Optional(prefix),
  quotation_prefix: Type.Optional(prefix),
  default_terms: Type.Optional(nullable(longText)),
  default_notes: Type.Optional(nullable(longText)),
  default_due_days: Type.Optional(nullable(dueDays)),
  default_deposit_account_code: Type.Optional(nullable(accountCode)),
  bank_details: Type.Optional(Type.Array(BankDetailIn, { maxItems: bankDetailsMax })),
  document_options: Type.Optional(DocumentOptionsIn),
})

const BankDetailOut = Type.Object({
  label: nullable(Type.String()),
  name: nullable(Type.String()),
  bank_name: nullable(Type.String()),
  account_number: nullable(Type.String()),
  sort_code: nullable(Type.String()),
  iban: nullable(Type.String()),
  bic: nullable(Type.String()),
})

const BusinessOut = Type.Object({
  id: uuid,
  name: Type.String(),
  legal_name: nullable(Type.String()),
  email: nullable(Type.String()),
  phone: nullable(Type.String()),
  website: nullable(Type.String()),
  address: nullable(Type.String()),
  city: nullable(Type.String()),
  state: nullable(Type.String()),
  country: Type.String(),
  postal_code: nullable(Type.String()),
  tax_id: nullable(Type.String()),
  registration_number: nullable(Type.String()),
  logo_url: nullable(Type.String({ description: 'Needs the key' })),
  currency: Type.String({ description: 'The base currency' }),
  timezone: Type.String(),
  environment: Type.Enum(['live', 'test']),
  fiscal_year_start: Type.String(),
  lock_date: nullable(Type.String({ description: 'Nothing is posted on or before it' })),
  tax_rounding: taxRounding,
  number_at: numberAt,
  use_default_currency: Type.Boolean(),
  invoice_prefix: Type.String(),
  quotation_prefix: Type.String(),
  default_terms: nullable(Type.String()),
  default_notes: nullable(Type.String()),
  default_due_days: nullable(Type.Integer()),
  default_deposit_account_code: nullable(Type.String()),
  bank_details: Type.Array(BankDetailOut),
  document_options: DocumentOptionsOut,
  plan: Type.String(),
  created_at: Type.String(),
  updated_at: Type.String(),
})

const shared = { tag: 'Business', tenant: 'business', cost: 1 } as const
const path = '/api/v1/business'
const logoPath = '/api/v1/business/logo'

const getRoute = route({
  ...shared,
  method: 'GET',
  path,
  operation: 'get-business',
  summary: 'Get the business of the key',
  scope: 'read',
  answers: { 200: BusinessOut },
  errors: readErrors,
  examples: [{ summary: 'The business with its settings', status: 200 }],
  handle: (call) => answerOwn(call),
})

const patchRoute = route({
  ...shared,
  method: 'PATCH',
  path,
  operation: 'update-business',
  summary: 'Update the business',
  description:
    'Only the members that are sent change; null clears an optional one. What exists is neither numbered nor computed again.',
  scope: 'write',
  body: BusinessChange,
  answers: { 200: BusinessOut },
  errors: [
    ...writeErrors,
    'validation.nothing_to_update',
    'documents.logo_invalid',
    'ledger.account_not_found',
    'ledger.account_is_group',
    'ledger.account_inactive',
    'resource.invalid_transition',
  ],
  examples: [
    {
      summary: 'Letterhead and defaults',
      body: {
        legal_name: 'Harbour Joinery Limited',
        email: 'office@harbourjoinery.example',
        address: '4 Slip Road',
        city: 'Falmouth',
        country: 'GB',
        postal_code: 'TR11 3XX',
        default_terms: 'Payable within 14 days',
        default_due_days: 14,
        bank_details: [
          { label: 'Pounds', bank_name: 'Tidal Bank', iban: 'GB33BUKB20201555555555' },
        ],
      },
      status: 200,
    },
    {
      summary: 'How documents look',
      body: {
        document_options: {
          language: 'de',
          second_language: 'en',
          brand_colour: '#0f5c4d',
          footer_columns: ['Harbour Joinery Limited', 'VAT GB123456789'],
        },
      },
      status: 200,
    },
    { summary: 'Nothing that can be changed', body: { currency: 'EUR' }, status: 400 },
  ],
  handle: async (call) => {
    const changes = toChanges(call.body, logoUrlOf(call))
    const kept = await call.read(readMore(call))
    return call.write(changeBusiness, changes, (business) => ({
      status: 200,
      body: toWire(business, { ...kept, ...factsOf(call) }),
    }))
  },
})

const putLogo = route({
  ...shared,
  method: 'PUT',
  path: logoPath,
  operation: 'put-business-logo',
  summary: 'Set the logo of new documents',
  description:
    'The body is the picture itself: PNG or JPEG, at most 1 MiB and 4,000 by 4,000 pixels. Documents that were issued keep the logo they had.',
  scope: 'write',
  file: { mediaTypes: pictureTypes, bytesMax: pictureBytesMax },
  answers: { 200: BusinessOut },
  errors: [...writeErrors, 'documents.file_content_mismatch', 'documents.logo_invalid'],
  examples: [],
  handle: async (call) => {
    const { mediaType, bytes } = call.body as FileBody // by `file` of this route
    const kept = await call.read(readMore(call))
    const picture = { content: bytes, mediaType: mediaType as PictureType } // one of its media types
    return call.write(setLogo, picture, (business) => ({
      status: 200,
      body: toWire(business, { ...kept, ...factsOf(call) }),
    }))
  },
})

const getLogo = route({
  ...shared,
  method: 'GET',
  path: logoPath,
  operation: 'get-business-logo',
  summary: 'Get the logo',
  scope: 'read',
  answers: { 200: Type.String() },
  answerTypes: pictureTypes,
  errors: readErrors,
  examples: [{ summary: 'A business without a logo', status: 404 }],
  handle: async (call) => {
    const { organizationId } = call.caller
    const { businessId } = call.business()
    const logo = await call.read(async (db) => {
      const { profile } = await getBusiness(db, organizationId, businessId)
      return profile.logoSha256 === null ? undefined : findFile(db, businessId, profile.logoSha256)
    })
    if (logo === undefined) throw new Refusal('resource.not_found', { resource: 'Logo', id: '' })
    const headers = { 'Content-Type': logo.mediaType, ETag: `"${logo.sha256}"` }
    return { status: 200, headers, bytes: Buffer.from(logo.content) }
  },
})

/** Source: Invoicing specification 12. */
export const businessRoutes = [getRoute, patchRoute, putLogo, getLogo]

type OneCall = Pick<Call, 'business' | 'caller' | 'origin' | 'read'>
type Facts = Readonly<{ plan: string; logoUrl: string; lockDate: CalendarDate | null }>

async function answerOwn(call: OneCall): Promise<Reply> {
  const { organizationId } = call.caller
  const { businessId } = call.business()
  const business = await call.read((db) => getBusiness(db, organizationId, businessId))
  const more = await call.read(readMore(call))
  return { status: 200, body: toWire(business, { ...more, ...factsOf(call) }) }
}

const readMore =
  (call: OneCall) =>
  async (db: Parameters<typeof listShownLocks>[0]): Promise<Pick<Facts, 'lockDate'>> => {
    const locks = await listShownLocks(db, call.business().businessId)
    const days = locks.filter(({ scope }) => scope === 'all').map(({ through }) => through)
    return { lockDate: days.sort().at(-1) ?? null }
  }

const logoUrlOf = ({ origin }: Pick<Call, 'origin'>): string => `${origin}/invoicing${logoPath}`

const factsOf = (call: OneCall) => ({ plan: call.caller.plan, logoUrl: logoUrlOf(call) })

type Change = Static<typeof BusinessChange>

/** Refuses: documents.logo_invalid (a URL in the place of a file). */
function toChanges(body: Change, logoUrl: string): BusinessChanges {
  if (typeof body.logo_url === 'string' && body.logo_url !== logoUrl) {
    const reason = `send the picture itself to PUT ${logoPath}`
    throw new Refusal('documents.logo_invalid', { reason })
  }
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.legal_name !== undefined && { legalName: body.legal_name }),
    ...(body.country !== undefined && { country: body.country }),
    ...(body.timezone !== undefined && { timeZone: body.timezone }),
    ...(body.fiscal_year_start !== undefined && { fiscalYearStart: body.fiscal_year_start }),
    ...(body.tax_rounding !== undefined && { taxRounding: body.tax_rounding }),
    ...(body.number_at !== undefined && { numberAt: body.number_at }),
    profile: { ...toLetterhead(body), ...toDefaults(body) },
    ...(body.document_options !== undefined && {
      documentOptions: toOptions(body.document_options),
    }),
  }
}

const toLetterhead = (body: Change): Partial<Profile> => ({
  ...(body.email !== undefined && { email: body.email }),
  ...(body.phone !== undefined && { phone: body.phone }),
  ...(body.website !== undefined && { website: body.website }),
  ...(body.address !== undefined && { address: body.address }),
  ...(body.city !== undefined && { city: body.city }),
  ...(body.state !== undefined && { state: body.state }),
  ...(body.postal_code !== undefined && { postalCode: body.postal_code }),
  ...(body.tax_id !== undefined && { taxId: body.tax_id }),
  ...(body.registration_number !== undefined && { registrationNumber: body.registration_number }),
  ...(body.logo_url === null && { logoSha256: null }),
  ...(body.bank_details !== undefined && { bankDetails: body.bank_details.map(toBankDetail) }),
})

const toDefaults = (body: Change): Partial<Profile> => ({
  ...(body.use_default_currency !== undefined && {
    useDefaultCurrency: body.use_default_currency,
  }),
  ...(body.invoice_prefix !== undefined && { invoicePrefix: body.invoice_prefix }),
  ...(body.quotation_prefix !== undefined && { quotationPrefix: body.quotation_prefix }),
  ...(body.default_terms !== undefined && { defaultTerms: body.default_terms }),
  ...(body.default_notes !== undefined && { defaultNotes: body.default_notes }),
  ...(body.default_due_days !== undefined && { defaultDueDays: body.default_due_days }),
  ...(body.default_deposit_account_code !== undefined && {
    defaultDepositAccountCode: body.default_deposit_account_code,
  }),
})

const toBankDetail = (given: Static<typeof BankDetailIn>): BankDetail => ({
  label: given.label ?? null,
  name: given.name ?? null,
  bankName: given.bank_name ?? null,
  accountNumber: given.account_number ?? null,
  sortCode: given.sort_code ?? null,
  iban: given.iban ?? null,
  bic: given.bic ?? null,
})

function toWire(business: Business, facts: Facts): Static<typeof BusinessOut> {
  const { profile } = business
  return {
    id: business.id,
    name: business.name,
    legal_name: business.legalName,
    email: profile.email,
    phone: profile.phone,
    website: profile.website,
    address: profile.address,
    city: profile.city,
    state: profile.state,
    country: business.country,
    postal_code: profile.postalCode,
    tax_id: profile.taxId,
    registration_number: profile.registrationNumber,
    logo_url: profile.logoSha256 === null ? null : facts.logoUrl,
    currency: business.baseCurrency,
    timezone: business.timeZone,
    environment: business.environment,
    fiscal_year_start: business.fiscalYearStart,
    lock_date: facts.lockDate,
    tax_rounding: business.taxRounding,
    number_at: business.numberAt,
    use_default_currency: profile.useDefaultCurrency,
    invoice_prefix: profile.invoicePrefix,
    quotation_prefix: profile.quotationPrefix,
    default_terms: profile.defaultTerms,
    default_notes: profile.defaultNotes,
    default_due_days: profile.defaultDueDays,
    default_deposit_account_code: profile.defaultDepositAccountCode,
    bank_details: profile.bankDetails.map((detail) => ({
      label: detail.label,
      name: detail.name,
      bank_name: detail.bankName,
      account_number: detail.accountNumber,
      sort_code: detail.sortCode,
      iban: detail.iban,
      bic: detail.bic,
    })),
    document_options: toWireOptions(profile.documentOptions),
    plan: facts.plan,
    created_at: business.createdAt,
    updated_at: business.updatedAt,
  }
}
