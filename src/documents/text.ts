import { coveredRanges } from './font-coverage.ts'

/** A text of somebody's own, with the direction of its first letter. */
export type Own = Readonly<{ t: string; d: 'ltr' | 'rtl' }>

const ranges = coveredRanges
  .flatMap((line) => line.split(' '))
  .map((range) => {
    const [from = '', to = from] = range.split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const
  })

const unknown = '\ufffd'

/**
 * What changes the order of what is read, or shows nothing: bidirectional marks, embeddings,
 * overrides and isolates, invisible joins, selectors of looks. Joiners stay: Arabic needs them.
 */
const invisible = new RegExp(
  [
    '[\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f]',
    '[\\ufe00-\\ufe0f\\ufeff\\ufff9-\\ufffb]',
  ].join('|'),
  'gu',
)
const controls = /\p{Cc}/gu

/**
 * A text that any page can show: one line feed between lines, no control characters, none that
 * reorders others, and a replacement sign for what no font has.
 */
export function clean(text: string): string {
  const lines = text.normalize('NFC').replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
  const visible = lines
    .replace(invisible, '')
    .replace(controls, (control) => (control === '\n' ? control : ' '))
  let result = ''
  for (const character of visible) {
    result += character === '\n' || isCovered(character.codePointAt(0) ?? 0) ? character : unknown
  }
  return result
}

/** An IBAN in groups of four, as people read it. */
export const toIbanText = (iban: string): string =>
  iban.replaceAll(/\s/g, '').replaceAll(/.{4}(?=.)/g, '$& ')

/** The characters of some texts that no font has, each once; a page shows a sign in their place. */
export function uncoveredIn(texts: readonly string[]): string {
  const found = new Set<string>()
  for (const text of texts) {
    if (isPlain(text)) continue
    for (const character of text.normalize('NFC').replace(invisible, '').replace(controls, '')) {
      if (!isCovered(character.codePointAt(0) ?? 0)) found.add(character)
    }
  }
  return [...found].join('')
}

const isPlain = (text: string): boolean => /^[ -~\n]*$/.test(text)

/** Binary search; a text of ASCII never comes here twice. */
function isCovered(point: number): boolean {
  if (point >= 0x20 && point < 0x7f) return true
  let [low, high] = [0, ranges.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = ranges[middle] ?? [0, 0]
    if (point < from) high = middle - 1
    else if (point > to) low = middle + 1
    else return true
  }
  return false
}

const wordMax = 24
const pieceLength = 6

/** Lets words that no column can hold break: a break that is not seen after every few letters. */
const breakable = (text: string): string =>
  text.replace(/[^\s]{25,}/gu, (word) =>
    [...word].length <= wordMax
      ? word
      : (word.match(/.{1,6}/gsu) ?? []).join(word.length > pieceLength ? '\u200b' : ''),
  )

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u

/** A line of somebody's own text. */
export function own(text: string): Own {
  const line = breakable(clean(text).replaceAll('\n', ' ').trim())
  const letter = /\p{L}/u.exec(line)?.[0]
  return { t: line, d: letter !== undefined && rightToLeft.test(letter) ? 'rtl' : 'ltr' }
}

/** Lines of somebody's own text; empty ones at the ends are left out. */
export const ownLines = (text: string | null): readonly Own[] =>
  text === null || text.trim() === '' ? [] : clean(text).trim().split('\n').map(own)
