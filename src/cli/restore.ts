import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { type Anchor, anchorKeyOf, readAnchors } from '../db/anchor.ts'
import { BackupError } from '../db/archive.ts'
import { type ChainHead, findLastRecord, listChainHeads, openBackup } from '../db/backup.ts'
import { type Where, withClient } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { asOwner } from '../db/owner.ts'
import { openPhysicalBackup } from '../db/physical.ts'
import { openPool } from '../db/pool.ts'
import { admitRestored, barRestored, restoreBackup } from '../db/restore.ts'
import { type Instant, instantFromMs } from '../kernel/dates.ts'
import { buildLog } from '../log.ts'
import { anchorSecretOf, backupKeyOf, masterKeyOf } from '../master-key.ts'
import { holdOutgoing } from '../modules/webhooks/held.actions.ts'
import { migrationsFolder, openConfigured, openKeys } from '../start.ts'
import { readMoment } from './arguments.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { verifyBusinesses } from './verify.ts'

type Flags = Readonly<{ forceEmpty?: boolean; physical?: boolean; until?: string }>

type Restoring = Readonly<{
  file: string
  dropsOurs: boolean
  anchors: readonly Anchor[]
  /** Opens the backup and what it holds sealed; tells what anchors are signed with. */
  masterKey: Uint8Array
}>

/** Restores a backup into an empty database and verifies it; no server may run on it. */
export const restoreCommand = (): Command =>
  new Command('restore')
    .description('restore a backup into an empty database and verify it')
    .argument('<path>', 'what backup has written')
    .option('--force-empty', 'drop what is in the database first, or move its files aside')
    .option('--physical', 'the path is a folder of backup --physical')
    .option('--until <instant>', 'with --physical: bring nothing back that was later')
    .action((path: string, flags: Flags, command: Command) =>
      answer(command, () => run(resolve(path), flags)),
    )

function run(
  path: string,
  { physical = false, until, forceEmpty = false }: Flags,
): Promise<Answer> {
  if (physical) return recover(path, { movesAside: forceEmpty, until })
  if (until === undefined) return restore(path, { forceEmpty })
  throw new UsageError('--until needs --physical.')
}

async function restore(
  file: string,
  { forceEmpty }: Readonly<{ forceEmpty: boolean }>,
): Promise<Answer> {
  const config = loadConfig()
  const masterKey = masterKeyOf(config)
  await (await openBackup(file, backupKeyOf(masterKey))).close()
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: false })
  try {
    const rows = await restoreInto(database.owner, {
      ...{ file, dropsOurs: forceEmpty, masterKey },
      anchors: readAnchors(config.anchorFile),
    })
    const isHeld = await holdBack(database.owner, config.clockOffsetMs)
    const held = isHeld ? `\n${heldSentence}` : ''
    const text = `Restored ${rows} rows; everything agrees.${held}`
    return { data: { rows, verified: true, held: isHeld }, text, warnings: database.warnings }
  } finally {
    await database.close()
  }
}

type Recovering = Readonly<{ movesAside: boolean; until: string | undefined }>

/** Lays a physical backup out as the bundled database, and brings it forward by its log. */
async function recover(dir: string, { movesAside, until }: Recovering): Promise<Answer> {
  const config = loadConfig()
  const masterKey = masterKeyOf(config)
  const to = until === undefined ? undefined : readMoment('--until', until)
  const { link, warnings, isHeld } = await recoverInto(config, {
    ...{ dir, masterKey, movesAside, anchors: readAnchors(config.anchorFile) },
    ...(to !== undefined && { until: to }),
  })
  const held = isHeld ? `\n${heldSentence}` : ''
  const text = `Recovered the database to its last commit at ${link}; everything agrees.${held}`
  return { data: { verified: true, lastCommitAt: link, held: isHeld }, text, warnings }
}

/** Throws UsageError where DATABASE_URL names another PostgreSQL than the bundled one. */
export function requireBundled({ databaseUrl }: Config): void {
  if (databaseUrl === '') return
  throw new UsageError('--physical is for the bundled PostgreSQL; DATABASE_URL names another.')
}

