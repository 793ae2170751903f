/** Stands where a secret was. */
const removed = '[removed]'

/** Keys of the three surfaces, secrets of webhooks, authorizations, and passwords in addresses. */
const secretShapes = [
  /\b(oim_[0-9a-fA-F]{8})[0-9a-fA-F]{56}/g,
  /\b((?:live|test)_sk_[0-9a-fA-F]{4})[0-9a-fA-F]{44}/g,
  /\b(whs(?:ec|k)_)[A-Za-z0-9+/=_-]{16,}/g,
  /\b((?:bearer|basic) +)[A-Za-z0-9+/=._~-]{20,}/gi,
  /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"]*:)[^\s@/"]+(?=@)/gi,
  /(?<![A-Za-z0-9])([A-Za-z0-9]{4})[A-Za-z0-9]{36}(?![A-Za-z0-9])/g,
  // A Connect key in base 64, with or without its colon.
  /(?<![A-Za-z0-9])([A-Za-z0-9]{4})[A-Za-z0-9]{50,51}={1,2}/g,
]

const longRun = /[A-Za-z0-9]{36}/
const secretCharsMin = 20

/** Any of the shapes needs one of these; most texts have none. */
const isSuspicious = (text: string): boolean =>
  text.includes('://') ||
  (text.length >= secretCharsMin &&
    (text.includes('whs') ||
      longRun.test(text) ||
      (text.includes(' ') && /(?:bearer|basic) /i.test(text))))

const secretEnds = [
  ...['authorization', 'cookie', 'csrftoken', 'password', 'passphrase', 'secret', 'secrets'],
  ...['token', 'apikey', 'credential', 'credentials', 'privatekey', 'masterkey', 'signature'],
]

/** Members that are kept sealed: who reads a log need not know them. */
const personalEnds = [
  ...['email', 'emails', 'emailaddress', 'phone', 'phonenumber', 'mobile', 'address', 'addresses'],
  ...['taxnumber', 'taxid', 'vatnumber', 'tin', 'bvn', 'nin', 'iban', 'accountnumber'],
  ...['pensionnumber', 'rsapin'],
]

/** Short words that are ends of harmless ones (`margin`, `admin`): only as whole names. */
const wholeNames: ReadonlySet<string> = new Set(['tin', 'bvn', 'nin', 'address', 'addresses'])

/** Cuts every key and every secret in a text down to its visible start. */
export const redactText = (text: string): string =>
  isSuspicious(text) ? secretShapes.reduce((rest, shape) => rest.replace(shape, '$1…'), text) : text

/** Whether a member of this name holds a secret or something personal, whatever its value. */
export function isSecretName(name: string): boolean {
  const known = verdictByName.get(name)
  if (known !== undefined) return known
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const verdict = [...secretEnds, ...personalEnds].some((end) =>
    wholeNames.has(end) ? plain === end : plain.endsWith(end),
  )
  // Names come from schemas; a caller that sends others does not fill the memory with them.
  if (verdictByName.size < namesMax) verdictByName.set(name, verdict)
  return verdict
}

const namesMax = 5_000
const verdictByName = new Map<string, boolean>()

/**
 * A value as JSON without secrets: members with a secret's name are removed, texts are cut. It ends
 * with `…` where it would have become longer than `charsMax`; what comes after is not looked at.
 * Source: platform specification 22.2.
 */
export function renderRedacted(value: unknown, charsMax = Number.MAX_SAFE_INTEGER): string {
  const out: Out = { text: '', charsMax }
  write(out, value)
  return out.text.length > charsMax ? `${out.text.slice(0, charsMax)}…` : out.text
}

type Out = { text: string; readonly charsMax: number }

function write(out: Out, value: unknown): void {
  if (out.text.length > out.charsMax) return
  if (typeof value === 'string') {
    out.text += JSON.stringify(value.length > textMax ? cut(value) : redactText(value))
  } else if (Array.isArray(value)) {
    writeMembers(
      out,
      value.map((member: unknown) => ['', member] as const),
      '[]',
    )
  } else if (typeof value === 'object' && value !== null) {
    writeMembers(out, Object.entries(value), '{}')
  } else {
    out.text += typeof value === 'bigint' ? `"${value}"` : (JSON.stringify(value) ?? 'null')
  }
}

const textMax = 10_000
const secretCharsMax = 100

/** The start of a long text. Its very end goes too: it could be half a key. */
const cut = (text: string): string =>
  `${redactText(text.slice(0, textMax)).slice(0, -secretCharsMax)}…`

function writeMembers(
  out: Out,
  members: readonly (readonly [string, unknown])[],
  [open = '', close = '']: string,
): void {
  const isList = open === '['
  out.text += open
  let isFirst = true
  for (const [name, member] of members) {
    if (out.text.length > out.charsMax) return
    if (member === undefined && !isList) continue
    if (!isFirst) out.text += ','
    isFirst = false
    if (!isList) out.text += `${JSON.stringify(redactText(name))}:`
    write(out, !isList && isSecretName(name) && member !== null ? removed : member)
  }
  out.text += close
}
