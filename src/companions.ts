import type { Companion } from './db/lane.ts'
import { postJournal } from './modules/ledger/journal.actions.ts'
import type { Journal } from './modules/ledger/journal.ts'
import { createInvoice, updateInvoice } from './modules/sales/invoice.actions.ts'
import type { NewInvoice } from './modules/sales/invoice.ts'
import { sendInvoice } from './modules/sales/invoice-step.actions.ts'

const named = (what: string, name: string | null | undefined): readonly string[] =>
  name ? [`${what} ${name}`] : []

const journal: Companion<Journal> = {
  weight: ({ lines }) => lines.length,
  subjects: ({ externalId }) => named('journal', externalId),
}

const newInvoice: Companion<NewInvoice> = {
  weight: ({ lines }) => 10 + lines.length,
  subjects: ({ externalId, number }) => [
    ...named('external', externalId),
    ...named('number', number),
  ],
}

const invoice: Companion<Readonly<{ invoiceId: string }>> = {
  weight: () => 20,
  subjects: ({ invoiceId }) => [`invoice ${invoiceId}`],
}

/** Actions that the lane runs side by side when they queue next to each other. */
export const companions = new Map<unknown, Companion>([
  [postJournal, journal],
  [createInvoice, newInvoice],
  [updateInvoice, invoice],
  [sendInvoice, invoice],
])
