import { afterAll, expect, test } from 'vitest'
import { ask } from '../../test/pdf.ts'
import { printedInvoice } from '../../test/printed-invoice.ts'
import { packageRoot } from '../config.ts'
import { printLanguages } from '../modules/access/document-options.ts'
import { type DocumentInput, printPapers, printTemplates } from '../modules/sales/document-input.ts'
import { languageOf } from './language.ts'
import { Renderer } from './renderer.ts'

const reasons: string[] = []
const parts = { root: packageRoot, onFailure: (reason: string) => void reasons.push(reason) }
const renderer = new Renderer(parts)
afterAll(() => renderer.close())

const invoice = printedInvoice

const plain = (text: string): string => text.replaceAll(/[\s\u200b]+/g, ' ')
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)

const latin = printLanguages.filter((language) => language !== 'ar')

test.for(
  printTemplates.flatMap((template) => latin.map((language) => [template, language] as const)),
)('%s in %s says all that an invoice must say', async ([template, language], { skip }) => {
  const { labels } = languageOf(language)
  const text = plain(
    ask(skip, 'pdftotext', await renderer.render({ ...invoice, template, language })),
  )
  const missing = [
    ...[labels.invoice, 'INV-00042', 'Adire Studio', '14 Broad Street', 'T1'],
    ...['Harbour Café', 'Hamburg', 'DE123456789', '2026', 'PO-7781', 'EUR', 'NGN'],
    ...[labels.issueDate, labels.dueDate, labels.exchangeRate, labels.description],
    ...['Indigo cloth', 'roll', 'Shipping', labels.reasonE, labels.subtotal, labels.totalTax],
    ...[labels.total, 'Thank you', 'Thirty days', labels.viewOnline],
  ].filter((said) => !text.includes(said))
  const figures = text.replaceAll(/[.,\s]/g, '')
  const lost = ['4505', '121635', '3200', '9123', '124835', '133958', '14872771', '163025'].filter(
    (digits) => !figures.includes(digits),
  )
  expect([missing, lost]).toEqual([[], []])
})

test.for(printTemplates)('%s is set on both papers, and in Arabic', async (template, { skip }) => {
  for (const paper of printPapers) {
    const pdf = await renderer.render({ ...invoice, template, paper, language: 'ar' })
    const size = paper === 'a4' ? /Page size: +595\.\d+ x 841\.\d+ pts/ : /612 x 792 pts/
    expect(ask(skip, 'pdfinfo', pdf)).toMatch(size)
    const fonts = ask(skip, 'pdffonts', pdf).trim().split('\n').slice(2)
    expect(fonts.join('\n')).toContain('NotoSansArabic')
    expect(fonts.filter((line) => !/ yes +yes +yes /.test(line))).toEqual([])
    expect(ask(skip, 'pdftotext', pdf)).toContain('1,339.58')
  }
})

test('an issued document is for the archive, a draft accessible', async ({ skip }) => {
  const issued = Buffer.from(await renderer.render(invoice)).toString('latin1')
  const drafted = await renderer.render({ ...invoice, state: 'draft', number: null })
  const draft = Buffer.from(drafted).toString('latin1')
  expect(issued).toMatch(/<pdfaid:part>3<\/pdfaid:part><pdfaid:conformance>A</)
  expect(draft).toMatch(/<pdfuaid:part>1<\/pdfuaid:part>/)
  expect(ask(skip, 'pdfinfo', drafted)).toMatch(/Title: +Invoice\n/)
})

test('equal inputs give equal bytes, in another thread too', async () => {
  const first = await renderer.render(invoice)
  await renderer.render({ ...invoice, number: 'INV-00043' })
  const second = await renderer.render(invoice)
  const other = new Renderer(parts)
  const third = await other.render(invoice)
  await other.close()
  expect([isEqual(first, second), isEqual(first, third)]).toEqual([true, true])
  expect(first.length).toBeLessThan(60_000)
})

test('hostile text is shown as text', async ({ skip }) => {
  const description = '#panic("x") $x^2$ *b* _i_ \\ @ref <l> // `r` #read("/etc/passwd")'
  const [line] = invoice.lines
  const lines = line === undefined ? [] : [{ ...line, description }]
  const notes = `\u202egnp.exe\u0000 😀\n${'#'.repeat(5_000)}`
  const text = plain(ask(skip, 'pdftotext', await renderer.render({ ...invoice, lines, notes })))
  // A line may end after a slash.
  expect(text.replaceAll(' ', '')).toContain(description.replaceAll(' ', ''))
  expect(text).toContain('gnp.exe')
  expect(text).not.toContain('root:')
})

test('a thousand lines keep their totals with the last of them', async ({ skip }) => {
  const [line] = invoice.lines
  const lines = Array.from({ length: 1_000 }, (_, index) => ({
    ...{ ...line, description: `Line ${index + 1}` },
  })) as DocumentInput['lines'] // every one is the same line of the invoice
  const pages = ask(skip, 'pdftotext', await renderer.render({ ...invoice, lines })).split('\f')
  const page = pages.find((text) => text.includes('Subtotal'))
  expect(page).toContain('Line 1000')
  expect(page).toContain('Description')
  expect(pages[0]).toContain(`Page 1 of ${pages.length - 1}`)
})

test('a logo that is no picture is left out, and told of', async () => {
  const logo = {
    mediaType: 'image/png',
    widthPx: 1,
    heightPx: 1,
    content: new Uint8Array(9),
  } as const
  const named = { ...invoice, logo: 'ab'.repeat(32) }
  const pdf = await renderer.render(named, logo)
  expect(isEqual(pdf, await renderer.render(invoice))).toBe(true)
  expect(reasons).toHaveLength(1)
})

test('what cannot be set at all fails alone', async () => {
  const broken = renderer.render({ ...invoice, template: 'gone' as 'modern' })
  await expect(broken).rejects.toMatchObject({ code: 'documents.render_failed' })
  expect(await renderer.render(invoice)).toBeInstanceOf(Uint8Array)
})

test('a document that takes too long is given up, and the next one is set', async () => {
  const hasty = new Renderer({ ...parts, bounds: { compileMaxMs: 1 } })
  await expect(hasty.render(invoice)).rejects.toMatchObject({ code: 'documents.render_timeout' })
  await hasty.close()
})

test('a full queue refuses, a thread that has made enough is replaced', async () => {
  const small = new Renderer({ ...parts, bounds: { queueMax: 1, documentsMax: 1 } })
  const made = [small.render(invoice), small.render(invoice)]
  await expect(small.render(invoice)).rejects.toMatchObject({
    code: 'documents.not_ready',
    retryAfterSeconds: 5,
  })
  const [first, second] = await Promise.all(made)
  expect(first !== undefined && second !== undefined && isEqual(first, second)).toBe(true)
  await small.close()
  await expect(small.render(invoice)).rejects.toMatchObject({ code: 'documents.not_ready' })
})
