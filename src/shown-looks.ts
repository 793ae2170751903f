import { booksErrors } from './api/books/errors.ts'
import { connectErrors } from './api/connect/errors.ts'
import { invoicingErrors } from './api/invoicing/errors.ts'

/** What every surface makes of every code, for commands and pages that show all three. */
export const shownLooks = {
  invoicing: invoicingErrors,
  books: booksErrors,
  connect: connectErrors,
}
