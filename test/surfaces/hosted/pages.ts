import { linkTokensOf } from '../../../src/master-key.ts'
import { type Answer, type Business, masterKey } from '../../harness.ts'

const tokens = linkTokensOf(masterKey)

/** The path of the page that a document has under one of its links. */
export const pathOf = (documentId: string, generation = 1): string =>
  `/i/${tokens.toToken(documentId, generation)}`

/** Asks for a page as a browser does; fields make it a form that is sent. */
export async function visit(
  { app }: Pick<Business, 'app'>,
  path: string,
  {
    method,
    form,
    headers = {},
  }: Readonly<{
    method?: 'GET' | 'HEAD' | 'POST' | 'PUT'
    form?: Readonly<Record<string, string>>
    headers?: Readonly<Record<string, string>>
  }> = {},
): Promise<Answer> {
  const answer = await app.server.inject({
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    url: path,
    headers: {
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
  })
  const { statusCode: status, payload: text } = answer
  const texts = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
  return { status, headers: Object.fromEntries(texts), body: text, text, bytes: answer.rawPayload }
}
