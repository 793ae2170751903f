import { randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { clusterAddress, connect, dropDatabase, emptyDatabase } from '../../test/cluster.ts'
import { journal } from '../../test/lane.ts'
import { temporaryFolder } from '../../test/postgres.ts'
import { runTallystick, urlOf } from '../../test/process.ts'
import { anInvoice, aShop, type Shop } from '../../test/shop.ts'
import { openBackup, writeBackup } from '../db/backup.ts'
import { openRoot } from '../db/data-key.ts'
import { withClient } from '../db/database.ts'
import { requireUsable } from '../db/restore.ts'
import { backupKeyOf } from '../master-key.ts'
import { postJournal } from '../modules/ledger/journal.actions.ts'
import { createInvoice } from '../modules/sales/invoice.actions.ts'
import { restoreInto } from './restore.ts'

const folder = temporaryFolder()
let shop: Shop
let source = ''

beforeAll(async () => {
  shop = await aShop()
  await openRoot(shop.owner, shop.masterKey)
  const { rows } = await shop.owner.query<{ name: string }>('select current_database() as name')
  source = rows[0]?.name ?? ''
  const customer = await shop.party({ externalId: 'party 1' })
  await shop.write(createInvoice, anInvoice(customer.id, { status: 'paid' }))
  await shop.write(createInvoice, anInvoice(customer.id))
})
afterAll(() => shop.close())

const whereOf = (database: string) => {
  const { socketDir: host, port, user } = clusterAddress()
  return { host, port, user, database }
}

const sealKey = (): Uint8Array => backupKeyOf(shop.masterKey)

const backUp = (name: string, database = source) =>
  withClient(whereOf(database), (client) =>
    writeBackup(client, { file: join(folder, name), sealKey: sealKey(), product: 'test' }),
  )

/** A database that is dropped after the test. */
async function target(): Promise<string> {
  const name = await emptyDatabase()
  onTestFinished(() => dropDatabase(name))
  return name
}

const restored = (name: string, database: string, dropsOurs = false) =>
  restoreInto(whereOf(database), {
    ...{ file: join(folder, name), masterKey: shop.masterKey },
    ...{ dropsOurs, anchors: [] },
  })

/** One digest over the rows of each table, whatever their order. */
async function digests(database: string): Promise<Readonly<Record<string, string>>> {
  const client = await connect(database)
  const tables = await client.query<{ name: string }>(
    `select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migration'`,
  )
  const found: Record<string, string> = {}
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ digest: string }>(
      `select count(*) || ' ' || md5(string_agg(t::text, '|' order by t::text)) as digest
      from ${name} as t`,
    )
    found[name] = rows[0]?.digest ?? ''
  }
  await client.end()
  return found
}

const sale = () => journal('1001 +1.00 | 4000 -1.00', '2026-06-10')

test('a backup that is restored has every row of every table, and the guards work again', async () => {
  const report = await backUp('whole.tar')
  const name = await target()

  const rows = await restored('whole.tar', name)

  expect(rows).toBe(report.rows)
  expect(report.tables).toBe(Object.keys(await digests(source)).length)
  expect(await digests(name)).toEqual(await digests(source))
  expect(report.chainHeads).toHaveLength(2)
  const client = await connect(name)
  onTestFinished(() => client.end())
  await client.query('set role tallystick_owner')
  await expect(client.query('delete from journal_entry')).rejects.toThrow('append-only')
  await client.query('set role tallystick_app')
  expect((await client.query('select 1 from journal_entry')).rowCount).toBe(0)
})

test('a backup under load is one state of the books: all of it verifies', async () => {
  const state = { isOver: false, posted: 0 }
  const call = async (): Promise<void> => {
    while (!state.isOver) {
      await shop.write(postJournal, sale())
      state.posted += 1
    }
  }
  const callers = Array.from({ length: 6 }, call)
  for (const n of [1, 2]) {
    const before = state.posted
    await backUp(`load-${n}.tar`)
    expect(state.posted).toBeGreaterThan(before)
  }
  state.isOver = true
  await Promise.all(callers)

  await backUp('after.tar')
  const after = await target()
  await restored('after.tar', after)
  for (const n of [1, 2]) expect(await restored(`load-${n}.tar`, await target())).toBeGreaterThan(0)

  expect(await digests(after)).toEqual(await digests(source))
})

