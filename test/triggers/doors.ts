import { sandboxManifest } from '../../src/connectors/sandbox/manifest.ts'
import { asDate } from '../../src/kernel/dates.ts'
import type { ErrorCode } from '../../src/kernel/errors.ts'
import { postJournal } from '../../src/modules/ledger/journal.actions.ts'
import { createConnection } from '../../src/modules/sync/connection.actions.ts'
import { aCompany } from '../surfaces/connect/linked.ts'

const lines = Array.from({ length: 1_001 }, () => ({
  accountCode: '5020',
  base: 1n,
  description: null,
}))

/** What actions refuse that no request can ask for, because something before them refuses it. */
export const ofDoors: Partial<Record<ErrorCode, () => Promise<unknown>>> = {
  'ledger.too_many_lines': async () => {
    const { write } = await aCompany()
    const head = { accountingDate: asDate('2026-06-01'), description: 'Rent', reference: null }
    return write(postJournal, { ...head, lines })
  },
  'sync.integration_disabled': async () => {
    const { write, companyId, organizationId } = await aCompany()
    const manifest = { ...sandboxManifest, isEnabled: false }
    return write(createConnection, { companyId, manifest }, { organizationId })
  },
}
