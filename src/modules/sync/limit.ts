/** What a Connect plan allows; null: as many as wanted. */
export type ConnectLimits = Readonly<{
  companiesMax: number | null
  activeConnectionsMax: number | null
  /** Whether data may be read more often than daily. */
  allowsHourlySync: boolean
}>

/**
 * Limits of a plan; a plan without a row of its own is held to those of `trial`.
 * Source: platform specification 4.1.
 */
export const limitsOf = (plan: string): ConnectLimits => limitsByPlan.get(plan) ?? trial

const trial: ConnectLimits = { companiesMax: 50, activeConnectionsMax: 50, allowsHourlySync: false }

const limitsByPlan: ReadonlyMap<string, ConnectLimits> = new Map([
  ['trial', trial],
  ['growth', { companiesMax: null, activeConnectionsMax: null, allowsHourlySync: true }],
])
