import { Command } from 'commander'
import { type Gap, listGaps, listSeriesCounts } from '../modules/ledger/number-gap.queries.ts'
import { numberedKinds } from '../modules/ledger/number-series.ts'
import { readChoice } from './arguments.ts'
import { type Answer, answer, toTable } from './output.ts'
import { findBusinessTenant, type Session, withSession } from './session.ts'

type Flags = Readonly<{ business: string; kind?: string }>

/** Numbers of documents. Source: ledger specification 7.5. */
export function numbersCommand(): Command {
  const numbers = new Command('numbers').description('numbers of documents')
  numbers
    .command('gaps')
    .description('list the numbers that no document in force has, and why')
    .requiredOption('--business <id>')
    .option('--kind <kind>', `one of ${numberedKinds.join(', ')}`)
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => gaps(session, flags))),
    )
  return numbers
}

async function gaps(session: Session, { business, kind }: Flags): Promise<Answer> {
  const { businessId } = await findBusinessTenant(session, business)
  const asked = {
    businessId,
    ...(kind !== undefined && { kind: readChoice('--kind', numberedKinds, kind) }),
  }
  const [series, found] = await session.read(async (db) => [
    await listSeriesCounts(db, asked),
    await listGaps(db, asked),
  ])
  const used = series.reduce((sum, one) => sum + one.used, 0)
  const summary = `${used} numbers in use, ${countOf(found)} without a document in force.`
  return {
    data: { series, gaps: found },
    text:
      found.length === 0
        ? summary
        : `${summary}\n\n${toTable(['Kind', 'Number', 'Why'], found.map(toRow))}`,
  }
}

const countOf = (found: readonly Gap[]): bigint =>
  found.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)

const explained = {
  deleted: 'the draft was deleted',
  void: 'voided',
  skipped: 'skipped by an explicit number',
  missing: 'MISSING: nothing explains it; run verify',
} as const

const toRow = ({ kind, firstNumber, lastNumber, state, reason }: Gap): readonly string[] => [
  kind,
  firstNumber === lastNumber ? firstNumber : `${firstNumber} to ${lastNumber}`,
  reason === null ? explained[state] : `${explained[state]}: ${reason}`,
]
