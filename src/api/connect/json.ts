/**
 * JSON whose numbers are plain digits: JavaScript writes small and large ones with an exponent,
 * which this contract never does. Everything else is as `JSON.stringify` writes it.
 * Source: Connect specification 1.3, W5.
 */
export function toPlainJson(body: unknown): string {
  const text = JSON.stringify(body)
  return exponentPattern.test(text) ? writeValue(body) : text
}

// Also found in texts, where the slower writer does no harm.
const exponentPattern = /\de[+-]\d/

function writeValue(value: unknown): string {
  if (typeof value === 'number') return writeNumber(value)
  if (Array.isArray(value)) return `[${value.map((part) => writeValue(part ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeValue(member)}`)
  return `{${members.join(',')}}`
}

/** The shortest digits of a number with its point moved to where it belongs. */
function writeNumber(value: number): string {
  const text = JSON.stringify(value)
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (parts === null) return text
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts
  const point = Number(exponent)
  const digits = whole + fraction
  return point < 0
    ? `${sign}0.${'0'.repeat(-point - 1)}${digits}`
    : `${sign}${digits.padEnd(point + 1, '0')}`
}
