import type { Ctx, OrganizationCtx } from '../../db/write.ts'
import { instantFromMs, msOf } from '../../kernel/dates.ts'
import { toDecimalText } from '../../kernel/money.ts'
import { noticeShares } from '../plans/credit.ts'
import { announceLimits } from '../plans/notice.actions.ts'
import { insertMessages } from './mail-message.db.ts'
import { listSends } from './mail-message.queries.ts'
import { type Notice, toAddress } from './mail-message.ts'
import { findOwner } from './organization.queries.ts'

/**
 * `aboutId` names what it is about: a key, an endpoint, or the organization itself. `isOncePerDay`:
 * one that is nothing new beside another of its day is left out.
 */
type NewNotice = Readonly<{ aboutId: string; notice: Notice; isOncePerDay?: boolean }>

const dayMs = 86_400_000

/**
 * Queues a notice to the owner of the organization in the commit that has news for it; none where the
 * owner has given no address, or one that takes no mail.
 * Refuses: nothing.
 * Source: documents specification 7.
 */
export async function queueNotice(
  ctx: OrganizationCtx | Ctx,
  { aboutId, notice, isOncePerDay = false }: NewNotice,
): Promise<void> {
  const { tx, organizationId, recordedAt: at } = ctx
  const owner = await findOwner(tx, organizationId)
  if (owner === undefined) return
  const tenantId = 'businessId' in ctx ? ctx.businessId : organizationId
  const recipient = toAddress(owner.email)
  const { purpose } = notice
  const since = instantFromMs(msOf(at) - (msOf(at) % dayMs))
  const asked = { aboutId, purpose, since, addresses: [recipient] }
  const [known] = await listSends(tx, tenantId, [asked])
  const { sends = 0, recent = 0, stopped } = known ?? {}
  if (stopped !== undefined || (isOncePerDay && recent > 0)) return
  const letter = { ...notice, organization: owner.organization }
  const message = { id: ctx.newId('mail'), aboutId, recipient, letter, sendNo: sends + 1, at }
  await insertMessages(tx, tenantId, [message])
}

/**
 * Tells the owners of an organization what happened to its credits and to its quota, each once: by
 * events, and of its credits by a notice as well.
 * Refuses: nothing.
 * Source: platform specification 7.
 */
export async function tellOwner(ctx: OrganizationCtx, _input: object): Promise<void> {
  for (const { asset, notice: level, balance } of await announceLimits(ctx)) {
    const left =
      asset === 'CALL' ? balance.toString() : toDecimalText({ minor: balance, currency: asset })
    const facts = {
      asset,
      left,
      share: noticeShares[level] ?? '',
      isOver: level >= noticeShares.length - 1,
    }
    await queueNotice(ctx, {
      aboutId: ctx.organizationId,
      notice: { purpose: 'credits_low', facts },
    })
  }
}
