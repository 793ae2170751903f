import { asId } from '../../src/kernel/ids.ts'
import { archiveParty, createParty } from '../../src/modules/parties/party.actions.ts'
import { type Answer, aBusiness } from '../harness.ts'
import { stopMail } from '../mail-stop.ts'
import { idOf, nigeria, type Recipes } from './recipe.ts'

const shop = await aBusiness(nigeria)
const { invoicing } = shop

const customers = '/api/v1/customers'
const invoices = '/api/v1/invoices'
const quotations = '/api/v1/quotations'
const recurring = '/api/v1/recurring-invoices'
const items = [{ description: 'Survey', quantity: 1, unit_price: 100 }]
const email = 'ap@lanternrye.example'

const aCustomer = async (fields: object = {}): Promise<string> =>
  idOf(await invoicing.post(customers, { name: 'Lantern & Rye', email, ...fields }))

const make = async (path: string, fields: object): Promise<Answer> =>
  invoicing.post(path, { customer_id: await aCustomer(), currency: 'NGN', items, ...fields })

const aQuotation = async (status: string, fields: object = {}): Promise<string> =>
  `${quotations}/${idOf(await make(quotations, { status, ...fields }))}`

const anInvoice = async (fields: object = {}): Promise<string> =>
  `${invoices}/${idOf(await make(invoices, { status: 'sent', ...fields }))}`

const archived = async (partyId: string): Promise<string> => {
  await shop.write(archiveParty, { partyId: asId('party', partyId), isArchived: true })
  return partyId
}

const png = (tail: string): Buffer =>
  Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.from(tail)])

const logo = (bytes: Buffer): Promise<Answer> =>
  invoicing.send('PUT', '/api/v1/business/logo', bytes, { 'content-type': 'image/png' })

/** What quotations, recurring invoices, products, expenses, mail and printing refuse. */
export const ofDocuments: Recipes = {
  'sales.quotation_not_editable': async () =>
    invoicing.patch(await aQuotation('accepted'), { notes: 'Too late' }),
  'sales.quotation_expired': async () => {
    const days = { issue_date: '2026-05-01', valid_until: '2026-05-31' }
    return invoicing.post(`${await aQuotation('expired', days)}/convert`)
  },
  'sales.quotation_converted': async () => {
    const path = `${await aQuotation('accepted')}/convert`
    await invoicing.post(path)
    return invoicing.post(path)
  },
  'sales.quotation_not_accepted': async () => invoicing.post(`${await aQuotation('sent')}/convert`),
  'sales.schedule_ended': async () => {
    const days = { frequency: 'monthly', start_date: '2026-06-15', max_occurrences: 1 }
    const path = `${recurring}/${idOf(await make(recurring, days))}`
    await invoicing.post(`${path}/run`)
    return invoicing.post(`${path}/run`)
  },
  'sales.recipient_stopped': async () => {
    const path = await anInvoice()
    await stopMail(shop, 'gone@lanternrye.example')
    return invoicing.post(`${path}/send`, { to: ['gone@lanternrye.example'] })
  },
  'documents.email_limit': async () => {
    const path = await anInvoice()
    const to = (n: number) =>
      Array.from({ length: 20 }, (_, i) => `reader-${n}-${i}@lanternrye.example`)
    for (let sent = 0; sent < 5; sent += 1) await invoicing.post(`${path}/send`, { to: to(sent) })
    return invoicing.post(`${path}/send`, { to: to(5) })
  },
  'documents.language_unknown': async () => invoicing.get(`${await anInvoice()}/pdf?language=tlh`),
  'documents.paper_unknown': async () => invoicing.get(`${await anInvoice()}/pdf?paper=a9`),
  'documents.file_content_mismatch': () => logo(Buffer.from('GIF89a')),
  'documents.logo_invalid': () => logo(png('cut short')),
  'party.archived': async () => {
    const customer_id = await archived(await aCustomer())
    return invoicing.post(invoices, { customer_id, items })
  },
  'product.sku_taken': async () => {
    const product = { name: 'Banner', unit_price: 10, sku: 'BAN-1' }
    await invoicing.post('/api/v1/products', product)
    return invoicing.post('/api/v1/products', product)
  },
  'tax.category_mismatch': () =>
    make(invoices, { items: [{ ...items[0], tax_rate: 7.5, tax_category: 'zero_rated' }] }),
  'ledger.rate_out_of_range': () =>
    invoicing.put('/api/v1/exchange-rates/NGN/2026-05-20', { rate: 2 }),
  'purchases.supplier_inactive': async () => {
    const { id } = await shop.write(createParty, { name: 'Moor Vans', isSupplier: true })
    const van = { description: 'Van hire', amount: 80, supplier_id: await archived(id) }
    return invoicing.post('/api/v1/expenses', van)
  },
}
