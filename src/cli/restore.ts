import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { type Anchor, anchorKeyOf, readAnchors } from '../db/anchor.ts'
import { BackupError } from '../db/archive.ts'
import { type Manifest, openBackup } from '../db/backup.ts'
import { openRoot } from '../db/data-key.ts'
import { type Where, withClient } from '../db/database.ts'
import { asOwner } from '../db/owner.ts'
import { openPool } from '../db/pool.ts'
import { admitRestored, restoreBackup } from '../db/restore.ts'
import { instantFromMs } from '../kernel/dates.ts'
import { buildLog } from '../log.ts'
import { anchorSecretOf, backupKeyOf, readMasterKey } from '../master-key.ts'
import { holdOutgoing } from '../modules/webhooks/held.actions.ts'
import { migrationsFolder, openConfigured } from '../start.ts'
import { type Answer, answer } from './output.ts'
import { verifyBusinesses } from './verify.ts'

type Flags = Readonly<{ forceEmpty?: boolean }>

type Restoring = Readonly<{
  file: string
  sealKey: Uint8Array
  dropsOurs: boolean
  anchors: readonly Anchor[]
  /** Opens what the anchors were signed with; undefined: signatures are not looked at. */
  masterKey?: Uint8Array
}>

/** Restores a backup into an empty database and verifies it; no server may run on it. */
export const restoreCommand = (): Command =>
  new Command('restore')
    .description('restore a backup into an empty database and verify it')
    .argument('<file>', 'what backup has written')
    .option('--force-empty', 'drop what is in the database first')
    .action((file: string, flags: Flags, command: Command) =>
      answer(command, () => run(resolve(file), flags)),
    )

async function run(file: string, { forceEmpty = false }: Flags): Promise<Answer> {
  const config = loadConfig()
  const masterKey = config.masterKey ?? readMasterKey(config.dataDir)
  const sealKey = backupKeyOf(masterKey)
  await (await openBackup(file, sealKey)).close()
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: false })
  try {
    const rows = await restoreInto(database.owner, {
      ...{ file, sealKey, dropsOurs: forceEmpty },
      anchors: readAnchors(config.anchorFile),
      masterKey,
    })
    const isHeld = await holdBack(database.owner, config.clockOffsetMs)
    const held = isHeld ? `\n${heldSentence}` : ''
    const text = `Restored ${rows} rows; everything agrees.${held}`
    return { data: { rows, verified: true, held: isHeld }, text, warnings: database.warnings }
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
  { file, sealKey, dropsOurs, anchors, masterKey }: Restoring,
): Promise<number> {
  const backup = await openBackup(file, sealKey)
  try {
    const rows = await withClient(where, (client) =>
      restoreBackup(client, backup, { migrations: migrationsFolder, dropsOurs }),
    )
    const adminPool = openPool({ ...where, role: 'tallystick_owner', connectionsMax: 1 })
    try {
      const root = masterKey && (await openRoot(adminPool, masterKey))
      const { findings } = await verifyBusinesses(
        { adminPool },
        {
          anchors: anchors.filter((anchor) => isCovered(anchor, backup.manifest)),
          ...(root !== undefined && { anchorKey: anchorKeyOf(anchorSecretOf(root)) }),
        },
      )
      const [first] = findings
      if (first !== undefined) {
        throw new BackupError(
          `The restored books do not verify: ${findings.length} findings, the first ${first.kind} at ${first.where}.`,
        )
      }
    } finally {
      await adminPool.end()
    }
    await withClient(where, admitRestored)
    return rows
  } finally {
    await backup.close()
  }
}

function isCovered({ chain, link }: Anchor, { chainHeads }: Manifest): boolean {
  const head = chainHeads.find((own) => own.chain === chain)
  return head !== undefined && link <= BigInt(head.link)
}
