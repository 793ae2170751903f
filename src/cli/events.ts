import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { readSnapshot } from '../db/tx.ts'
import { eventId } from '../kernel/ids.ts'
import { listBareEvents } from '../modules/webhooks/event.queries.ts'
import type { StoredEvent } from '../modules/webhooks/event.ts'
import { readWhole } from './arguments.ts'
import { exitCodeOf, nameOf, printFailure, wantsJson } from './output.ts'
import { findBusinessTenant, type Session, withSession } from './session.ts'

type Flags = Readonly<{ business: string; after?: string; follow?: boolean }>

const pageSize = 500
const pollMs = 1_000

/** What has happened in a business, as the outbox keeps it. Source: platform specification 28. */
export function eventsCommand(): Command {
  const events = new Command('events').description('events of a business')
  events
    .command('tail')
    .description('print events, one JSON object per line, without personal data')
    .requiredOption('--business <id>')
    .option('--after <sequence>', 'what came after this number; the newest 20 when not given')
    .option('--follow', 'go on printing what comes, until Ctrl-C')
    .action(async (flags: Flags, command: Command) => {
      try {
        await withSession((session) => tail(session, flags))
      } catch (error) {
        printFailure(nameOf(command), wantsJson(command), error)
        process.exitCode = exitCodeOf(error)
      }
    })
  return events
}

async function tail(session: Session, { business, after, follow }: Flags): Promise<void> {
  const tenant = await findBusinessTenant(session, business)
  const { businessId: tenantId } = tenant
  const read = (from: bigint | undefined): Promise<readonly StoredEvent[]> =>
    readSnapshot(session.installation.adminPool, tenant, (db) =>
      listBareEvents(db, { tenantId, limit: pageSize, ...(from !== undefined && { after: from }) }),
    )
  let last = after === undefined ? undefined : readWhole('--after', after)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  while (!stop.signal.aborted) {
    const events = await read(last)
    for (const event of events) console.log(toLine(event))
    last = events.at(-1)?.sequence ?? last
    if (events.length === pageSize) continue
    if (follow !== true) return
    await pause(pollMs, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

const toLine = ({ sequence, id, type, resource, resourceId, at, payload }: StoredEvent): string =>
  JSON.stringify(
    { sequence, id: eventId(id), type, resource, resourceId, at, payload },
    (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  )
