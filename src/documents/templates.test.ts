import { afterAll, expect, test } from 'vitest'
import { ask, codesOf } from '../../test/pdf.ts'
import { printedInvoice } from '../../test/printed-invoice.ts'
import { packageRoot } from '../config.ts'
import { asDate } from '../kernel/dates.ts'
import { type DocumentOptions, firstOptions } from '../modules/access/document-options.ts'
import { type DocumentInput, printTemplates } from '../modules/sales/document-input.ts'
import { Renderer } from './renderer.ts'

const renderer = new Renderer({
  root: packageRoot,
  onFailure: (reason) => expect.unreachable(reason),
})
afterAll(() => renderer.close())

type Skip = (reason: string) => void

const textOf = async (skip: Skip, input: DocumentInput): Promise<string> =>
  ask(skip, 'pdftotext', await renderer.render(input)).replaceAll(/[\s\u200b]+/g, ' ')

const bank = [
  {
    ...{ label: null, name: 'Adire Studio GmbH', bankName: 'Tidal Bank', bic: 'COBADEFFXXX' },
    ...{ iban: 'DE89370400440532013000', accountNumber: null, sortCode: null },
  },
]
const invoice: DocumentInput = {
  ...printedInvoice,
  bank,
  seller: {
    ...printedInvoice.seller,
    ...{ city: 'Lagos', registrationNumber: 'RC 123456', email: 'office@adire.example' },
  },
}
const withOptions = (options: Partial<DocumentOptions>): DocumentInput => ({
  ...invoice,
  options: { ...firstOptions, ...options },
})

const parties = ['Adire Studio', '14 Broad Street', 'Lagos', 'T1', 'RC 123456', 'Harbour Café']
const lines = ['Indigo cloth', '3', 'roll', '450.50', '10%', '1,216.35', '7.5%']
const taxes = ['1,216.35', '91.23', 'Exempt', '32.00', 'This supply is exempt from tax.']

/** What each kind must say. Source: documents specification 5. */
const mandatory = {
  invoice: [
    ...['Invoice', 'INV-00042', '2 June 2026', '2 July 2026', 'DE123456789', 'PO-7781'],
    ...[...parties, ...lines, ...taxes, '€1,248.35', '€91.23', '€1,339.58', 'Thirty days'],
    ...['Total tax in NGN', '148,727.71', '1 EUR = 1,630.25 NGN'],
    ...['Adire Studio GmbH', 'Tidal Bank', 'DE89 3704 0044 0532 0130 00', 'COBADEFFXXX'],
  ],
  credit_note: [
    ...['Credit note', 'CN-00007', '2 June 2026', 'INV-00041 · 20 May 2026', 'Damaged'],
    ...[...parties, ...lines, ...taxes, '€1,248.35', '€91.23', '€1,339.58', 'Total credited'],
    ...['Total tax in NGN', '148,727.71', '1 EUR = 1,630.25 NGN'],
  ],
  quotation: [
    ...['Quotation', 'QT-00003', '2 June 2026', 'Valid until', '16 June 2026', 'Thirty days'],
    ...[...parties, ...lines, '€1,248.35', '€91.23', '€1,339.58'],
  ],
} as const satisfies Record<DocumentInput['kind'], readonly string[]>

const { dates } = invoice
const kinds: Readonly<Record<DocumentInput['kind'], DocumentInput>> = {
  invoice,
  credit_note: {
    ...{ ...invoice, kind: 'credit_note', number: 'CN-00007', reason: 'Damaged', terms: null },
    dates: { ...dates, due: null },
    original: { number: 'INV-00041', date: asDate('2026-05-20') },
  },
  quotation: {
    ...{ ...invoice, kind: 'quotation', number: 'QT-00003' },
    dates: { ...dates, due: null, validUntil: asDate('2026-06-16') },
  },
}

test.for(
  printTemplates.flatMap((template) =>
    (['invoice', 'credit_note', 'quotation'] as const).map((kind) => [template, kind] as const),
  ),
)('%s: every mandatory particular is on a %s', async ([template, kind], { skip }) => {
  const text = await textOf(skip, { ...kinds[kind], template })
  expect(mandatory[kind].filter((said) => !text.includes(said))).toEqual([])
})

test.for(printTemplates)('%s: the codes are read from the page', async (template, { skip }) => {
  const [transfer, page] = codesOf(skip, await renderer.render({ ...invoice, template }))
  expect(transfer?.split('\n')).toEqual([
    ...['BCD', '002', '1', 'SCT', 'COBADEFFXXX', 'Adire Studio GmbH', 'DE89370400440532013000'],
    ...['EUR1339.58', '', '', 'INV-00042'],
  ])
  expect(page).toBe(invoice.hostedUrl)
})

