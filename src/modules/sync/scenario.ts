import { Refusal } from '../../kernel/errors.ts'
import type { DatasetStatus } from './dataset.ts'

/** What a connection to synthetic books can be told to play. Source: Connect specification 11.4. */
export const scenarios = [
  'ok',
  'hold',
  'fetchError',
  'mapError',
  'validationError',
  'processingError',
  'internalError',
  'authError',
  'permissionsError',
  'rateLimitError',
  'prerequisiteNotMet',
  'pushFail',
  'pushTimeout',
  'denied',
] as const

export type Scenario = (typeof scenarios)[number]

/** `seed` decides the books, `scenario` how reading and writing them ends; several joined by `+`. */
export type Script = Readonly<{ scenario: string; seed: number }>

const seedMax = 4_294_967_295

/**
 * The script behind the credentials of a connection; what is not given stays as it was.
 * Refuses, in this order: validation.failed (members that are not known),
 * sync.authorization_rejected.
 */
export function parseScript(
  credentials: Readonly<Record<string, unknown>>,
  platformName: string,
  before: Script = { scenario: 'ok', seed: 1 },
): Script {
  const { scenario = before.scenario, seed = String(before.seed), ...unknown } = credentials
  const issues = Object.keys(unknown).map((name) => ({
    pointer: `/${name}`,
    path: name,
    rule: 'unknown' as const,
    message: 'is not a known field',
  }))
  if (issues.length > 0) throw new Refusal('validation.failed', { issues })
  const rejected = (reason: string): Refusal =>
    new Refusal('sync.authorization_rejected', { platformName, reason })
  if (typeof scenario !== 'string' || !partsOf(scenario).every(isScenario)) {
    throw rejected(`scenario must be one of: ${scenarios.join(', ')}`)
  }
  const number = /^\d{1,10}$/.test(String(seed)) ? Number(seed) : seedMax + 1
  if (number > seedMax) throw rejected(`seed must be an integer from 0 to ${seedMax}`)
  return { scenario, seed: number }
}

const partsOf = (scenario: string): readonly string[] => scenario.split('+')

const isScenario = (text: string): text is Scenario => scenarios.some((one) => one === text)

/** Whether a scenario plays a part. */
export const plays = ({ scenario }: Script, part: Scenario): boolean =>
  partsOf(scenario).includes(part)

/** How a dataset ends, or `Fetching` while it is held. */
export type ScriptedEnd = Readonly<{ status: DatasetStatus; progress: number; message?: string }>

const endByScenario: Readonly<Partial<Record<Scenario, ScriptedEnd>>> = {
  hold: { status: 'Fetching', progress: 10 },
  fetchError: { status: 'FetchError', progress: 10, message: 'The platform could not be reached.' },
  mapError: { status: 'MapError', progress: 50, message: 'A record could not be converted.' },
  validationError: {
    status: 'ValidationError',
    progress: 70,
    message: 'A record broke a rule of its data type.',
  },
  processingError: {
    status: 'ProcessingError',
    progress: 90,
    message: 'The records could not be stored.',
  },
  internalError: {
    status: 'InternalError',
    progress: 90,
    message: 'Something went wrong on our side.',
  },
  authError: { status: 'AuthError', progress: 10, message: 'The credentials were refused.' },
  permissionsError: {
    status: 'PermissionsError',
    progress: 10,
    message: 'The authorised user may not read this.',
  },
  rateLimitError: {
    status: 'RateLimitError',
    progress: 10,
    message: 'The request budget of the platform is used up.',
  },
  prerequisiteNotMet: {
    status: 'PrerequisiteNotMet',
    progress: 0,
    message: 'A data type that this one needs was never read.',
  },
}

/** How the next datasets of a script end; the first part that says anything decides. */
export function scriptedEnd(script: Script): ScriptedEnd {
  for (const part of partsOf(script.scenario)) {
    const end = isScenario(part) ? endByScenario[part] : undefined
    if (end !== undefined) return end
  }
  return { status: 'Complete', progress: 100 }
}
