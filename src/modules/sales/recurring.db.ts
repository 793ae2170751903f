import type { Tx } from '../../db/tx.ts'
import type { CalendarDate, Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Recurring } from './recurring.ts'

/** Inserts one template. */
export async function insertRecurring(tx: Tx, recurring: Recurring): Promise<void> {
  await tx.query({
    name: 'insert_recurring',
    text: `
      insert into recurring_invoice (business_id, recurring_id, party_id, status, name, frequency,
        every, start_date, end_date, occurrences_max, occurrences, next_date, last_date, due_days,
        is_sent, currency, total, content, pause_reason, failures, retry_on, external_id, metadata,
        deleted_at, updated_at, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22, $23, $24, $25, $26)`,
    values: [...valuesOf(recurring), recurring.createdAt],
  })
}

/** Writes all fields of a template anew. */
export async function updateRecurringRow(tx: Tx, recurring: Recurring): Promise<void> {
  await tx.query({
    name: 'update_recurring',
    text: `
      update recurring_invoice set party_id = $3, status = $4, name = $5, frequency = $6,
        every = $7, start_date = $8, end_date = $9, occurrences_max = $10, occurrences = $11,
        next_date = $12, last_date = $13, due_days = $14, is_sent = $15, currency = $16,
        total = $17, content = $18, pause_reason = $19, failures = $20, retry_on = $21,
        external_id = $22, metadata = $23, deleted_at = $24, updated_at = $25
      where business_id = $1 and recurring_id = $2`,
    values: valuesOf(recurring),
  })
}

/** Notes the one invoice of a period; a second one violates the key. */
export async function insertRun(
  tx: Tx,
  run: Readonly<{
    businessId: Id<'business'>
    recurringId: Id<'recurring'>
    period: CalendarDate
    documentId: Id<'document'>
    at: Instant
  }>,
): Promise<void> {
  await tx.query({
    name: 'insert_recurring_run',
    text: `
      insert into recurring_run (business_id, recurring_id, period_date, document_id, recorded_at)
      values ($1, $2, $3, $4, $5)`,
    values: [run.businessId, run.recurringId, run.period, run.documentId, run.at],
  })
}

const valuesOf = (recurring: Recurring): readonly unknown[] => {
  const { lines, notes, terms, template } = recurring
  return [
    ...[recurring.businessId, recurring.id, recurring.customerId, recurring.status],
    ...[recurring.name, recurring.frequency, recurring.every, recurring.startDate],
    ...[recurring.endDate, recurring.occurrencesMax, recurring.occurrences, recurring.nextDate],
    ...[recurring.lastDate, recurring.dueDays, recurring.isSent, recurring.currency],
    ...[recurring.total, JSON.stringify({ lines, notes, terms, template })],
    ...[recurring.pauseReason, recurring.failures, recurring.retryOn, recurring.externalId],
    ...[JSON.stringify(recurring.metadata), recurring.deletedAt, recurring.updatedAt],
  ]
}