test('codes are left out where the business wants none', async ({ skip }) => {
  const input = withOptions({ showLinkCode: false, showPaymentCode: false })
  const text = await textOf(skip, input)
  expect(text).not.toMatch(/View online|Pay by app/)
})

test.for(printTemplates)(
  '%s: a hidden column says below the line what it alone said',
  async (template, { skip }) => {
    const options = { showQuantity: false, showDiscounts: false, showTax: false }
    const text = await textOf(skip, { ...withOptions(options), template })
    expect(text).toContain('Quantity 3 roll · Discount 10% · Tax 7.5%')
    expect(text).toContain('Tax 0%')
    expect(text).not.toContain('Quantity 1')
  },
)

test('the same tax on every line needs no column, nor one piece a quantity', async ({ skip }) => {
  const [, shipping] = invoice.lines
  const input = withOptions({ showQuantity: false, showTax: false })
  const text = await textOf(skip, {
    ...{ ...input, lines: shipping === undefined ? [] : [shipping] },
    taxes: invoice.taxes.slice(1),
  })
  expect(text).toMatch(/Description Unit price Net Shipping 32\.00 32\.00 Tax rate/)
})

test('labels stand in two languages, numbers and dates in the first', async ({ skip }) => {
  const text = await textOf(skip, { ...withOptions({ secondLanguage: 'en' }), language: 'de' })
  for (const said of [
    ...['Rechnung / Invoice', 'Fällig am / Due date', '2. Juli 2026', '1.339,58 €'],
    ...['Seite 1 von 1 / Page 1 of 1', 'IBAN', 'Steuerfreier Umsatz. / This supply is exempt'],
  ]) {
    expect(text).toContain(said)
  }
  expect(text).not.toContain('IBAN / IBAN')
})

test('page numbers are left out where the business wants none', async ({ skip }) => {
  expect(await textOf(skip, invoice)).toContain('Page 1 of 1')
  expect(await textOf(skip, withOptions({ showPageNumbers: false }))).not.toContain('Page')
})

const long: DocumentInput = {
  ...withOptions({
    ...{ showCarriedTotals: true, showSignatureLine: true },
    footerColumns: ['Adire Studio Limited\nLagos', 'RC 123456', 'Tidal Bank 0123456789'],
  }),
  lines: Array.from({ length: 90 }, (_, index) => ({
    ...{ description: `Line ${index + 1}`, quantity: '1', unit: null, unitPrice: '10' },
    ...{ discountPercent: '0', taxPercent: '0', taxCategory: 'E', net: '10.00', tax: '0.00' },
    carried: `${index * 10}.00`,
  })),
}

test.for(printTemplates)(
  '%s: pages name their columns and what is carried; the totals stay with the last line',
  async (template, { skip }) => {
    const pages = ask(skip, 'pdftotext', await renderer.render({ ...long, template })).split('\f')
    const texts = pages.slice(0, -1).map((page) => page.replaceAll(/\s+/g, ' '))
    expect(texts.length).toBeGreaterThanOrEqual(2)
    for (const [index, text] of texts.entries()) {
      const [, first] = / Line (\d+) /.exec(text) ?? []
      if (template !== 'letterhead') expect(text).toContain('Adire Studio Limited Lagos')
      if (first === undefined) continue
      expect(text).toContain('Description')
      const carried = ['Carried forward', ` ${Number(first) - 1}0.00 `]
      expect(carried.every((said) => text.includes(said))).toBe(index > 0)
    }
    const last = texts.find((text) => text.includes('Subtotal'))
    expect(last).toContain('Line 90')
    expect(texts.at(-1)).toContain('Date and signature')
  },
)

test('marks for folding stand on A4 alone, on every template', async () => {
  for (const template of printTemplates) {
    const [plain, marked] = [firstOptions, { ...firstOptions, showFoldMarks: true }]
    const sizeOf = async (input: DocumentInput): Promise<number> =>
      (await renderer.render({ ...input, template })).length
    const letter = { ...invoice, paper: 'us-letter' } as const
    expect(await sizeOf({ ...letter, options: marked })).toBe(await sizeOf(letter))
    expect(await sizeOf({ ...invoice, options: marked })).not.toBe(
      await sizeOf({ ...invoice, options: plain }),
    )
  }
})

test('a letterhead leaves free what its paper needs', async ({ skip }) => {
  const pagesOf = async (letterheadTopMm: number, letterheadBottomMm: number): Promise<number> => {
    const options = { ...firstOptions, letterheadTopMm, letterheadBottomMm }
    const pdf = await renderer.render({ ...long, options, template: 'letterhead' })
    return Number(/^Pages: +(\d+)$/m.exec(ask(skip, 'pdfinfo', pdf))?.[1])
  }
  const [wide, narrow] = [await pagesOf(15, 15), await pagesOf(120, 100)]
  expect(narrow).toBeGreaterThan(wide)
})
