/*
 * Words for refusals: the filled sentence, a title, whose fault it was, who should read it.
 * Apart from errors.ts because amounts are written by money.ts, which itself refuses.
 */
import { type Amount, catalogue, type ErrorCode, type ParamValue, type Refusal } from './errors.ts'
import { type Money, toDecimalText } from './money.ts'

/** Longest text of one parameter inside a sentence, in characters. */
export const paramTextMax = 200

/** Longest title, in characters. */
export const titleMax = 60

/** Whose doing a refusal is: for metrics and alerts. */
export type Blame = 'caller' | 'account' | 'upstream' | 'capacity' | 'platform'

/** Who can act on a refusal. */
export type Audience = 'developer' | 'end_user' | 'billing_owner' | 'operator'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Values by name, as a refusal carries them or a surface adds them. */
export type Values = Readonly<Record<string, ParamValue>>

/**
 * What a refusal says in English: the catalogue's sentence with its values filled in.
 * Amounts read `1050.00 NGN`; texts lose control characters and end after 200 characters.
 * Source: platform specification 9.1.
 */
export const sentence = (refusal: Refusal): string =>
  fillTemplate(catalogue[refusal.code].sentence, valuesOf(refusal))

/** The values of a refusal under their names, whatever its code. */
export const valuesOf = (refusal: Refusal): Values => refusal.params

/** Puts values into the `{places}` of a template. A place without a value becomes empty. */
export const fillTemplate = (template: string, values: Values): string =>
  template.replace(/\{(\w+)\}/g, (_place, name: string) => toText(values[name]))

/** One value as a sentence shows it. Lists show as their length. */
export function toText(value: ParamValue): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return toCleanText(value)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (isAmount(value)) return `${toDecimalText(toMoney(value))} ${value.currency}`
  return String(value.length)
}

/**
 * Heading of the page of a code, at most 60 characters: its group, a colon, its reason.
 * Example: `Ledger: period closed`.
 */
export function titleOf(code: ErrorCode): string {
  const [group = '', reason = ''] = code.split('.')
  const heading = headings[group] ?? `${group.charAt(0).toUpperCase()}${group.slice(1)}`
  return `${heading}: ${reason.replaceAll('_', ' ')}`
}

/** Whose doing a code is; by group, except where one code differs from its group. */
export const blameOf = (code: ErrorCode): Blame =>
  blameByCode[code] ?? blameByGroup[groupOf(code)] ?? 'caller'

/** Who can act on a code. A billing owner is also told outside the answer. */
export function audienceOf(code: ErrorCode): Audience {
  if (endUserCodes.has(code)) return 'end_user'
  const blame = blameOf(code)
  if (blame === 'account') return 'billing_owner'
  return blame === 'platform' ? 'operator' : 'developer'
}

/** Level of the log line of a refusal: ours are errors, a caller's are for debugging. */
export const logLevelOf = (code: ErrorCode): LogLevel => levelByBlame[blameOf(code)]

const groupOf = (code: ErrorCode): string => code.slice(0, code.indexOf('.'))

const headings: Readonly<Record<string, string>> = {
  key: 'API key',
  einvoice: 'Electronic invoice',
  mcp: 'MCP',
  connect: 'Platform',
  platform: 'Service',
}

const blameByGroup: Readonly<Record<string, Blame>> = {
  plan: 'account',
  connect: 'upstream',
  platform: 'capacity',
}

const blameByCode: Readonly<Partial<Record<ErrorCode, Blame>>> = {
  'key.limit_reached': 'account',
  'access.business_suspended': 'account',
  'access.organization_suspended': 'account',
  'connect.push_mismatch': 'platform',
  'connect.mapping_failed': 'platform',
  'connect.internal': 'platform',
  'connect.file_rejected': 'caller',
  'connect.sweep_suspicious': 'caller',
  'connect.tenant_mismatch': 'caller',
  'connect.prerequisite_not_met': 'caller',
  'documents.not_ready': 'capacity',
  'documents.render_failed': 'platform',
  'documents.render_timeout': 'platform',
  'einvoice.clearance_rejected': 'upstream',
  'einvoice.clearance_unavailable': 'upstream',
  'export.not_ready': 'capacity',
  'sync.authorization_rejected': 'upstream',
  'sync.push_refused': 'upstream',
  'sync.push_timed_out': 'upstream',
  'sync.downstream_forbidden': 'upstream',
  'platform.unexpected': 'platform',
  'platform.contract_broken': 'platform',
  'platform.database_unavailable': 'platform',
  'platform.storage_full': 'platform',
  'platform.mail_unavailable': 'upstream',
}

const levelByBlame: Readonly<Record<Blame, LogLevel>> = {
  caller: 'debug',
  account: 'info',
  upstream: 'warn',
  capacity: 'warn',
  platform: 'error',
}

const endUserCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'access.login_failed',
  'access.login_locked',
  'access.second_factor_required',
  'access.second_factor_invalid',
  'access.session_expired',
  'access.fresh_login_required',
  'access.invitation_invalid',
  'access.reset_link_invalid',
  'access.link_expired',
  'documents.not_found',
  'documents.link_expired',
  'connect.platform_auth_expired',
])

const isAmount = (
  value: Exclude<ParamValue, string | number | bigint | undefined>,
): value is Amount => 'minor' in value

// An amount in a refusal was money when it was thrown; only its name is looser there.
const toMoney = (amount: Amount): Money => amount as Money

const toCleanText = (text: string): string =>
  Array.from(text.slice(0, 4 * paramTextMax).replace(/\p{Cc}/gu, ''))
    .slice(0, paramTextMax)
    .join('')
