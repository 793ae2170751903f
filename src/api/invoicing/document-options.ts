import { type Static, Type } from 'typebox'
import {
  type DocumentOptions,
  logoSizes,
  optionBounds,
  printLanguages,
} from '../../modules/access/document-options.ts'

const { footerColumnMax, footerColumnsMax, letterheadMmMax } = optionBounds
const millimetres = (description: string) =>
  Type.Integer({ minimum: 15, maximum: letterheadMmMax, description })

/** Stands for null: a member of an object that is sent cannot be cleared otherwise. */
const none = 'none'

const shown = (description: string) => Type.Boolean({ description })

/** How the documents of a business look, as its profile answers it. */
export const DocumentOptionsOut = Type.Object({
  language: Type.Enum([...printLanguages], {
    description: 'Of customers that have none of their own',
  }),
  second_language: Type.Enum([none, ...printLanguages], {
    description: 'Labels stand in both, as in Rechnung / Invoice',
  }),
  brand_colour: Type.String({
    pattern: '^(none|#[0-9a-f]{6})$',
    description:
      '#rrggbb in lower case, printed darker where it is too light to read; none: that of the template',
  }),
  logo_size: Type.Enum([...logoSizes]),
  show_quantity: shown('What a hidden column alone says stands below the description of the item'),
  show_discounts: Type.Boolean(),
  show_tax: Type.Boolean(),
  show_page_numbers: Type.Boolean(),
  show_link_code: shown('The code that opens the page of the document'),
  show_payment_code: shown('The code for a transfer, on invoices in EUR where there is an IBAN'),
  show_carried_totals: shown('The net of the pages before, on every page after the first'),
  show_signature_line: Type.Boolean(),
  show_fold_marks: shown('Where an A4 page is folded for an envelope'),
  letterhead_top_mm: millimetres('What the letterhead template leaves free above'),
  letterhead_bottom_mm: millimetres('What the letterhead template leaves free below'),
  footer_columns: Type.Array(Type.String({ minLength: 1, maxLength: footerColumnMax }), {
    maxItems: footerColumnsMax,
    description: 'Texts side by side at the foot of every page',
  }),
})

type Wire = Static<typeof DocumentOptionsOut>

export const DocumentOptionsIn = Type.Partial(DocumentOptionsOut, {
  description: 'How documents look from now on; what is left out stays',
})

const memberOf = {
  language: 'language',
  second_language: 'secondLanguage',
  brand_colour: 'brandColour',
  logo_size: 'logoSize',
  show_quantity: 'showQuantity',
  show_discounts: 'showDiscounts',
  show_tax: 'showTax',
  show_page_numbers: 'showPageNumbers',
  show_link_code: 'showLinkCode',
  show_payment_code: 'showPaymentCode',
  show_carried_totals: 'showCarriedTotals',
  show_signature_line: 'showSignatureLine',
  show_fold_marks: 'showFoldMarks',
  letterhead_top_mm: 'letterheadTopMm',
  letterhead_bottom_mm: 'letterheadBottomMm',
  footer_columns: 'footerColumns',
} as const satisfies Record<keyof Wire, keyof DocumentOptions>

const members = Object.entries(memberOf) as [keyof Wire, keyof DocumentOptions][] // its own names

/** The options that were sent, under their own names. */
export const toOptions = (given: Static<typeof DocumentOptionsIn>): Partial<DocumentOptions> =>
  Object.fromEntries(
    members.flatMap(([name, member]) => {
      const value = given[name]
      return value === undefined ? [] : [[member, value === none ? null : value]]
    }),
  )

export const toWireOptions = (options: DocumentOptions): Wire =>
  Object.fromEntries(members.map(([name, member]) => [name, options[member] ?? none])) as Wire // every member of it
