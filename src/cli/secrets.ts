import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { anchorKeyOf } from '../db/anchor.ts'
import { rewrapKeys, rotateDataKey } from '../db/data-key.ts'
import { openPool } from '../db/pool.ts'
import { buildLog } from '../log.ts'
import {
  anchorPostSecretOf,
  anchorSecretOf,
  masterKeyOf,
  parseMasterKey,
  replaceMasterKey,
} from '../master-key.ts'
import { noteKeyRotation } from '../modules/access/data-key.actions.ts'
import { openConfigured } from '../start.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { readOrganization, type Session, withSession } from './session.ts'

/** Replaces the keys that secrets and personal data are sealed with. */
export function secretsCommand(): Command {
  const secrets = new Command('secrets').description('replace keys of secrets and personal data')
  secrets
    .command('rotate-master')
    .description('wrap all keys of organizations under another master key')
    .requiredOption('--new-key-file <file>', '32 random bytes in base64')
    .action((flags: Readonly<{ newKeyFile: string }>, command: Command) =>
      answer(command, () => rotateMaster(resolve(flags.newKeyFile))),
    )
  secrets
    .command('rotate-data')
    .description(
      'give an organization a new key and seal its fields anew; goes on where it stopped',
    )
    .argument('<organization>', 'its id')
    .action((organization: string, _flags: unknown, command: Command) =>
      answer(command, () => withSession((session) => rotateData(session, organization))),
    )
  secrets
    .command('anchors')
    .description('show what a witness of anchors checks signatures with')
    .action((_flags: unknown, command: Command) => answer(command, () => withSession(showAnchors)))
  return secrets
}

/** The secret of posts to TALLYSTICK_ANCHOR_WEBHOOK, and the public key of the anchors. */
function showAnchors({ installation: { root } }: Session): Promise<Answer> {
  const secret = anchorPostSecretOf(root)
  const { publicKey } = anchorKeyOf(anchorSecretOf(root))
  const { x } = publicKey.export({ format: 'jwk' })
  const shown = `whpk_${Buffer.from(x ?? '', 'base64url').toString('base64')}`
  return Promise.resolve({ data: { secret, publicKey: shown }, text: `${secret}\n${shown}` })
}

/**
 * The database first, then the file of the data folder: a run that is cut between the two is
 * finished by another. Throws UsageError.
 */
async function rotateMaster(file: string): Promise<Answer> {
  const config = loadConfig()
  const to = readNewKey(file)
  const from = masterKeyOf(config)
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const pool = openPool({ ...database.owner, role: 'tallystick_owner', connectionsMax: 1 })
    const rewrapped = await rewrapKeys(pool, { from, to }).finally(() => pool.end())
    const isInFolder = config.masterKey === undefined
    const kept = isInFolder ? replaceMasterKey(config.dataDir, to) : undefined
    const next = isInFolder ? toNote(kept) : 'Give it to the servers as TALLYSTICK_MASTER_KEY.'
    const text = `Wrapped ${rewrapped} keys under the new master key. ${next}
Start the servers anew. Keep the key before for as long as backups of its time.`
    return { data: { rewrapped, reencrypted: 0 }, text, warnings: database.warnings }
  } finally {
    await database.close()
  }
}

const toNote = (kept: string | undefined): string =>
  kept === undefined
    ? 'It is in the data folder already.'
    : `It is in the data folder now; the one before lies beside it as ${kept}.`

/** Throws UsageError. */
function readNewKey(file: string): Uint8Array {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new UsageError('--new-key-file names a file that cannot be read.')
  }
  const key = parseMasterKey(text)
  if (key === undefined) throw new UsageError('--new-key-file must hold 32 random bytes in base64.')
  return key
}

/** Refuses: request.id_malformed, resource.not_found. */
async function rotateData(session: Session, organization: string): Promise<Answer> {
  const tenant = readOrganization(organization)
  const { adminPool: pool, vault } = session.installation
  const done = await rotateDataKey({ pool, vault, organizationId: tenant.organizationId })
  await session.write(tenant, noteKeyRotation, done)
  const text = `Sealed ${done.reencrypted} fields under version ${done.version}.`
  return { data: { rewrapped: 0, ...done }, text }
}
