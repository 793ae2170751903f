import { asDate, type Instant } from '../src/kernel/dates.ts'
import { firstOptions } from '../src/modules/access/document-options.ts'
import type { DocumentInput } from '../src/modules/sales/document-input.ts'

/** A party of which nothing is known but its name. */
export const nobody = {
  ...{ address: null, city: null, state: null, postalCode: null, country: null, taxId: null },
  ...{ registrationNumber: null, email: null, phone: null, website: null },
}

/** An issued invoice in a foreign currency, with a discount and an exempt line. */
export const printedInvoice: DocumentInput = {
  kind: 'invoice',
  id: '0197a1c2-0000-7000-8000-000000000001',
  number: 'INV-00042',
  state: 'issued',
  environment: 'live',
  language: 'en',
  paper: 'a4',
  template: 'modern',
  finalisedAt: '2026-06-02T10:00:00.000Z' as Instant,
  seller: {
    ...nobody,
    name: 'Adire Studio',
    address: '14 Broad Street',
    country: 'NG',
    taxId: 'T1',
  },
  buyer: { ...nobody, name: 'Harbour Café', city: 'Hamburg', country: 'DE', taxId: 'DE123456789' },
  logo: null,
  bank: [],
  options: firstOptions,
  dates: { issue: asDate('2026-06-02'), due: asDate('2026-07-02'), validUntil: null },
  currency: 'EUR',
  baseCurrency: 'NGN',
  rate: '1630.25',
  pricesIncludeTax: false,
  discountPercent: '0',
  lines: [
    {
      ...{ description: 'Indigo cloth', quantity: '3', unit: 'roll', unitPrice: '450.5' },
      ...{ discountPercent: '10', taxPercent: '7.5', taxCategory: 'S' },
      ...{ net: '1216.35', tax: '91.23', carried: '0.00' },
    },
    {
      ...{ description: 'Shipping', quantity: '1', unit: null, unitPrice: '32' },
      ...{ discountPercent: '0', taxPercent: '0', taxCategory: 'E' },
      ...{ net: '32.00', tax: '0.00', carried: '1216.35' },
    },
  ],
  taxes: [
    { category: 'S', percent: '7.5', taxable: '1216.35', amount: '91.23' },
    { category: 'E', percent: '0', taxable: '32.00', amount: '0.00' },
  ],
  baseTax: '148727.71',
  totals: { net: '1248.35', tax: '91.23', gross: '1339.58', rounding: '0.00' },
  original: null,
  reference: 'PO-7781',
  reason: null,
  notes: 'Thank you',
  terms: 'Thirty days',
  hostedUrl: 'https://books.example/i/3Zx1N9cJm2uJ0a5b7Q8RkLpVwTtYyUuIiOoPpAaSsDd',
}
