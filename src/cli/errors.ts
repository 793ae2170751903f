import { fixesByCode } from '../kernel/error-fixes.ts'
import { catalogue, type ErrorCode, isErrorCode } from '../kernel/errors.ts'

/** How the surfaces show a code, as far as a person at a terminal wants to know. */
export type ShownLook = Readonly<{
  status: number
  text?: string
  code?: string
  service?: string
}>

export type ShownLooks = Readonly<Record<Surface, Readonly<Record<ErrorCode, ShownLook>>>>

export type Surface = 'invoicing' | 'books' | 'connect'

/** Everything `errors explain` prints; `related` are other codes that the same text could mean. */
export type Explanation = Readonly<{
  code: ErrorCode
  number: number
  sentence: string
  fix: readonly string[]
  surfaces: Readonly<Record<Surface, ShownLook>>
  docs: string
  related: readonly ErrorCode[]
}>

/**
 * Explains a code, its number, or a text that a caller saw; undefined when nothing matches.
 * A text matches when it could be a filled sentence of a code or a text of a surface; failing
 * that, when it is part of one. The looks are handed in, because surfaces are strangers here.
 */
export function explain(query: string, looks: ShownLooks): Explanation | undefined {
  const [code, ...related] = findCodes(query.trim(), looks)
  if (code === undefined) return undefined
  const { number, sentence } = catalogue[code]
  return {
    code,
    number,
    sentence,
    fix: fixesByCode[code],
    surfaces: {
      invoicing: toShown(code, looks.invoicing[code]),
      books: toShown(code, looks.books[code]),
      connect: toShown(code, looks.connect[code]),
    },
    docs: `/docs/errors/${code}`,
    related,
  }
}

/** An explanation as lines for a terminal. */
export function renderExplanation(explanation: Explanation): string {
  const { code, number, sentence, fix, surfaces, docs, related } = explanation
  const shown = Object.entries(surfaces).map(([surface, look]) => `  ${surface}: ${toLine(look)}`)
  return [
    `${code} (${number})`,
    sentence,
    '',
    ...fix.map((step) => `- ${step}`),
    '',
    ...shown,
    '',
    `Page: ${docs}`,
    ...(related.length === 0 ? [] : [`See also: ${related.join(', ')}`]),
    '',
  ].join('\n')
}

const codes: readonly ErrorCode[] = Object.keys(catalogue).filter(isErrorCode)

/** Codes a query may mean, the likeliest first. */
function findCodes(query: string, looks: ShownLooks): readonly ErrorCode[] {
  if (query === '') return []
  if (isErrorCode(query)) return [query]
  const numbered = codes.filter((code) => String(catalogue[code].number) === query)
  if (numbered.length > 0) return numbered
  const whole = codes.filter((code) =>
    textsOf(code, looks).some((text) => toPattern(text).test(query)),
  )
  if (whole.length > 0) return whole.toSorted(byOwnSentence(query))
  const needle = query.toLowerCase()
  return codes.filter((code) =>
    textsOf(code, looks).some((text) => text.toLowerCase().includes(needle)),
  )
}

/** A code's own sentence goes before texts of surfaces; one made mostly of places comes last. */
const byOwnSentence =
  (query: string) =>
  (a: ErrorCode, b: ErrorCode): number =>
    Number(isOwn(b, query)) - Number(isOwn(a, query)) || fixedLength(b) - fixedLength(a)

const isOwn = (code: ErrorCode, query: string): boolean =>
  toPattern(catalogue[code].sentence).test(query)

const fixedLength = (code: ErrorCode): number =>
  catalogue[code].sentence.replace(/\{\w+\}/g, '').length

const textsOf = (code: ErrorCode, looks: ShownLooks): readonly string[] => [
  catalogue[code].sentence,
  ...[looks.invoicing[code].text, looks.books[code].text, looks.connect[code].text].filter(
    (text) => text !== undefined,
  ),
]

/** Matches what a template becomes once it is filled. */
function toPattern(template: string): RegExp {
  const literal = template.replace(/[.*+?^$|()[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/\{\w+\}/g, '.+')}$`, 'iu')
}

const toShown = (code: ErrorCode, look: ShownLook): ShownLook => ({
  status: look.status,
  text: look.text ?? catalogue[code].sentence,
  ...(look.code === undefined ? {} : { code: look.code }),
  ...(look.service === undefined ? {} : { service: look.service }),
})

const toLine = ({ status, code, service, text }: ShownLook): string =>
  [status, code, service, text].filter((part) => part !== undefined).join(' ')
