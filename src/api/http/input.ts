import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Refusal } from '../../kernel/errors.ts'
import { hasBody, mediaTypeOf, readBody } from './body.ts'
import type { RequestCall } from './call.ts'
import { type Json, parseJson } from './json.ts'
import type { Query } from './query.ts'
import type { FileBody, RouteRecord } from './route.ts'
import type { Surface } from './surface.ts'
import type { Edge, Visit } from './visit.ts'

/**
 * Reads parameters and body by the schemas of the route.
 * Refuses, in this order: what the body refuses, what the surface looks up before shapes, what
 * parameters, query and body refuse.
 */
export async function readInput(
  { surface, shapeByRoute }: Edge,
  { request }: Visit,
  call: RequestCall,
  { params, query }: Readonly<{ params: Readonly<Record<string, string>>; query: Query }>,
): Promise<void> {
  const { route } = call
  const shape = shapeByRoute.get(route)
  const json = await readJson(request, route, surface, call)
  const file = await readFile(request, route, call)
  if (surface.requireBeforeShape !== undefined) {
    call.params = params
    await surface.requireBeforeShape(call)
  }
  call.params = shape?.params(params)
  call.query = shape?.query(query)
  if (file !== undefined) call.body = file
  else if (json !== undefined) call.body = shape?.body(json, isStrict(request))
  else if (route.body !== undefined) call.body = {}
}

/** Refuses, in this order: what `readBody` refuses, request.body_required, request.malformed_json. */
async function readJson(
  request: IncomingMessage,
  route: RouteRecord,
  surface: Surface,
  call: RequestCall,
): Promise<Json | undefined> {
  if (route.body === undefined) return undefined
  if (!hasBody(request)) {
    if (route.bodyOptional === true) return undefined
    throw new Refusal('request.body_required')
  }
  const bytes = await readBody(request, surface.bodyBytesMax)
  if (bytes.length === 0) {
    if (route.bodyOptional === true) return undefined
    throw new Refusal('request.body_required')
  }
  const json = parseJson(bytes)
  call.json = json
  call.sizeBytes = bytes.length
  return json
}

/** Refuses, in this order: request.body_required, what `readBody` refuses. */
async function readFile(
  request: IncomingMessage,
  { file }: RouteRecord,
  call: RequestCall,
): Promise<FileBody | undefined> {
  if (file === undefined) return undefined
  if (!hasBody(request)) throw new Refusal('request.body_required')
  const bytes = await readBody(request, file.bytesMax, file.mediaTypes)
  if (bytes.length === 0) throw new Refusal('request.body_required')
  const mediaType = mediaTypeOf(request)
  const digest = createHash('sha256').update(bytes).digest('hex')
  call.json = { value: { mediaType, digest }, isClean: true }
  call.sizeBytes = bytes.length
  return { mediaType, bytes }
}

const isStrict = ({ headers }: IncomingMessage): boolean => headers['tallystick-strict'] === 'true'
