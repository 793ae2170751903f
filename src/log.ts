import { type Logger, pino } from 'pino'
import type { SeenRequest } from './api/http/request-log.ts'
import type { Config } from './config.ts'
import { isSecretName, redactText, renderRedacted } from './kernel/redact.ts'

type Sink = Readonly<{ write: (text: string) => unknown }>

/**
 * The log: one JSON object per line, or short lines for a terminal. Members with the name of a
 * secret are removed wherever they stand, and keys are cut to their visible start.
 * Source: platform specification 22.
 */
export function buildLog(
  { logLevel, isLogPretty }: Pick<Config, 'logLevel' | 'isLogPretty'>,
  out: Sink & Readonly<{ isTTY?: boolean }> = process.stdout,
): Logger {
  const isPretty = isLogPretty ?? out.isTTY === true
  const write = (line: string): void => {
    const safe = redactLine(line)
    out.write(isPretty ? toTerminal(safe) : safe)
  }
  const formatters = { level: (label: string) => ({ level: label }) }
  const timestamp = pino.stdTimeFunctions.isoTime
  const base = { pid: process.pid }
  return pino({ level: logLevel, base, timestamp, formatters }, { write })
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/**
 * Writes one line per answered request, many in one piece: they are most of what a server logs.
 * None of their members is a text of a caller, so that nothing has to be taken out of them.
 * Source: platform specification 22.1.
 */
export function buildRequestLines(
  { logLevel, isLogPretty }: Pick<Config, 'logLevel' | 'isLogPretty'>,
  out: Sink & Readonly<{ isTTY?: boolean }> = process.stdout,
): (rows: readonly SeenRequest[]) => void {
  const isPretty = isLogPretty ?? out.isTTY === true
  return (rows) => {
    let text = ''
    for (const row of rows) {
      const level = levelOf(row.status)
      if (levels.indexOf(level) < levels.indexOf(logLevel)) continue
      const line = toRequestLine(row, level)
      text += isPretty ? toTerminal(line) : line
    }
    if (text !== '') out.write(text)
  }
}

function levelOf(status: number): 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error'
  return status === 429 ? 'warn' : 'info'
}

function toRequestLine(row: SeenRequest, level: string): string {
  const { at, requestId, traceId, surface, operation, status, errorCode, durationUs } = row
  const { organizationId, businessId, keyId } = row
  return (
    `{"level":"${level}","time":"${at}","pid":${process.pid},"requestId":"${requestId}"` +
    `${optional('traceId', traceId)},"surface":"${surface}"${optional('operation', operation)}` +
    `,"status":${status}${optional('code', errorCode)},"durationMs":${durationUs / 1_000}` +
    `${optional('organizationId', organizationId)}${optional('businessId', businessId)}` +
    `${optional('keyId', keyId)},"msg":"request"}\n`
  )
}

/** Words and ids of our own, which need no escapes. */
const optional = (name: string, value: string | null | undefined): string =>
  value === null || value === undefined ? '' : `,"${name}":"${value}"`

/** Only a line that names a secret is read again; most do not. */
function redactLine(line: string): string {
  const names = line.match(/"(?:[^"\\]|\\.)*"(?=:)/g) ?? []
  const hasSecret = names.some((name) => isSecretName(name))
  return hasSecret ? `${renderRedacted(JSON.parse(line))}\n` : redactText(line)
}

function toTerminal(line: string): string {
  const { time, level, msg, pid, ...rest } = parseLine(line)
  const members = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const words = [`${time}`.slice(11, 19), `${level}`.padEnd(5), `${msg ?? ''}`, ...members]
  return `${words.join(' ')}\n`
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  const fields: unknown = JSON.parse(line)
  return Object.fromEntries(Object.entries(Object(fields)))
}
