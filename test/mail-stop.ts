import { asOwner } from '../src/db/owner.ts'
import { insertStop } from '../src/modules/access/mail-message.db.ts'
import { type Business, noon } from './harness.ts'
import { newUuid } from './lane.ts'

/** As when the mail server of an address, in lower case, has refused it for good. */
export const stopMail = (
  { owner, tenant }: Pick<Business, 'owner' | 'tenant'>,
  address: string,
): Promise<void> =>
  asOwner(
    owner,
    (tx) =>
      insertStop(tx, {
        tenantId: tenant.businessId,
        id: newUuid(),
        address,
        reason: 'refused',
        at: noon,
      }),
    tenant,
  )
