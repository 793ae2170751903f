import { Command } from 'commander'
import { isErrorCode } from '../kernel/errors.ts'
import { parseRequestId } from '../modules/access/request-log.ts'
import { shownLooks } from '../shown-looks.ts'
import { explain, renderExplanation } from './errors.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { findRequest, toLines, toShown } from './requests.ts'
import { withSession } from './session.ts'

/** Explains a code, its number, a text that a caller saw, or what happened to a request. */
export function errorsCommand(): Command {
  const errors = new Command('errors').description('the error catalogue')
  errors
    .command('explain <query...>')
    .description('explain a code, a number, the text of an answer, or a request by its id')
    .action((query: readonly string[], _flags: unknown, command: Command) =>
      answer(command, () => run(query.join(' ').trim())),
    )
  return errors
}

function run(query: string): Promise<Answer> {
  if (parseRequestId(query) !== undefined) return explainRequest(query)
  const explanation = explain(query, shownLooks)
  if (explanation === undefined) {
    throw new UsageError(`No error matches ${JSON.stringify(query)}.`)
  }
  const text = renderExplanation(explanation).trimEnd()
  return Promise.resolve({ data: explanation, text })
}

/** What was asked, how it ended, and what to do about it. Throws UsageError. */
function explainRequest(id: string): Promise<Answer> {
  return withSession(async (session) => {
    const row = await findRequest(session, id)
    if (row === undefined) {
      throw new UsageError(`No request ${id} is in the log; it may be too old or of a moment ago.`)
    }
    const request = toShown(session, row)
    const { errorCode } = row
    const explanation =
      errorCode === null || !isErrorCode(errorCode) ? undefined : explain(errorCode, shownLooks)
    const story = toLines(request)
    const advice =
      explanation === undefined ? 'It was not refused.' : renderExplanation(explanation)
    return { data: { ...explanation, request }, text: `${story}\n\n${advice.trimEnd()}` }
  })
}
