import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig, version } from '../config.ts'
import { writeBackup } from '../db/backup.ts'
import { createScratch, withClient } from '../db/database.ts'
import { buildLog } from '../log.ts'
import { backupKeyOf, readMasterKey } from '../master-key.ts'
import { openConfigured } from '../start.ts'
import { type Answer, answer } from './output.ts'
import { restoreInto } from './restore.ts'

type Flags = Readonly<{ check?: boolean }>

/** Writes the whole installation to one file, while it serves. */
export const backupCommand = (): Command =>
  new Command('backup')
    .description('write the whole database to one file')
    .argument('<file>', 'a file that does not exist yet')
    .option('--check', 'restore it into a scratch database and verify the books')
    .action((file: string, flags: Flags, command: Command) =>
      answer(command, () => run(resolve(file), flags)),
    )

async function run(file: string, { check = false }: Flags): Promise<Answer> {
  const config = loadConfig()
  const sealKey = backupKeyOf(config.masterKey ?? readMasterKey(config.dataDir))
  const log = buildLog({ ...config, logLevel: 'error' }, process.stderr)
  const database = await openConfigured(config, log, { mayJoin: true })
  try {
    const report = await withClient(database.owner, (client) =>
      writeBackup(client, { file, sealKey, product: version }),
    )
    const written = `Wrote ${report.rows} rows of ${report.tables} tables, ${report.bytes} bytes, to ${file}.`
    if (!check) return { data: report, text: written }
    const name = `tallystick_check_${randomBytes(8).toString('hex')}`
    const scratch = await createScratch(database.owner, name)
    try {
      await restoreInto(scratch.where, { file, sealKey, dropsOurs: false, anchors: [] })
    } finally {
      await scratch.drop()
    }
    const text = `${written}\nRestored it into a scratch database; everything agrees.`
    return { data: { ...report, checked: true }, text }
  } finally {
    await database.close()
  }
}
