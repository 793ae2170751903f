import type { Tx } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Certificate } from './bill-payment.ts'

/** Inserts one certificate. */
export async function insertCertificate(
  tx: Tx,
  businessId: Id<'business'>,
  certificate: Certificate,
): Promise<void> {
  const { id, number, supplierId, paymentId, billId, issueDate } = certificate
  await tx.query({
    name: 'insert_certificate',
    text: `
      insert into withholding_certificate (business_id, certificate_id, number, party_id, payment_id,
        bill_id, issue_date, rate_percent, gross, withheld)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      ...[businessId, id, number, supplierId, paymentId, billId, issueDate],
      ...[certificate.ratePercent, certificate.gross, certificate.withheld],
    ],
  })
}

/** Marks the certificates of a payment that was undone. */
export async function voidCertificates(
  tx: Tx,
  businessId: Id<'business'>,
  paymentId: Id<'document'>,
): Promise<void> {
  await tx.query({
    name: 'void_certificates',
    text: `update withholding_certificate set status = 'voided'
      where business_id = $1 and payment_id = $2`,
    values: [businessId, paymentId],
  })
}
