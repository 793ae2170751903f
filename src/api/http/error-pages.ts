import { exampleOf } from '../../kernel/error-examples.ts'
import { fixesByCode } from '../../kernel/error-fixes.ts'
import { type Audience, audienceOf, blameOf, titleOf } from '../../kernel/error-text.ts'
import { catalogue, type ErrorCode, isErrorCode, type Retry } from '../../kernel/errors.ts'
import { requestsByCode, type ShownRequest, shownIds } from './error-requests.ts'
import type { ErrorContext } from './look.ts'
import type { Block, Page } from './page.ts'
import type { Surface } from './surface.ts'

type Place = Readonly<{ surfaces: readonly Surface[]; origin: string }>

const codes: readonly ErrorCode[] = Object.keys(catalogue).filter(isErrorCode)

const relatedMax = 4

/** The list of all codes, and a page for each. Source: platform specification 31. */
export const errorPages = (place: Place): readonly Page[] => [
  errorIndex(),
  ...codes.map((code) => errorPage(code, place)),
]

/**
 * What a code means, what to do about it, and how each surface answers it: the very answer, made by
 * the surface itself from the example of the code.
 */
export function errorPage(code: ErrorCode, { surfaces, origin }: Place): Page {
  const { number, sentence, params, retry } = catalogue[code]
  const answers = surfaces.flatMap((surface) => answerBlocks(surface, code, origin))
  return {
    name: `errors/${code}`,
    title: titleOf(code),
    blocks: [
      { kind: 'text', text: `\`${code}\`, number ${number}` },
      { kind: 'quote', text: sentence },
      { kind: 'heading', text: 'What to do' },
      { kind: 'list', items: fixesByCode[code] },
      { kind: 'text', text: `${actorByAudience[audienceOf(code)]} ${retryAdvice[retry]}` },
      ...(params.length === 0 ? [] : [{ kind: 'text', text: valuesText(params) } as const]),
      ...requestBlocks(code),
      ...answers,
      { kind: 'heading', text: 'Meet it before it happens' },
      {
        kind: 'text',
        text: 'With a test key, any route that needs a key answers this code when it is asked to.',
      },
      { kind: 'code', language: 'http', text: `Simulate-Error: ${code}` },
      {
        kind: 'text',
        text: `On the command line: \`npx tallystick errors explain ${code}\``,
      },
      ...relatedBlocks(code),
    ],
  }
}

/** Every code for programs: what the pages say, without the answers. */
export function errorsAsJson(origin: string): unknown {
  const errors = codes.map((code) => {
    const { number, sentence, params, retry } = catalogue[code]
    return {
      code,
      number,
      title: titleOf(code),
      sentence,
      params,
      retry,
      blame: blameOf(code),
      audience: audienceOf(code),
      fix: fixesByCode[code],
      related: relatedOf(code),
      docs: `${origin}/docs/errors/${code}`,
    }
  })
  return { errors }
}

function errorIndex(): Page {
  const groups = [...new Set(codes.map(groupOf))]
  return {
    name: 'errors',
    title: 'Errors',
    blocks: [
      {
        kind: 'text',
        text: 'Every refusal has a code that never changes. Each answer names it in the header `Error-Code`, whatever the body of the surface looks like, and links to its page. The same list for programs is at `/docs/errors.json`.',
      },
      ...groups.flatMap((group): readonly Block[] => [
        { kind: 'heading', text: group },
        {
          kind: 'links',
          links: codes
            .filter((code) => groupOf(code) === group)
            .map((code) => ({
              text: `\`${code}\` ${catalogue[code].sentence}`,
              to: `errors/${code}`,
            })),
        },
      ]),
    ],
  }
}

function answerBlocks(surface: Surface, code: ErrorCode, origin: string): readonly Block[] {
  const { status, headers, body } = surface.renderError(exampleOf(code), contextAt(origin))
  const { 'Retry-After': retryAfter, Allow: allow } = headers
  const lines = [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${headers['Content-Type']}`,
    `Error-Code: ${code}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    '',
    JSON.stringify(body, undefined, 2),
  ]
  return [
    { kind: 'heading', text: `On ${nameBySurface[surface.name]}` },
    { kind: 'code', language: 'http', text: lines.join('\n') },
  ]
}

/** The request that is refused and the one in its place, where one request alone meets the code. */
function requestBlocks(code: ErrorCode): readonly Block[] {
  const pair = requestsByCode[code]
  if (pair === undefined) return []
  return [
    { kind: 'heading', text: 'A request that is refused' },
    { kind: 'code', language: 'http', text: toRequestText(pair.wrong) },
    { kind: 'heading', text: 'The same request put right' },
    { kind: 'code', language: 'http', text: toRequestText(pair.right) },
  ]
}

function toRequestText({ surface, method, path, headers = {}, body }: ShownRequest): string {
  const content = typeof body === 'string' ? body : JSON.stringify(body, undefined, 2)
  const sent = { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers }
  const lines = [
    `${method} /${surface}${path} HTTP/1.1`,
    ...Object.entries(sent).map(([name, value]) => `${name}: ${value}`),
    ...(content === undefined ? [] : ['', content]),
  ]
  return lines.join('\n').replaceAll(/\$[a-z]+/g, (name) => shownIds[name] ?? name)
}

/** The same request on every page, so that a page changes only with its code. */
const contextAt = (origin: string): ErrorContext => ({
  requestId: '131f0225-5467-421a-b179-4531d6b4a942',
  origin,
  acceptsProblem: false,
})

function relatedBlocks(code: ErrorCode): readonly Block[] {
  const related = relatedOf(code)
  if (related.length === 0) return []
  const links = related.map((other) => ({ text: `\`${other}\``, to: `errors/${other}` }))
  return [
    { kind: 'heading', text: 'See also' },
    { kind: 'links', links },
  ]
}

/** Its neighbours in the group: the catalogue keeps what belongs together side by side. */
function relatedOf(code: ErrorCode): readonly ErrorCode[] {
  const distance = (other: ErrorCode): number =>
    Math.abs(catalogue[other].number - catalogue[code].number)
  return codes
    .filter((other) => other !== code && groupOf(other) === groupOf(code))
    .toSorted((a, b) => distance(a) - distance(b) || catalogue[a].number - catalogue[b].number)
    .slice(0, relatedMax)
}

const groupOf = (code: ErrorCode): string => code.slice(0, code.indexOf('.'))

const valuesText = (params: readonly string[]): string =>
  `Asked for \`application/problem+json\`, the answer carries: ${params.map((name) => `\`${name}\``).join(', ')}.`

const nameBySurface = { invoicing: 'Invoicing', books: 'Books', connect: 'Connect' } as const

const actorByAudience: Readonly<Record<Audience, string>> = {
  developer: 'Whoever wrote the request can act on it.',
  end_user: 'The person in front of the screen can act on it.',
  billing_owner: 'Whoever pays for the plan can act on it.',
  operator: 'Whoever runs this installation can act on it.',
}

const retryAdvice: Readonly<Record<Retry, string>> = {
  never: 'The same request will be refused again: change it first.',
  after: 'The same request can succeed after the seconds in `Retry-After`.',
  backoff: 'The same request can succeed: repeat it with growing pauses and its `Idempotency-Key`.',
  action: 'The same request can succeed once somebody has acted.',
  unknown: 'Whether a repeat helps is not known.',
}
