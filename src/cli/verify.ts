import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { type Anchor, type AnchorKey, anchorKeyOf, isGenuine, readAnchors } from '../db/anchor.ts'
import type { Pool } from '../db/pool.ts'
import { readSnapshot } from '../db/tx.ts'
import { type Instant, parseDate } from '../kernel/dates.ts'
import { Refusal } from '../kernel/errors.ts'
import { asId } from '../kernel/ids.ts'
import { anchorSecretOf } from '../master-key.ts'
import {
  listHeads,
  listRemoved,
  listTenants,
  type TenantHead,
  verifyTenant,
} from '../modules/reports/integrity.queries.ts'
import {
  addChecked,
  type Checked,
  type Finding,
  nothingChecked,
} from '../modules/reports/integrity.ts'
import { type Answer, answer, toTable } from './output.ts'
import { readId, withSession } from './session.ts'

/** What `verify` found: nothing when `findings` is empty. */
export type Report = Readonly<{ checked: Checked; findings: readonly Finding[]; seconds: number }>

type Parts = Readonly<{ adminPool: Pool }>

type Options = Readonly<{
  /** A tenant's id; absent: every business and every organization. */
  tenantId?: string
  anchors: readonly Anchor[]
  /** Only what was recorded from then on; chains alone, unless it is deep. */
  since?: Instant
  isDeep?: boolean
  /** Absent: signatures are taken as they are. */
  anchorKey?: AnchorKey
}>

const everybody = asId('organization', '00000000-0000-0000-0000-000000000000')

/** Recomputes chains and roll-ups from the rows and compares them with what anchors saw. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description('recompute chains, roll-ups and numbers, and compare anchors')
    .argument('[business]', 'one business or organization; all without it')
    .option('--since <date>', 'only what was recorded from this day on, and without roll-ups')
    .option('--deep', 'with --since: recompute all roll-ups, balances and numbers as well')
    .option('--at-restore', 'also say where each chain stands, to compare with what others saw')
    .option('--anchors <file>', 'an anchor file in place of the configured one')
    .action((business: string | undefined, flags: Flags, command: Command) =>
      answer(command, () => run(business, flags)),
    )

type Flags = Readonly<{ anchors?: string; since?: string; deep?: boolean; atRestore?: boolean }>

function run(business: string | undefined, flags: Flags): Promise<Answer> {
  const config = loadConfig()
  const { anchors: file, since, deep: isDeep = false } = flags
  const day = since === undefined ? undefined : parseDate(since, '--since')
  return withSession(async ({ installation }) => {
    const report = await verifyBusinesses(installation, {
      ...(business !== undefined && { tenantId: readId('business', 'biz', business) }),
      ...(day !== undefined && { since: `${day}T00:00:00.000Z` as Instant, isDeep }), // midnight
      anchors: readAnchors(file ?? config.anchorFile),
      anchorKey: anchorKeyOf(anchorSecretOf(installation.root)),
    })
    const heads = flags.atRestore === true ? await readHeads(installation, business) : undefined
    const text = [toText(report), ...(heads === undefined ? [] : [toHeadsTable(heads)])]
    return {
      data: { ...report, ...(heads !== undefined && { heads }) },
      text: text.join('\n\n'),
      exitCode: report.findings.length === 0 ? 0 : 4,
    }
  })
}

/** Who restored an older state tells others by this from which event on they must look again. */
async function readHeads({ adminPool }: Parts, business: string | undefined) {
  const all = await readSnapshot(adminPool, { organizationId: everybody }, listHeads)
  const tenantId = business && readId('business', 'biz', business)
  return tenantId === undefined ? all : all.filter((head) => head.tenantId === tenantId)
}

function toHeadsTable(heads: readonly TenantHead[]): string {
  const rows = heads.map((head) => [
    ...[head.tenantId, String(head.eventSequence), String(head.link), head.hash],
    ...[String(head.entrySequence), head.recordedAt],
  ])
  return toTable(['BUSINESS', 'LAST EVENT', 'LINK', 'HASH', 'LAST ENTRY', 'AT'], rows)
}

/**
 * Verifies one tenant or all, each in a snapshot of its own, so that a long verification holds no
 * old rows back for longer than one tenant takes.
 * Refuses: resource.not_found.
 * Source: ledger specification 7.6; platform specification 28.
 */
export async function verifyBusinesses(
  { adminPool }: Parts,
  { tenantId, anchors, anchorKey, since, isDeep = since === undefined }: Options,
): Promise<Report> {
  const started = performance.now()
  const known = await readSnapshot(adminPool, { organizationId: everybody }, listTenants)
  const tenants = known.filter((tenant) => tenantId === undefined || tenant.tenantId === tenantId)
  if (tenantId !== undefined && tenants.length === 0) {
    throw new Refusal('resource.not_found', { resource: 'Business', id: tenantId })
  }
  const wanted = anchors.filter(({ chain }) => tenantId === undefined || chain === tenantId)
  const genuine = wanted.filter((anchor) => anchorKey === undefined || isGenuine(anchor, anchorKey))
  const findings: Finding[] = wanted
    .filter((anchor) => !genuine.includes(anchor))
    .map((anchor) => toFinding('anchor_signature', anchor, 'a signature of this installation'))
  let checked = nothingChecked()
  for (const tenant of tenants) {
    const witnesses = genuine.filter(({ chain }) => chain === tenant.tenantId)
    const found = await readSnapshot(adminPool, { organizationId: everybody }, (db) =>
      verifyTenant(db, tenant.tenantId, witnesses, { since, isDeep }),
    )
    checked = addChecked(checked, found.checked)
    findings.push(...found.findings)
  }
  const removed = await readSnapshot(adminPool, { organizationId: everybody }, listRemoved)
  const chains = new Set<string>([...tenants.map((tenant) => tenant.tenantId), ...removed])
  for (const anchor of genuine) {
    if (!chains.has(anchor.chain)) findings.push(toFinding('chain_truncated', anchor, anchor.hash))
  }
  return { checked, findings, seconds: Math.round(performance.now() - started) / 1_000 }
}

const toFinding = (kind: Finding['kind'], { chain, link }: Anchor, expected: string): Finding => ({
  kind,
  where: `${chain} link ${link}`,
  expected,
  found: 'none',
})

function toText({ checked, findings, seconds }: Report): string {
  const counts = Object.entries(checked).map(([name, count]) => `${count} ${name}`)
  const looked = `Checked ${counts.join(', ')} in ${seconds} s.`
  if (findings.length === 0) return `${looked}\nEverything agrees.`
  const rows = findings.map(({ kind, where, expected, found }) => [kind, where, expected, found])
  return [looked, toTable(['KIND', 'WHERE', 'EXPECTED', 'FOUND'], rows)].join('\n')
}
