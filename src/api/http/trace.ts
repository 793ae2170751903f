/** A request that has been answered, as a trace tells it. */
export type Traced = Readonly<{
  requestId: string
  surface: string
  operation: string
  status: number
  code: string | undefined
  durationMs: number
  waitMs: number
}>

/** Follows requests; absent unless the operator has asked for it. */
export type RequestTrace = Readonly<{
  /** The id of the trace that the request belongs to; undefined: it is not recorded. */
  begin: (requestId: string, traceparent: string | undefined) => string | undefined
  end: (traced: Traced) => void
}>
