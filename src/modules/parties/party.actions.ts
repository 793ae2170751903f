import { safeOf } from '../../db/tx.ts'
import type { Ctx, Together } from '../../db/write.ts'
import { Refusal } from '../../kernel/errors.ts'
import type { Id } from '../../kernel/ids.ts'
import { privateMembers } from '../../kernel/secret-place.ts'
import { toImageText } from '../ledger/document.ts'
import { deletePartyRow, insertParty, updatePartyRow } from './party.db.ts'
import {
  countOpenDocuments,
  findExternalIdOwner,
  findParty,
  findPartyByEmail,
  getParty,
  mapPartiesWithoutBalances,
} from './party.queries.ts'
import {
  emptyFields,
  hasRole,
  localPartOf,
  type NewParty,
  type Party,
  type PartyChanges,
  type PartyRole,
  type PartyWithoutBalances,
  toPrivate,
  toRoleName,
} from './party.ts'

const readParties: Together<string, PartyWithoutBalances | undefined> = async (ctx, partyIds) => {
  const partyById = await mapPartiesWithoutBalances(ctx.tx, ctx.businessId, partyIds)
  return partyIds.map((id) => partyById.get(id))
}

/**
 * The customer of a document, as actions read it.
 * Refuses: resource.not_found (also for a supplier alone).
 */
export async function readCustomer(ctx: Ctx, partyId: string): Promise<PartyWithoutBalances> {
  const party = await ctx.readTogether(readParties, partyId)
  if (party === undefined || !hasRole(party, 'customer')) {
    throw new Refusal('resource.not_found', { resource: toRoleName('customer'), id: partyId })
  }
  return party
}

/**
 * Keeps a new customer or supplier.
 * Refuses: resource.external_id_taken.
 */
export async function createParty(ctx: Ctx, given: NewParty): Promise<Party> {
  const party: Party = {
    ...emptyFields,
    ...given,
    id: ctx.newId('party'),
    businessId: ctx.businessId,
    isCustomer: given.isCustomer ?? given.isSupplier !== true,
    isSupplier: given.isSupplier ?? false,
    archivedAt: null,
    createdAt: ctx.recordedAt,
    updatedAt: ctx.recordedAt,
    receivable: 0n,
    customerCredit: 0n,
    payable: 0n,
    supplierCredit: 0n,
  }
  await requireOwnExternalId(ctx, party)
  await insertParty(ctx.tx, party)
  await record(ctx, 'created', party)
  return party
}

/**
 * Changes what is given and leaves the rest; issued documents keep their copy. Without a difference
 * nothing is written.
 * Refuses, in this order: resource.not_found, resource.external_id_taken.
 */
export async function updateParty(
  ctx: Ctx,
  {
    partyId,
    role,
    changes,
  }: Readonly<{ partyId: string; role?: PartyRole; changes: PartyChanges }>,
): Promise<Party> {
  const before = await getParty(ctx.tx, ctx.businessId, partyId, role)
  const isSame = toImageText(before) === toImageText({ ...before, ...changes })
  if (isSame) return before
  const party = { ...before, ...changes, updatedAt: ctx.recordedAt }
  await requireOwnExternalId(ctx, party)
  await updatePartyRow(ctx.tx, party)
  await record(ctx, 'updated', party, before)
  return party
}

/** Refuses: resource.external_id_taken. */
async function requireOwnExternalId(ctx: Ctx, party: Party): Promise<void> {
  const { id, externalId, isCustomer } = party
  if (externalId === null) return
  const owner = await findExternalIdOwner(ctx.tx, ctx.businessId, externalId)
  if (owner === undefined || owner === id) return
  const resource = isCustomer ? 'Customer' : 'Supplier'
  throw new Refusal('resource.external_id_taken', { externalId, resource })
}

/**
 * The party of a role with this e-mail address, made now if there is none.
 * Refuses: nothing.
 */
