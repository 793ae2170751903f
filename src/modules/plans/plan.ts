/** The surfaces that plans are sold for. */
export type PlanSurface = 'invoicing' | 'books' | 'connect'

export const invoicingPlans = ['basic', 'pro'] as const
export const booksPlans = ['free', 'premium', 'accountant_pro', 'enterprise'] as const
export const connectPlans = ['trial', 'growth'] as const

export type InvoicingPlan = (typeof invoicingPlans)[number]
export type BooksPlan = (typeof booksPlans)[number]
export type ConnectPlan = (typeof connectPlans)[number]

/** One plan per surface. */
export type Plans = Readonly<{
  invoicing: InvoicingPlan
  books: BooksPlan
  connect: ConnectPlan
}>

/** `past_due` works on; `expired` closes the businesses to keys. */
export const subscriptionStatuses = ['active', 'past_due', 'expired'] as const
export type SubscriptionStatus = (typeof subscriptionStatuses)[number]

/** What an organization made by the operator starts with. Source: platform specification 4.1. */
export const operatorPlans: Plans = { invoicing: 'pro', books: 'enterprise', connect: 'growth' }

/** What applies where nothing was ever subscribed to. */
export const defaultPlans: Plans = { invoicing: 'basic', books: 'free', connect: 'trial' }

/**
 * Keys that may be in force at once: per business on Invoicing, per organization elsewhere.
 * Source: platform specification 4.1.
 */
export const apiKeysMax = {
  invoicing: { basic: 2, pro: 20 },
  books: { free: 0, premium: 10, accountant_pro: 25, enterprise: 200 },
  connect: { trial: 10, growth: 10 },
} as const satisfies Readonly<{ [S in PlanSurface]: Readonly<Record<Plans[S], number>> }>

/** Live businesses of an organization by Books plan; null: no limit. */
export const businessesMax = {
  free: 1,
  premium: 3,
  accountant_pro: 100,
  enterprise: null,
} as const satisfies Readonly<Record<BooksPlan, number | null>>

/** The cap on keys of a surface under these plans. */
export function apiKeysMaxOf(surface: PlanSurface, plans: Plans): number {
  if (surface === 'invoicing') return apiKeysMax.invoicing[plans.invoicing]
  return surface === 'books' ? apiKeysMax.books[plans.books] : apiKeysMax.connect[plans.connect]
}

/** Whether a text names a plan of the surface. */
export const isPlanOf = (surface: PlanSurface, plan: string): boolean =>
  Object.hasOwn(apiKeysMax[surface], plan)
