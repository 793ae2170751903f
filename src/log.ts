import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'

type Sink = Readonly<{ write: (text: string) => unknown }>

const secretPaths = [
  'authorization',
  'cookie',
  'password',
  'apiKey',
  'secret',
  'token',
  'headers.authorization',
  'headers.cookie',
  'headers["x-csrf-token"]',
]

const keyShapes = [
  /\b(oim_[0-9a-f]{8})[0-9a-f]{56}\b/g,
  /\b((?:live|test)_sk_[0-9a-f]{4})[0-9a-f]{44}\b/g,
  /\b([A-Za-z0-9]{4})[A-Za-z0-9]{36}\b/g,
]

/**
 * The log: one JSON object per line, or short lines for a terminal. Key shapes are cut to their
 * visible start wherever they stand.
 * Source: platform specification 22.
 */
export function buildLog(
  { logLevel, isLogPretty }: Pick<Config, 'logLevel' | 'isLogPretty'>,
  out: Sink & Readonly<{ isTTY?: boolean }> = process.stdout,
): Logger {
  const isPretty = isLogPretty ?? out.isTTY === true
  const write = (line: string): void => {
    const safe = redact(line)
    out.write(isPretty ? toTerminal(safe) : safe)
  }
  const redactOptions = { paths: secretPaths, remove: true }
  const formatters = { level: (label: string) => ({ level: label }) }
  const timestamp = pino.stdTimeFunctions.isoTime
  const base = { pid: process.pid }
  return pino({ level: logLevel, base, timestamp, formatters, redact: redactOptions }, { write })
}

/** Replaces every key in a text by its visible start. */
export const redact = (text: string): string =>
  keyShapes.reduce((rest, shape) => rest.replace(shape, '$1…'), text)

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
