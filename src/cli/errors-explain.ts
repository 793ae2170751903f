import { Command } from 'commander'
import { shownLooks } from '../shown-looks.ts'
import { explain, renderExplanation } from './errors.ts'
import { type Answer, answer, UsageError } from './output.ts'

/** Explains a code, its number, or a text that a caller saw. */
export function errorsCommand(): Command {
  const errors = new Command('errors').description('the error catalogue')
  errors
    .command('explain <query...>')
    .description('explain a code, a number, or the text of an answer')
    .action((query: readonly string[], _flags: unknown, command: Command) =>
      answer(command, () => Promise.resolve(run(query.join(' ')))),
    )
  return errors
}

function run(query: string): Answer {
  const explanation = explain(query, shownLooks)
  if (explanation === undefined) {
    throw new UsageError(`No error matches ${JSON.stringify(query)}.`)
  }
  return { data: explanation, text: renderExplanation(explanation).trimEnd() }
}
