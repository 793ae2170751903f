import type { TSchema } from 'typebox'
import { type Example, type RouteRecord, route, type TypedRoute } from '../http/route.ts'

/**
 * PATCH and PUT of a resource, which do the same: only the members that are sent change. The record
 * is that of PATCH, `update-…`; `put-…` has examples of its own.
 * Source: Invoicing contract, updates (D).
 */
export const updateRoutes = <P extends TSchema, Q extends TSchema, B extends TSchema>(
  record: TypedRoute<P, Q, B>,
  putExamples: readonly Example[],
): readonly RouteRecord[] => [
  route(record),
  route({
    ...record,
    method: 'PUT',
    operation: record.operation.replace('update-', 'put-'),
    description: 'The same as PATCH: only the members that are sent change.',
    examples: putExamples,
  }),
]
