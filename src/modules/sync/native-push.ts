import { asDate, type CalendarDate, isDate } from '../../kernel/dates.ts'
import { formatDecimal, readDecimal } from '../../kernel/decimal.ts'
import { type Issue, type IssueRule, Refusal } from '../../kernel/errors.ts'
import { isUuid } from '../../kernel/ids.ts'
import type { NewInvoice } from '../sales/invoice.ts'

type Ref = Readonly<{ id?: string | null; name?: string | null; nominalCode?: string | null }>

type LineBody = Readonly<{
  description?: string | null
  unitAmount?: number | null
  quantity?: number | null
  discountAmount?: number | null
  discountPercentage?: number | null
  taxAmount?: number | null
  accountRef?: Ref | null
  taxRateRef?: Readonly<{ effectiveTaxRate?: number | null }> | null
  itemRef?: Readonly<{ id?: string | null }> | null
}>

/** An invoice as callers push it; every member may be missing or null. */
export type InvoiceBody = Readonly<{
  customerRef?: Ref | null
  invoiceNumber?: string | null
  issueDate?: string | null
  dueDate?: string | null
  currency?: string | null
  currencyRate?: number | null
  lineItems?: readonly LineBody[] | null
  totalAmount?: number | null
  discountPercentage?: number | null
  status?: string | null
  note?: string | null
}>

/** The accounts of the books by id and by code. */
export type AccountNames = Readonly<{
  codeById: ReadonlyMap<string, string>
  codes: ReadonlySet<string>
}>

const descriptionDefault = 'Item'

/**
 * The invoice that a pushed record asks for. Its number becomes a reference, because numbers are
 * ours to give.
 * Refuses: validation.failed, naming every field that is wrong.
 * Source: Connect specification 17.3.
 */
export function toNewInvoice(
  body: InvoiceBody,
  { baseCurrency, accounts }: Readonly<{ baseCurrency: string; accounts: AccountNames }>,
): NewInvoice {
  const faults = new Faults()
  const customerId = body.customerRef?.id ?? ''
  if (customerId === '') faults.add('customerRef.id', 'required', 'must be provided.')
  else if (!isUuid(customerId)) faults.add('customerRef.id', 'format', 'does not exist.')
  const status = body.status ?? 'Submitted'
  if (status !== 'Draft' && status !== 'Submitted') {
    faults.add('status', 'enum', 'must be one of: Draft, Submitted.')
  }
  const issueDate = faults.date(body.issueDate, 'issueDate', true)
  const dueDate = faults.date(body.dueDate, 'dueDate', false)
  if (issueDate !== undefined && dueDate !== undefined && dueDate < issueDate) {
    faults.add('dueDate', 'order', 'must not be before IssueDate.')
  }
  const given = body.lineItems ?? []
  if (given.length === 0) faults.add('lineItems', 'required', 'must have at least one item.')
  const lines = given.map((line, index) => toLine(line, `lineItems[${index}]`, faults, accounts))
  const discountPercent = faults.number(body.discountPercentage ?? 0, 'discountPercentage') ?? '0'
  const rate =
    body.currencyRate === undefined || body.currencyRate === null
      ? undefined
      : faults.number(body.currencyRate, 'currencyRate')
  faults.require()
  return {
    surface: 'invoicing',
    status: status === 'Draft' ? 'draft' : 'sent',
    customerId: customerId.toLowerCase(),
    issueDate: issueDate ?? asDate('1900-01-01'), // required above
    dueDate: dueDate ?? null,
    currency: body.currency ?? baseCurrency,
    notes: body.note ?? null,
    terms: null,
    template: 'modern',
    exchangeRate: rate,
    pricesIncludeTax: false,
    discountPercent,
    purchaseOrder: body.invoiceNumber ?? null,
    externalId: null,
    metadata: {},
    lines,
  }
}

function toLine(
  line: LineBody,
  path: string,
  faults: Faults,
  accounts: AccountNames,
): NewInvoice['lines'][number] {
  const { accountRef, taxRateRef, itemRef, discountAmount } = line
  if ((itemRef?.id ?? '') !== '') faults.add(`${path}.itemRef.id`, 'format', 'does not exist.')
  const discount = faults.number(line.discountPercentage ?? 0, `${path}.discountPercentage`) ?? '0'
  if ((discountAmount ?? 0) !== 0 && discount === '0') {
    const message = 'must come with DiscountPercentage.'
    faults.add(`${path}.discountAmount`, 'required', message)
  }
  const percent = taxRateRef?.effectiveTaxRate ?? undefined
  if (percent === undefined && (line.taxAmount ?? 0) !== 0) {
    const message = 'must be provided where TaxAmount is not zero.'
    faults.add(`${path}.taxRateRef.effectiveTaxRate`, 'required', message)
  }
  return {
    description: line.description ?? descriptionDefault,
    quantity: faults.number(line.quantity, `${path}.quantity`) ?? '0',
    unitPrice: faults.number(line.unitAmount, `${path}.unitAmount`) ?? '0',
    discountPercent: discount,
    taxPercent:
      percent === undefined
        ? undefined
        : faults.number(percent, `${path}.taxRateRef.effectiveTaxRate`),
    accountCode: toCode(accountRef ?? undefined, path, faults, accounts),
  }
}

/** References are by id; of accounts the code is good too. */
function toCode(
  ref: Ref | undefined,
  path: string,
  faults: Faults,
  { codeById, codes }: AccountNames,
): string | undefined {
  const { id, nominalCode } = ref ?? {}
  if (typeof id === 'string' && id !== '') {
    const code = codeById.get(id.toLowerCase())
    if (code === undefined) faults.add(`${path}.accountRef.id`, 'format', 'does not exist.')
    return code
  }
  if (typeof nominalCode !== 'string' || nominalCode === '') return undefined
  if (!codes.has(nominalCode)) {
    faults.add(`${path}.accountRef.nominalCode`, 'format', 'does not exist.')
  }
  return nominalCode
}

/** Collects what is wrong, so that all of it is said at once. */
class Faults {
  readonly #issues: Issue[] = []

  add(path: string, rule: IssueRule, message: string): void {
    const pointer = `/${path.replaceAll(/\[(\d+)\]/g, '/$1').replaceAll('.', '/')}`
    this.#issues.push({ pointer, path, rule, message })
  }

  number(value: number | null | undefined, path: string): string | undefined {
    if (value === undefined || value === null) {
      this.add(path, 'required', 'must be provided.')
      return undefined
    }
    const read = readDecimal(value)
    if (typeof read !== 'string') return formatDecimal(read)
    this.add(path, 'precision', 'must have at most 15 significant digits.')
    return undefined
  }

  date(
    value: string | null | undefined,
    path: string,
    isNeeded: boolean,
  ): CalendarDate | undefined {
    if (value === undefined || value === null || value === '') {
      if (isNeeded) this.add(path, 'required', 'must be provided.')
      return undefined
    }
    const day = value.slice(0, 10)
    if (isDate(day)) return day
    this.add(path, 'format', 'must be a valid date (YYYY-MM-DD).')
    return undefined
  }

  /** Refuses: validation.failed. */
  require(): void {
    if (this.#issues.length > 0) throw new Refusal('validation.failed', { issues: this.#issues })
  }
}
