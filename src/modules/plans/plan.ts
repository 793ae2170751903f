/** The surfaces that plans are sold for. */
export const planSurfaces = ['invoicing', 'books', 'connect'] as const
export type PlanSurface = (typeof planSurfaces)[number]

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

const plansBySurface: Readonly<Record<PlanSurface, readonly string[]>> = {
  invoicing: invoicingPlans,
  books: booksPlans,
  connect: connectPlans,
}

/** Whether a text names a plan of the surface. */
export const isPlanOf = (surface: PlanSurface, plan: string): boolean =>
  plansBySurface[surface].includes(plan)