test('one changed byte anywhere, or a missing end, and nothing is restored', async () => {
  await backUp('sound.tar')
  const sound = readFileSync(join(folder, 'sound.tar'))
  const places = memberPlaces(sound)
  expect(places.length).toBeGreaterThan(30)
  const damaged = places.flatMap(({ header, body, end }) => [
    flipped(sound, header + 10),
    flipped(sound, body),
    flipped(sound, Math.trunc((body + end) / 2)),
    flipped(sound, end),
  ])
  damaged.push(sound.subarray(0, -512), Buffer.concat([sound, Buffer.alloc(512)]))

  const file = join(folder, 'damaged.tar')
  for (const bytes of damaged) {
    writeFileSync(file, bytes)
    await expect(openBackup(file, sealKey())).rejects.toThrow('damaged')
  }
})

test('only the installation whose master key sealed it restores a backup', async () => {
  await backUp('sealed.tar')
  const other = backupKeyOf(randomBytes(32))
  await expect(openBackup(join(folder, 'sealed.tar'), other)).rejects.toThrow('another master key')
})

test('a database that is not empty is left alone, unless it is asked to be dropped', async () => {
  await backUp('again.tar')
  const name = await target()
  await restored('again.tar', name)
  const before = await digests(name)

  await expect(restored('again.tar', name)).rejects.toThrow('not empty')
  expect(await digests(name)).toEqual(before)
  await restored('again.tar', name, true)
  expect(await digests(name)).toEqual(before)
})

test('books that do not verify are not served, until a sound backup replaces them', async () => {
  await backUp('true.tar')
  const name = await target()
  await restored('true.tar', name)
  const client = await connect(name)
  onTestFinished(() => client.end())
  await client.query(
    `set session_replication_role = replica; update audit_row set actor = 'somebody else'`,
  )
  await backUp('false.tar', name)

  await expect(restored('false.tar', name, true)).rejects.toThrow('do not verify')
  await expect(requireUsable(client)).rejects.toThrow('did not verify')
  await restored('true.tar', name, true)
  await requireUsable(client)
})

test('the commands take, check and restore a backup, and say what is wrong', async () => {
  const key = shop.masterKey.toString('base64')
  const envOf = (database: string) => ({
    TALLYSTICK_DATA_DIR: folder,
    TALLYSTICK_MASTER_KEY: key,
    DATABASE_URL: urlOf(clusterAddress(), database),
  })
  const file = join(folder, 'command.tar')
  const name = await target()
  const run = async (words: readonly string[], env: Readonly<Record<string, string>>) => {
    const { code, stdout } = await runTallystick([...words, '--json'], env)
    return { code, body: JSON.parse(stdout) }
  }

  const taken = await run(['backup', file, '--check'], envOf(source))
  const twice = await run(['backup', file], envOf(source))
  const put = await run(['restore', file], envOf(name))
  const used = await run(['restore', file], envOf(name))
  const serves = await run(['verify'], envOf(name))
  copyFileSync(file, join(folder, 'cut.tar'))
  writeFileSync(join(folder, 'cut.tar'), readFileSync(file).subarray(0, 4_096))
  const cut = await run(['restore', join(folder, 'cut.tar'), '--force-empty'], envOf(name))
  const stranger = { ...envOf(name), TALLYSTICK_MASTER_KEY: randomBytes(32).toString('base64') }
  const strange = await run(['restore', file, '--force-empty'], stranger)

  expect(taken).toMatchObject({
    code: 0,
    body: { ok: true, command: 'backup', data: { file, checked: true } },
  })
  expect(put).toMatchObject({ code: 0, body: { data: { verified: true } } })
  expect(put.body.data.rows).toBe(taken.body.data.rows)
  expect(serves.code).toBe(0)
  expect([twice, used, cut, strange].map(({ code, body }) => [code, body.error.code])).toEqual(
    Array.from({ length: 4 }, () => [4, 'cli.backup']),
  )
})

type Place = Readonly<{ header: number; body: number; end: number }>

/** Where each member begins and ends, read from the tar itself. */
function memberPlaces(tar: Buffer): readonly Place[] {
  const places: Place[] = []
  for (let at = 0; tar[at] !== 0; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    places.push({ header: at, body: at + 512, end: at + 512 + size - 1 })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return places
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
