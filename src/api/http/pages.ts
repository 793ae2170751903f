import type { IncomingMessage } from 'node:http'
import type { Instant } from '../../kernel/dates.ts'
import type { Maintenance } from '../../modules/access/maintenance.ts'
import { readBody } from './body.ts'

/** A request for a page of people without a key, as the server hands it on. */
export type PageRequest = Readonly<{
  method: string
  path: string
  query: URLSearchParams
  /** Of `Accept-Language`. */
  languages: string | undefined
  address: string
  now: Instant
  nowMs: number
  maintenance: Maintenance | undefined
  /** Refuses: what `readBody` refuses. */
  readForm: () => Promise<URLSearchParams>
}>

export type PageReply = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  content: Buffer | string
}>

/** Answers every request below its path. */
export type PageDoor = (request: PageRequest) => Promise<PageReply>

const formBytesMax = 16 * 1024
const formTypes = ['application/x-www-form-urlencoded']

/** The fields of a form. Refuses: what `readBody` refuses. */
export const readForm = async (request: IncomingMessage): Promise<URLSearchParams> =>
  new URLSearchParams((await readBody(request, formBytesMax, formTypes)).toString('utf8'))
