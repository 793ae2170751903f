import { toPrefixed } from '../../kernel/ids.ts'
import type { NewEntry } from '../../modules/ledger/journal.ts'

/** Where an entry comes from, in the words of this surface. Source: Books specification 12.1. */
export const sourceTypes = [
  'manual',
  'invoice',
  'receipt',
  'credit_note',
  'expense',
  'bill',
  'bill_payment',
  'payroll',
  'payroll_payment',
  'asset',
  'depreciation',
  'disposal',
  'petty_cash',
  'bank',
  'tax_payment',
  'fx',
  'opening',
  'reversal',
] as const

export type SourceType = (typeof sourceTypes)[number]

/** The ledger's words that are not this surface's own. */
const typeByCoreType: Readonly<Record<string, SourceType>> = {
  supplier_credit: 'bill',
  transfer: 'bank',
  bank_match: 'bank',
  allocation: 'receipt',
  asset_disposal: 'disposal',
  revaluation: 'fx',
  import: 'manual',
  closing: 'manual',
}

const isSourceType = (type: string): type is SourceType =>
  sourceTypes.some((known) => known === type)

export function toSourceType({ kind, sourceType }: Pick<NewEntry, 'kind' | 'sourceType'>) {
  if (kind === 'reversal') return 'reversal'
  return isSourceType(sourceType) ? sourceType : (typeByCoreType[sourceType] ?? 'manual')
}

/** What to look for in the ledger to find entries of a type. */
export function coreSourceTypes(type: SourceType) {
  if (type === 'reversal') return { isReversal: true }
  const others = Object.entries(typeByCoreType).filter(([, own]) => own === type)
  return { isReversal: false, sourceTypes: [type, ...others.map(([core]) => core)] }
}

const prefixByType: Readonly<Record<string, string>> = {
  invoice: 'inv',
  receipt: 'rcp',
  credit_note: 'cn',
  expense: 'exp',
  bill: 'bill',
  bill_payment: 'bpay',
  asset: 'asset',
  petty_cash: 'pc',
  payroll: 'pr',
  loan: 'loan',
}

/** The id of the source in the form of its own resource. */
export function toSourceId({ sourceType, sourceId }: Pick<NewEntry, 'sourceType' | 'sourceId'>) {
  if (sourceId === undefined) return null
  const prefix = prefixByType[sourceType]
  return prefix === undefined ? sourceId : toPrefixed(prefix, sourceId)
}
