/** Languages that documents, their pages and their messages are written in. */
export const printLanguages = ['en', 'fr', 'de', 'es', 'pt', 'ar'] as const
export type PrintLanguage = (typeof printLanguages)[number]

export const logoSizes = ['small', 'medium', 'large'] as const

/** How the documents of a business look, whatever their template. */
export type DocumentOptions = Readonly<{
  /** Of customers that have none of their own. */
  language: PrintLanguage
  /** Labels are written in it too, beside the first: "Rechnung / Invoice". */
  secondLanguage: PrintLanguage | null
  /** `#rrggbb`; null: the colour of the template. */
  brandColour: string | null
  logoSize: (typeof logoSizes)[number]
  /** A column that is hidden leaves what it alone says below the description of the line. */
  showQuantity: boolean
  showDiscounts: boolean
  showTax: boolean
  showPageNumbers: boolean
  /** The code that opens the document's page. */
  showLinkCode: boolean
  /** The code that banking apps read a transfer in euro from. */
  showPaymentCode: boolean
  /** The net of what came before, on every page after the first. */
  showCarriedTotals: boolean
  showSignatureLine: boolean
  /** Marks at the edge where an A4 page is folded for an envelope. */
  showFoldMarks: boolean
  /** What a letterhead leaves free above and below, in millimetres. */
  letterheadTopMm: number
  letterheadBottomMm: number
  /** Texts side by side at the foot of every page. */
  footerColumns: readonly string[]
}>

export const optionBounds = {
  footerColumnsMax: 3,
  footerColumnMax: 200,
  letterheadMmMax: 120,
} as const

/** The options of a business that has said nothing yet. */
export const firstOptions: DocumentOptions = {
  language: 'en',
  secondLanguage: null,
  brandColour: null,
  logoSize: 'medium',
  showQuantity: true,
  showDiscounts: true,
  showTax: true,
  showPageNumbers: true,
  showLinkCode: true,
  showPaymentCode: true,
  showCarriedTotals: false,
  showSignatureLine: false,
  showFoldMarks: false,
  letterheadTopMm: 52,
  letterheadBottomMm: 38,
  footerColumns: [],
}
