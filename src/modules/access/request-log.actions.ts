import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { deleteRequests, insertRequests } from './request-log.db.ts'
import type { KeptRequest } from './request-log.ts'

/**
 * Adds rows to the request log, of any organizations. It is the record of the edge, not of the
 * books: nothing of it goes through the gate.
 * Refuses: nothing. Source: platform specification 10.
 */
export const keepRequests = (tx: Tx, rows: readonly KeptRequest[]): Promise<void> =>
  insertRequests(tx, rows)

/**
 * Forgets a part of what is older than the log is kept; answers how many rows.
 * Refuses: nothing. Source: platform specification 10.
 */
export const forgetRequests = (
  tx: Tx,
  old: Readonly<{ before: Instant; limit: number }>,
): Promise<number> => deleteRequests(tx, old)
