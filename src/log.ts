import { type Logger, pino } from 'pino'
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
