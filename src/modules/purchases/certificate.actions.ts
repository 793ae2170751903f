import type { Ctx } from '../../db/write.ts'
import { toImage } from '../ledger/document.ts'
import { takeNumber } from '../ledger/number-series.actions.ts'
import type { Certificate } from './bill-payment.ts'
import { insertCertificate, voidCertificates } from './certificate.db.ts'

/**
 * Makes the certificate of a payment that tax was withheld from.
 * Refuses: nothing.
 * Source: ledger specification 3.9; Books specification 11.3.
 */
export async function issueCertificate(
  ctx: Ctx,
  given: Omit<Certificate, 'id' | 'number' | 'status'>,
): Promise<Certificate> {
  const id = ctx.newId('certificate')
  const number = await takeNumber(ctx, {
    ...{ kind: 'withholding_certificate', surface: 'books' },
    ...{ date: given.issueDate, documentId: id },
  })
  const certificate: Certificate = { ...given, id, number, status: 'issued' }
  await insertCertificate(ctx.tx, ctx.businessId, certificate)
  ctx.emit({
    type: 'purchases.certificate.issued',
    ...{ resource: 'certificate', resourceId: id, payload: toImage(certificate) },
  })
  return certificate
}

/** Voids the certificates of a payment that was undone. Refuses: nothing. */
export const voidCertificatesOf = (ctx: Ctx, paymentId: Certificate['paymentId']): Promise<void> =>
  voidCertificates(ctx.tx, ctx.businessId, paymentId)