export async function findOrCreateParty(
  ctx: Ctx,
  given: Omit<NewParty, 'name' | 'email'> &
    Readonly<{ name?: string; email: string; role: PartyRole }>,
): Promise<Readonly<{ party: Party; isCreated: boolean }>> {
  const { role, name, ...fields } = given
  const found = await findPartyByEmail(ctx.tx, ctx.businessId, given.email, role)
  if (found !== undefined) return { party: found, isCreated: false }
  const roles = { isCustomer: role === 'customer', isSupplier: role === 'supplier' }
  const party = await createParty(ctx, {
    ...fields,
    ...roles,
    name: name ?? localPartOf(given.email),
  })
  return { party, isCreated: true }
}

/**
 * Takes a party out of lists; its documents keep their copy.
 * Refuses, in this order: resource.not_found, party.has_open_documents.
 */
export async function deleteParty(
  ctx: Ctx,
  { partyId, role }: Readonly<{ partyId: string; role?: PartyRole }>,
): Promise<void> {
  const party = await getParty(ctx.tx, ctx.businessId, partyId, role)
  const count = await countOpenDocuments(ctx.tx, ctx.businessId, party.id)
  if (count > 0) throw new Refusal('party.has_open_documents', { name: party.name, count })
  await deletePartyRow(ctx.tx, ctx.businessId, party.id, ctx.recordedAt)
  await record(ctx, 'deleted', { ...party, updatedAt: ctx.recordedAt }, party)
}

/**
 * Makes a party unusable for new documents, or usable again.
 * Refuses: resource.not_found.
 */
export async function archiveParty(
  ctx: Ctx,
  { partyId, isArchived }: Readonly<{ partyId: Id<'party'>; isArchived: boolean }>,
): Promise<Party> {
  const before = await findParty(ctx.tx, ctx.businessId, partyId)
  if (before === undefined) {
    throw new Refusal('resource.not_found', { resource: 'Customer', id: partyId })
  }
  const party = { ...before, archivedAt: isArchived ? ctx.now : null, updatedAt: ctx.recordedAt }
  await updatePartyRow(ctx.tx, party)
  await record(ctx, isArchived ? 'archived' : 'restored', party, before)
  return party
}

async function record(ctx: Ctx, what: string, party: Party, before?: Party): Promise<void> {
  const { blindIndex } = await safeOf(ctx.tx)
  const toDigest = (name: string, value: string): string =>
    toHex(blindIndex(`party.${name}|${value}`))
  ctx.audit({
    action: `party.${what}`,
    resource: 'party',
    resourceId: party.id,
    ...(before !== undefined && { before: toAuditImage(before, toDigest) }),
    after: toAuditImage(party, toDigest),
  })
  ctx.emit({
    type: `party.${what}`,
    resource: 'party',
    resourceId: party.id,
    payload: toPublicImage(party),
    personal: toPrivate(party),
  })
}

/** A party without its personal data. */
function toPublicImage(party: Party): Readonly<Record<string, unknown>> {
  const shown = Object.entries(party).filter(([name]) => !isPrivate(name))
  return {
    ...Object.fromEntries(shown),
    receivable: party.receivable.toString(),
    customerCredit: party.customerCredit.toString(),
    payable: party.payable.toString(),
    supplierCredit: party.supplierCredit.toString(),
  }
}

/**
 * What the auditor sees: that personal data was there, and by its digest whether it changed.
 * Source: platform specification 15.
 */
function toAuditImage(
  party: Party,
  toDigest: (name: string, value: string) => string,
): Readonly<Record<string, unknown>> {
  const known = Object.entries(toPrivate(party)).filter(([, value]) => value !== null)
  return {
    ...toPublicImage(party),
    ...Object.fromEntries(known.map(([name]) => [name, '[encrypted]'])),
    digests: Object.fromEntries(known.map(([name, value]) => [name, toDigest(name, value ?? '')])),
  }
}

const isPrivate = (name: string): boolean => privateMembers.some((member) => member === name)

const digestBytes = 16

const toHex = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, digestBytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
