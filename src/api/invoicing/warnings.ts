import { type Static, Type } from 'typebox'
import { uncoveredIn } from '../../documents/text.ts'
import { catalogue } from '../../kernel/errors.ts'

/** What a document that is issued says, but for sender and addresses. */
type Said = Readonly<{
  status: string
  customerName: string
  lines: readonly Readonly<{ description: string; unit: string | null }>[]
  purchaseOrder: string | null
  notes: string | null
  terms: string | null
}>

export const WarningsOut = Type.Array(
  Type.Object({ code: Type.String(), message: Type.String() }),
  { description: 'Only after a document was issued or sent, and only where there are some' },
)

/** Characters that are named at most. */
const shownMax = 20

/**
 * An answer about an issued document with what to know of its print: characters that no font has.
 * Source: documents specification 3.
 */
export function withWarnings<Body extends object>(
  body: Body,
  said: Said,
): Body & Readonly<{ warnings?: Static<typeof WarningsOut> }> {
  if (said.status === 'draft') return body
  const { customerName, lines, purchaseOrder, notes, terms } = said
  const texts = [customerName, purchaseOrder ?? '', notes ?? '', terms ?? '']
  const items = lines.flatMap(({ description, unit }) => [description, unit ?? ''])
  const characters = uncoveredIn([...texts, ...items])
  if (characters === '') return body
  const code = 'documents.characters_unsupported'
  const value = [...characters].slice(0, shownMax).join(' ')
  const message = catalogue[code].sentence.replace('{value}', () => value)
  return { ...body, warnings: [{ code, message }] }
}
