import { Command } from 'commander'
import { asOwner } from '../db/owner.ts'
import {
  discardOutgoing,
  type Released,
  releaseOutgoing,
} from '../modules/webhooks/held.actions.ts'
import { type Answer, answer } from './output.ts'
import { type Session, withSession } from './session.ts'

/** What leaves the installation after a restore: all of it, or only what is new. */
export function webhooksCommand(): Command {
  const webhooks = new Command('webhooks').description('events and messages held after a restore')
  webhooks
    .command('release')
    .description('send what was held after a restore')
    .action((_flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => end(session, { isSent: true }))),
    )
  webhooks
    .command('discard')
    .description('give up what was held after a restore, and send only what is new')
    .action((_flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => end(session, { isSent: false }))),
    )
  return webhooks
}

async function end(
  { installation: { adminPool, clock } }: Session,
  { isSent }: Readonly<{ isSent: boolean }>,
): Promise<Answer> {
  const released = await asOwner(adminPool, (tx) =>
    isSent ? releaseOutgoing(tx) : discardOutgoing(tx, clock()),
  )
  const { deliveries = 0, messages = 0 } = released ?? {}
  return { data: { deliveries, messages }, text: toText(released, isSent) }
}

function toText(released: Released | undefined, isSent: boolean): string {
  if (released === undefined) return 'Nothing was held.'
  const { deliveries, messages } = released
  return isSent
    ? `${deliveries} deliveries wait no longer.`
    : `${deliveries} deliveries and ${messages} messages were given up.`
}
