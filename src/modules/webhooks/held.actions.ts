import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import { endHold, giveUpMessages, holdBack } from '../access/outgoing-hold.actions.ts'
import { cancelUntil, countWaiting, hasOutgoing, passOverUntil } from './held.db.ts'

/** What became of what was held: deliveries and messages. */
export type Released = Readonly<{ deliveries: number; messages: number }>

/**
 * Holds back all that would leave a restored installation: some of it may have been sent before.
 * Answers whether there is anything to hold.
 * Refuses: nothing.
 * Source: platform specification 26.
 */
export async function holdOutgoing(tx: Tx, at: Instant): Promise<boolean> {
  if (!(await hasOutgoing(tx))) return false
  await holdBack(tx, at)
  return true
}

/**
 * Lets leave what was held, and says how many deliveries wait; undefined when nothing was held.
 * Refuses: nothing.
 */
export async function releaseOutgoing(tx: Tx): Promise<Released | undefined> {
  if ((await endHold(tx)) === undefined) return undefined
  return { deliveries: await countWaiting(tx), messages: 0 }
}

/**
 * Gives up what was there when the hold began, and lets leave what has come since; undefined when
 * nothing was held. Events that were given up can still be sent again by hand.
 * Refuses: nothing.
 */
export async function discardOutgoing(tx: Tx, now: Instant): Promise<Released | undefined> {
  const until = await endHold(tx)
  if (until === undefined) return undefined
  await passOverUntil(tx, until)
  const deliveries = await cancelUntil(tx, { until, now })
  const messages = await giveUpMessages(tx, { until, reply: discarded, now })
  return { deliveries, messages }
}

const discarded = 'Given up by the operator after a restore.'
