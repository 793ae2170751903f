import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { deleteHold, insertHold, suppressMessages } from './outgoing-hold.db.ts'

/**
 * Nothing leaves the installation from now on.
 * Refuses: nothing.
 */
export const holdBack = (tx: Tx, at: Instant): Promise<void> => insertHold(tx, at)

/**
 * Ends the hold; when it began, or undefined when there was none.
 * Refuses: nothing.
 */
export const endHold = (tx: Tx): Promise<Instant | undefined> => deleteHold(tx)

/**
 * Gives up messages of every tenant that were queued up to an instant; how many there were.
 * Refuses: nothing.
 */
export const giveUpMessages = (
  tx: Tx,
  given: Readonly<{ until: Instant; reply: string; now: Instant }>,
): Promise<number> => suppressMessages(tx, given)
