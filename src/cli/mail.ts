import { Command } from 'commander'
import { listMessages } from '../modules/access/mail-message.queries.ts'
import { mailStates } from '../modules/access/mail-message.ts'
import { readChoice } from './arguments.ts'
import { type Answer, answer, toTable, UsageError } from './output.ts'
import { readId, type Session, withSession } from './session.ts'

type Flags = Readonly<{ business: string; state?: string; limit: string }>

const limitMax = 1_000

/** The log of messages: what was sent, what waits, and what is kept because nobody sends it. */
export function mailCommand(): Command {
  const mail = new Command('mail').description('messages to customers')
  mail
    .command('list')
    .description('what became of messages, the latest first')
    .requiredOption('--business <id>', 'of this business')
    .option('--state <state>', mailStates.join(', '))
    .option('--limit <number>', `at most ${limitMax}`, '50')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => list(session, flags))),
    )
  return mail
}

async function list(session: Session, { business, state, limit }: Flags): Promise<Answer> {
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > limitMax) {
    throw new UsageError(`--limit must be a whole number from 1 to ${limitMax}.`)
  }
  const messages = await session.read((db) =>
    listMessages(db, {
      businessId: readId('business', 'biz', business),
      state: state === undefined ? undefined : readChoice('--state', mailStates, state),
      limit: Number(limit),
    }),
  )
  const header = ['AT', 'ID', 'STATE', 'ATTEMPTS', 'RECIPIENT', 'REPLY']
  const rows = messages.map((one) => [
    ...[one.createdAt, one.id, one.state, String(one.attempts), one.recipient],
    one.reply ?? '-',
  ])
  return { data: { messages }, text: toTable(header, rows) }
}
