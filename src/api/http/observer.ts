/** A request that has been answered. Every member is one of few values; none names a caller. */
export type Finished = Readonly<{
  /** `none` for health and paths that belong to nobody. */
  surface: string
  /** Of the route; `none` when none was found. */
  operation: string
  /** 0 when the caller went away before the answer. */
  status: number
  /** Of the refusal; undefined when there was none. */
  code: string | undefined
  idempotency: 'none' | 'first' | 'replayed'
  chargeState: 'none' | 'settled' | 'released'
  seconds: number
}>

/** Hears of each request twice. */
export type Observer = Readonly<{
  begin: (surface: string) => void
  end: (finished: Finished) => void
}>
