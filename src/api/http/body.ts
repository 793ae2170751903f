import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Refusal } from '../../kernel/errors.ts'

const inflate = promisify(gunzip)

/** Bytes of a body that is too large which are still read, before the connection is cut. */
const drainedBytesMax = 64 * 1024 * 1024

const jsonTypes = ['application/json']

/** Whether a request says that it has a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/**
 * Reads the body of a request to its end: JSON, or what else the route takes.
 * Refuses, in this order: request.media_type_unsupported, request.encoding_unsupported,
 * request.body_too_large. The caller closes the connection after the last one.
 */
export async function readBody(
  request: IncomingMessage,
  limitBytes: number,
  mediaTypes: readonly string[] = jsonTypes,
): Promise<Buffer> {
  const { 'content-encoding': encoding = 'identity' } = request.headers
  const mediaType = mediaTypeOf(request)
  if (!mediaTypes.includes(mediaType)) {
    const expected = mediaTypes.join(' or ')
    throw new Refusal('request.media_type_unsupported', {
      mediaType: mediaType || '(none)',
      expected,
    })
  }
  const isPacked = encoding.toLowerCase() === 'gzip'
  if (!isPacked && encoding.toLowerCase() !== 'identity') {
    throw new Refusal('request.encoding_unsupported', { encoding })
  }
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  const bytes = await collect(request, limitBytes)
  return isPacked ? unpack(bytes, limitBytes) : bytes
}

/** What a request says its body is, in lower case and without parameters. */
export function mediaTypeOf({ headers }: IncomingMessage): string {
  const { 'content-type': type = '' } = headers
  if (type === 'application/json') return type
  const semicolon = type.indexOf(';')
  return (semicolon < 0 ? type : type.slice(0, semicolon)).trim().toLowerCase()
}

const tooLarge = (limitBytes: number): Refusal =>
  new Refusal('request.body_too_large', { limitBytes })

function collect(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let isWhole = false
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limitBytes) {
        // What still comes is read and dropped, so that the caller gets to see the answer.
        chunks.length = 0
        if (size > drainedBytesMax) request.destroy()
        reject(tooLarge(limitBytes))
        return
      }
      chunks.push(chunk)
    })
    request.on('end', () => {
      isWhole = true
      const [only] = chunks
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
    })
    request.on('error', reject)
    // Lost before its end: nobody is there to read the answer.
    request.on('close', () => {
      if (!isWhole) reject(new Refusal('request.slow_body', { seconds: 30 }))
    })
  })
}

async function unpack(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return await inflate(bytes, { maxOutputLength: limitBytes })
  } catch (error) {
    const isTooLarge =
      error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge ? tooLarge(limitBytes) : new Refusal('request.malformed_json', { position: 0 })
  }
}
