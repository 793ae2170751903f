import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig, version } from '../config.ts'
import { writeBackup } from '../db/backup.ts'
import { createScratch, withClient } from '../db/database.ts'
import { writePhysicalBackup } from '../db/physical.ts'
import { buildLog } from '../log.ts'
import { backupKeyOf, masterKeyOf } from '../master-key.ts'
import { openConfigured } from '../start.ts'
import { type Answer, answer } from './output.ts'
import { recoverInto, requireBundled, restoreInto } from './restore.ts'

type Flags = Readonly<{ check?: boolean; physical?: boolean }>

/** Writes the whole installation to one file, or its files to a folder, while it serves. */
export const backupCommand = (): Command =>
  new Command('backup')
    .description('write the whole database to one file')
    .argument('<path>', 'a file, or with --physical a folder, that does not exist yet')
    .option('--check', 'restore it into a scratch database and verify the books')
    .option('--physical', 'copy the files of the bundled PostgreSQL')
    .action((path: string, { physical, ...flags }: Flags, command: Command) =>
      answer(command, () => (physical ? copy(resolve(path), flags) : run(resolve(path), flags))),
    )

/** Source: platform specification 26. */
async function copy(dir: string, { check = false }: Flags): Promise<Answer> {
  const config = loadConfig()
  requireBundled(config)
  const masterKey = masterKeyOf(config)
  const sealKey = backupKeyOf(masterKey)
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const report = await withClient(database.owner, (client) =>
      writePhysicalBackup(client, { dir, sealKey, product: version }),
    )
    const written = `Copied ${report.files} files, ${report.bytes} bytes, to ${dir}; they are whole from ${report.takenAt} on.`
    if (!check) return { data: report, text: written }
    const scratchDir = `${dir}.check`
    try {
      const scratch = { ...config, dataDir: scratchDir, archiveDir: '' }
      await recoverInto(scratch, { dir, masterKey, movesAside: false, anchors: [] })
    } finally {
      rmSync(scratchDir, { recursive: true, force: true })
    }
    const text = `${written}\nRecovered them in a scratch folder; everything agrees.`
    return { data: { ...report, checked: true }, text }
  } finally {
    await database.close()
  }
}

async function run(file: string, { check = false }: Flags): Promise<Answer> {
  const config = loadConfig()
  const masterKey = masterKeyOf(config)
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const report = await withClient(database.owner, (client) =>
      writeBackup(client, { file, sealKey: backupKeyOf(masterKey), product: version }),
    )
    const written = `Wrote ${report.rows} rows of ${report.tables} tables, ${report.bytes} bytes, to ${file}.`
    if (!check) return { data: report, text: written }
    const name = `tallystick_check_${randomBytes(8).toString('hex')}`
    const scratch = await createScratch(database.owner, name)
    try {
      await restoreInto(scratch.where, { file, masterKey, dropsOurs: false, anchors: [] })
    } finally {
      await scratch.drop()
    }
    const text = `${written}\nRestored it into a scratch database; everything agrees.`
    return { data: { ...report, checked: true }, text }
  } finally {
    await database.close()
  }
}
