import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { dataTypes, orderedTypes, readableTypes } from '../../modules/sync/record.ts'
import { manifests } from '../registry.ts'
import { nativeManifest } from './manifest.ts'

/** UUID of version 5. */
function uuidV5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const ours = uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'connect.tallystick')

test('ids of platforms follow from their keys', () => {
  for (const { key, integrationId, sourceId } of manifests) {
    expect(integrationId).toBe(uuidV5(ours, `integration/${key}`))
    expect(sourceId).toBe(uuidV5(ours, `source/${key}`))
    expect(key).toMatch(/^[a-z]{4}$/)
  }
  expect(new Set(manifests.map(({ key }) => key)).size).toBe(manifests.length)
})

test('the native platform says of every data type what it can do', () => {
  expect([...orderedTypes(nativeManifest)].sort()).toEqual([...dataTypes].sort())
  expect(readableTypes(nativeManifest)).toEqual([
    'company',
    'chartOfAccounts',
    'customers',
    'invoices',
    'journalEntries',
    'balanceSheet',
    'profitAndLoss',
  ])
})