type RecoveredFrom = Readonly<{
  dir: string
  masterKey: Uint8Array
  movesAside: boolean
  anchors: readonly Anchor[]
  until?: Instant
}>

/**
 * Recovers into the data folder of a configuration and verifies what is there now; the instant of the
 * last link says how far that is. Throws BackupError and StartError.
 * Source: platform specification 26.
 */
export async function recoverInto(
  config: Config,
  { dir, masterKey, movesAside, anchors, until }: RecoveredFrom,
): Promise<Readonly<{ link: string | null; warnings: readonly string[]; isHeld: boolean }>> {
  requireBundled(config)
  const { takenAt, place } = await openPhysicalBackup(dir, backupKeyOf(masterKey))
  if (until !== undefined && until < takenAt) {
    throw new UsageError(`The backup is whole from ${takenAt} on; --until must not be before.`)
  }
  const recovery = { place, movesAside, ...(until !== undefined && { until }) }
  const log = buildLog({ ...config, logLevel: 'warn' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: false, recovery })
  try {
    const { owner, warnings } = database
    const heads = await withClient(owner, async (client) => {
      await barRestored(client)
      await migrate(client, migrationsFolder)
      return listChainHeads(client)
    })
    await requireVerified(owner, {
      anchors: anchors.filter((anchor) => isCovered(anchor, heads)),
      masterKey,
    })
    const link = await withClient(owner, async (client) => {
      await admitRestored(client)
      return findLastRecord(client)
    })
    return { link, warnings, isHeld: await holdBack(owner, config.clockOffsetMs) }
  } finally {
    await database.close()
  }
}

const heldSentence =
  'Webhooks and messages are held: webhooks release sends them, webhooks discard gives up the old ones.'

/** What the backup says is waiting may have been sent since; the operator knows. */
async function holdBack(owner: Where, clockOffsetMs: number): Promise<boolean> {
  const adminPool = openPool({ ...owner, role: 'tallystick_owner', connectionsMax: 1 })
  try {
    const at = instantFromMs(Date.now() + clockOffsetMs)
    return await asOwner(adminPool, (tx) => holdOutgoing(tx, at))
  } finally {
    await adminPool.end()
  }
}

/**
 * Restores a backup and verifies chains, roll-ups and numbers of every tenant in it. Answers the
 * rows. Anchors that are newer than the backup say nothing about it. Throws BackupError when
 * something does not agree; the database then refuses to serve.
 * Source: platform specification 26.
 */
export async function restoreInto(
  where: Where,
  { file, dropsOurs, anchors, masterKey }: Restoring,
): Promise<number> {
  const backup = await openBackup(file, backupKeyOf(masterKey))
  try {
    const rows = await withClient(where, (client) =>
      restoreBackup(client, backup, { migrations: migrationsFolder, dropsOurs }),
    )
    await requireVerified(where, {
      anchors: anchors.filter((anchor) => isCovered(anchor, backup.manifest.chainHeads)),
      masterKey,
    })
    await withClient(where, admitRestored)
    return rows
  } finally {
    await backup.close()
  }
}

/** Throws BackupError when books do not verify. */
async function requireVerified(
  where: Where,
  { anchors, masterKey }: Pick<Restoring, 'anchors' | 'masterKey'>,
): Promise<void> {
  const { vault, root } = await openKeys(where, masterKey)
  const adminPool = openPool({ ...where, role: 'tallystick_owner', connectionsMax: 1, vault })
  try {
    const anchorKey = anchorKeyOf(anchorSecretOf(root))
    const { findings } = await verifyBusinesses({ adminPool }, { anchors, anchorKey })
    const [first] = findings
    if (first === undefined) return
    throw new BackupError(
      `The restored books do not verify: ${findings.length} findings, the first ${first.kind} at ${first.where}.`,
    )
  } finally {
    await adminPool.end()
  }
}

function isCovered({ chain, link }: Anchor, heads: readonly ChainHead[]): boolean {
  const head = heads.find((own) => own.chain === chain)
  return head !== undefined && link <= BigInt(head.link)
}
