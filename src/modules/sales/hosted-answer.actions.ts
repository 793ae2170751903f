import type { Ctx } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import { readDocument } from '../ledger/document.actions.ts'
import { decideQuotation } from './quotation.actions.ts'

/** What a customer answers on a quotation's page. */
export type HostedAnswer = Readonly<{
  quotationId: string
  decision: 'accepted' | 'rejected'
  name: string
  note: string | null
  /** Where the answer came from. */
  address: string
}>

/**
 * Records a customer's answer to a quotation that waits for one.
 * Refuses, in this order: resource.not_found, resource.invalid_transition, what `decideQuotation`
 * refuses.
 * Source: Invoicing specification 14.
 */
export async function answerQuotation(
  ctx: Ctx,
  { address, ...answer }: HostedAnswer,
): Promise<void> {
  const { quotationId: documentId, decision, name, note } = answer
  const found = await readDocument(ctx, 'quotation', documentId)
  const status = found?.details['status']
  if (found !== undefined && status !== 'sent') {
    const from = String(status)
    throw new Refusal('resource.invalid_transition', {
      ...{ resource: 'Quotation', from, to: decision },
    })
  }
  await decideQuotation(ctx, answer)
  ctx.audit({
    action: 'sales.quotation.answered',
    resource: 'quotation',
    resourceId: documentId,
    after: { decision, name, note, address },
  })
}
