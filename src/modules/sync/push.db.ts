import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { PushOperation } from './push.ts'

type OrganizationId = Id<'organization'>

/** Inserts an operation as it is. */
export async function insertPush(
  tx: Tx,
  organizationId: OrganizationId,
  push: PushOperation,
): Promise<void> {
  await tx.query({
    name: 'insert_push',
    text: `insert into push_operation (organization_id, push_key, company_id, connection_id,
        data_type, status, status_code, requested_at, completed_at, timeout_minutes, timeout_at,
        error_message, error_number, can_be_retried, validation, changes, body)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    values: [
      organizationId,
      push.key,
      push.companyId,
      push.connectionId,
      push.dataType,
      push.status,
      push.statusCode,
      push.requestedAt,
      push.completedAt,
      push.timeoutMinutes,
      push.timeoutAt,
      push.errorMessage,
      push.errorNumber,
      push.canBeRetried,
      push.validation === null ? null : JSON.stringify(push.validation),
      JSON.stringify(push.changes),
      JSON.stringify(push.body),
    ],
  })
}

/** Writes how a pending operation ended; an ended one never changes again. */
export async function updatePushEnded(
  tx: Tx,
  organizationId: OrganizationId,
  push: PushOperation,
): Promise<void> {
  await tx.query({
    name: 'end_push',
    text: `update push_operation set status = $3, status_code = $4, completed_at = $5,
        error_message = $6, error_number = $7, can_be_retried = $8, validation = $9, changes = $10
      where organization_id = $1 and push_key = $2 and status = 'Pending'`,
    values: [
      organizationId,
      push.key,
      push.status,
      push.statusCode,
      push.completedAt,
      push.errorMessage,
      push.errorNumber,
      push.canBeRetried,
      push.validation === null ? null : JSON.stringify(push.validation),
      JSON.stringify(push.changes),
    ],
  })
}
