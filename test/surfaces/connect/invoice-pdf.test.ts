import { expect, test } from 'vitest'
import { aCustomer, aLinkedCompany, anInvoice } from './linked.ts'

test('200 the PDF of a native invoice, as the caller has asked for it', async () => {
  const company = await aLinkedCompany()
  const customer_id = await aCustomer(company)
  const id = await anInvoice(company, { customer_id, status: 'sent' })
  const path = `/companies/${company.companyId}/data/invoices/${id}/pdf`
  const plain = await company.connect.get(path)
  const named = await company.connect.get(path, { accept: 'application/pdf, */*' })
  const own = await company.invoicing.get(`/api/v1/invoices/${id}/pdf`)
  expect([plain.status, plain.headers['content-type']]).toEqual([200, 'application/octet-stream'])
  expect(plain.headers['content-disposition']).toBe('attachment; filename="INV-00001.pdf"')
  expect([named.status, named.headers['content-type']]).toEqual([200, 'application/pdf'])
  expect(plain.bytes.subarray(0, 5).toString()).toBe('%PDF-')
  expect([plain.bytes.equals(named.bytes), plain.bytes.equals(own.bytes)]).toEqual([true, true])
})

test('404 an invoice that is not there is missing under the name of its platform', async () => {
  const { get } = await aLinkedCompany()
  const reply = await get('/data/invoices/12345/pdf')
  expect([reply.status, reply.body.service]).toEqual([404, 'Tallystick'])
  expect(reply.body.error).toMatch(/^InvoicePdfNotFoundException: Invoice not found for company /)
})
