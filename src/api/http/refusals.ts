import type { ErrorCode } from '../../kernel/errors.ts'

/** What every route with a key may refuse before its own work begins, on any surface. */
export const callErrors = [
  'request.uri_too_long',
  'key.header_missing',
  'key.format_invalid',
  'key.wrong_surface',
  'key.checksum_invalid',
  'key.unknown',
  'key.revoked',
  'key.disabled',
  'key.rotated_out',
  'key.expired',
  'key.ip_not_allowed',
  'access.organization_suspended',
  'limit.rate_exceeded',
  'limit.ip_rate_exceeded',
  'limit.auth_failures',
  'platform.unexpected',
  'platform.database_unavailable',
  'platform.overloaded',
  'platform.timeout',
  'platform.maintenance',
  'platform.shutting_down',
  'test.live_forbidden',
  'test.simulated_code_unknown',
] as const satisfies readonly ErrorCode[]

/** What the gate may refuse, whatever is written. */
export const gateErrors = [
  'idempotency.key_invalid',
  'idempotency.in_progress',
  'idempotency.key_reused',
  'platform.lane_full',
  'platform.write_conflict',
  'platform.storage_full',
  'platform.read_only',
] as const satisfies readonly ErrorCode[]

/** What a route with a body may refuse for that body, whatever its members mean. */
export const payloadErrors = [
  'request.media_type_unsupported',
  'request.encoding_unsupported',
  'request.body_too_large',
  'request.body_required',
  'request.malformed_json',
  'request.body_not_object',
  'request.slow_body',
  'validation.failed',
] as const satisfies readonly ErrorCode[]
