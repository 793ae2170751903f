import { type Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { BackupError } from '../db/archive.ts'
import { StartError } from '../db/start-error.ts'
import { sentence } from '../kernel/error-text.ts'
import { catalogue, isRefusal } from '../kernel/errors.ts'

/** What a command found: `data` for programs, `text` for people. */
export type Answer = Readonly<{
  data: unknown
  text: string
  warnings?: readonly string[]
  exitCode?: 0 | 4
}>

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode = 2
}

type Failure = Readonly<{
  code: string
  number: number | null
  message: string
  params: unknown
  docs: string | null
}>

/**
 * Runs a command and prints its answer: one JSON object on standard output with `--json`, else
 * text. Failures set the exit code: 1 refused or failed, 2 usage or configuration, 3 cannot start,
 * 4 a backup that is not what it must be.
 * Source: platform specification 28.
 */
export async function answer(command: Command, work: () => Promise<Answer>): Promise<void> {
  const name = nameOf(command)
  const isJson = wantsJson(command)
  try {
    const { data, text, warnings = [], exitCode = 0 } = await work()
    if (isJson) {
      console.log(toJson({ ok: exitCode === 0, command: name, data, warnings }))
    } else {
      for (const warning of warnings) {
        console.error(`Warning: ${warning}`)
      }
      console.log(text)
    }
    process.exitCode = exitCode
  } catch (error) {
    printFailure(name, isJson, error)
    process.exitCode = exitCodeOf(error)
  }
}

/** Prints what went wrong: as the JSON answer, or as a sentence on standard error. */
export function printFailure(command: string, isJson: boolean, error: unknown): void {
  const failure = toFailure(error)
  if (isJson) {
    console.log(toJson({ ok: false, command, error: failure }))
    return
  }
  console.error(failure.message)
  if (!isExpected(error) && error instanceof Error) {
    console.error(error.stack)
  }
}

/** The exit code of a failure. Source: platform specification 28. */
export function exitCodeOf(error: unknown): number {
  if (hasExitCode(error)) return error.exitCode
  return error instanceof CommanderError ? 2 : 1
}

/** `keys create`, without the program's own name. */
export function nameOf(command: Command): string {
  const { parent } = command
  return parent === null || parent.parent === null
    ? command.name()
    : `${nameOf(parent)} ${command.name()}`
}

/** Whether `--json` was given, at whatever place of the command line. */
export const wantsJson = (command: Command): boolean =>
  command.optsWithGlobals<{ json?: boolean }>().json === true

/** Rows as aligned columns, the header first. */
export function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_name, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  )
  const toLine = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return all.map((row) => toLine(row).trimEnd()).join('\n')
}

function toFailure(error: unknown): Failure {
  if (isRefusal(error)) {
    const { number } = catalogue[error.code]
    const docs = `/docs/errors/${error.code}`
    return { code: error.code, number, message: sentence(error), params: error.params, docs }
  }
  const message = error instanceof Error ? error.message : String(error)
  const fail = (code: string, text: string, params: unknown = {}): Failure => ({
    code,
    number: null,
    message: text,
    params,
    docs: null,
  })
  if (error instanceof ConfigError) {
    return fail('cli.configuration', message, { variable: error.variable })
  }
  if (error instanceof StartError) {
    return fail('cli.cannot_start', message)
  }
  if (error instanceof BackupError) {
    return fail('cli.backup', message)
  }
  if (error instanceof CommanderError && error.code === 'commander.help') {
    return fail('cli.usage', 'Give a command; --help lists them.')
  }
  if (error instanceof UsageError || error instanceof CommanderError) {
    return fail('cli.usage', message.replace(/^error: /, ''))
  }
  const { number } = catalogue['platform.unexpected']
  const docs = '/docs/errors/platform.unexpected'
  return { code: 'platform.unexpected', number, message, params: {}, docs }
}

const hasExitCode = (
  error: unknown,
): error is ConfigError | StartError | UsageError | BackupError =>
  error instanceof ConfigError ||
  error instanceof StartError ||
  error instanceof UsageError ||
  error instanceof BackupError

const isExpected = (error: unknown): boolean =>
  isRefusal(error) || hasExitCode(error) || error instanceof CommanderError

/** Whole numbers beyond what JSON readers keep exactly are written as text. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? member.toString() : member,
  )
