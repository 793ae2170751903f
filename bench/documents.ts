import { monitorEventLoopDelay } from 'node:perf_hooks'
import { packageRoot } from '../src/config.ts'
import { Renderer } from '../src/documents/renderer.ts'
import { asDate, type Instant } from '../src/kernel/dates.ts'
import { firstOptions } from '../src/modules/access/document-options.ts'
import type { DocumentInput } from '../src/modules/sales/document-input.ts'
import { BenchError } from './bench-error.ts'
import { blankResult, judge, type Result } from './output.ts'
import { percentile } from './statistics.ts'

const warmUps = 20
const different = 500
const linesEach = 20

/**
 * B12: different invoices of twenty lines to PDF, one after the other, then one that is not changed;
 * CPU of the whole process, and how long its event loop was held up meanwhile.
 */
export async function runDocuments(say: (sentence: string) => void): Promise<readonly Result[]> {
  const renderer = new Renderer({
    root: packageRoot,
    onFailure: (reason) => {
      throw new BenchError(`a document could not be rendered: ${reason}`)
    },
  })
  const measure = async (count: number, first: number, step: number): Promise<number[]> => {
    const times: number[] = []
    for (let i = 0; i < count; i += 1) {
      const before = process.cpuUsage()
      await renderer.render(anInvoice(first + i * step))
      const { user, system } = process.cpuUsage(before)
      times.push((user + system) / 1_000)
    }
    return times
  }
  say(`B12 rendering ${different} invoices`)
  await measure(warmUps, 0, 1)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const fresh = await measure(different, warmUps, 1)
  delay.disable()
  const same = await measure(warmUps, 1, 0)
  await renderer.close()
  const toResult = (workload: string, times: readonly number[], value: number): Result =>
    judge({
      ...blankResult('B12', workload, `invoice of ${linesEach} lines to PDF`, 'ms CPU', times),
      target: { op: '<=', value },
      latencyMs: {
        p50: percentile(times, 0.5),
        p95: percentile(times, 0.95),
        p99: percentile(times, 0.99),
      },
    })
  const held = delay.percentile(99) / 1_000_000
  return [
    toResult('different', fresh, 40),
    toResult('the same', same, 40),
    judge({
      ...blankResult('B12', 'event loop', 'delay p99 while rendering', 'ms', [held]),
      target: { op: '<=', value: 20 },
    }),
  ]
}

const nobody = {
  ...{ address: null, city: null, state: null, postalCode: null, country: null, taxId: null },
  ...{ registrationNumber: null, email: null, phone: null, website: null },
}

const anInvoice = (n: number): DocumentInput => ({
  ...{ kind: 'invoice', id: `invoice ${n}`, number: `INV-${n}`, state: 'issued' },
  ...{ environment: 'live', language: 'en', paper: 'a4', template: 'modern' },
  finalisedAt: '2026-06-02T10:00:00.000Z' as Instant,
  seller: { ...nobody, name: 'Adire Studio', address: '14 Broad Street', country: 'NG' },
  buyer: { ...nobody, name: `Customer ${n}`, city: 'Hamburg', country: 'DE' },
  ...{ logo: null, bank: [], options: firstOptions },
  dates: { issue: asDate('2026-06-02'), due: asDate('2026-07-02'), validUntil: null },
  ...{ currency: 'NGN', baseCurrency: 'NGN', rate: null, baseTax: null },
  ...{ pricesIncludeTax: false, discountPercent: '0' },
  lines: Array.from({ length: linesEach }, (_, index) => ({
    ...{ description: `Article ${n * linesEach + index}`, quantity: `${index + 1}`, unit: null },
    ...{ unitPrice: `${n}.50`, discountPercent: '0', taxPercent: '7.5', taxCategory: 'S' },
    ...{ net: `${n * (index + 1)}.50`, tax: `${index}.25` },
    carried: `${n * index}.50`,
  })),
  taxes: [{ category: 'S', percent: '7.5', taxable: `${n}00.50`, amount: `${n}.25` }],
  totals: { net: `${n}00.50`, tax: `${n}.25`, gross: `${n}00.75`, rounding: '0.00' },
  ...{ original: null, reference: null, reason: null, notes: 'Thank you', terms: 'Thirty days' },
  hostedUrl: `https://books.example/i/${`${n}`.padStart(43, 'x')}`,
})
