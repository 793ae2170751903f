import { assert } from '../../kernel/assert.ts'
import type { Connection } from '../../modules/sync/connection.ts'
import { dataTypes, type Manifest } from '../../modules/sync/record.ts'
import type { EventRenderer, StoredEvent } from '../../modules/webhooks/event.ts'
import { toConnectionOut } from './looks.ts'

const fixedTypes = [
  'company.created',
  'company.deleted',
  'company.product.added',
  'company.product.removed',
  'connection.created',
  'connection.connected',
  'connection.failed',
  'connection.disconnected',
  'connection.reconnected',
  'connection.deleted',
  'read.completed',
  'read.completed.initial',
  'client.rateLimit.reached',
  'client.rateLimit.reset',
] as const

/** Every event type of this surface. Source: Connect specification 21.3. */
export const eventTypes: readonly string[] = [
  ...fixedTypes,
  ...dataTypes.flatMap((type) => [`${type}.write.successful`, `${type}.write.unsuccessful`]),
]

type Payload = StoredEvent['payload']

/** `tags` are those of the company it is about; undefined: it is about none, or they are unknown. */
type Shown = Readonly<{ type: string; payload: object; tags?: Readonly<Record<string, string>> }>

type Setting = Readonly<{ manifests: readonly Manifest[]; origin: () => string }>

/** A company as its events hold it; all but the id may be missing. */
type CompanyImage = Readonly<{
  id: string
  name?: string
  description?: string | null
  tags?: Readonly<Record<string, string>>
  products?: readonly string[]
  createdAt?: string
}>

/**
 * Events in the words of this surface: references, and companies and connections as the API shows
 * them.
 * Source: Connect specification 21.3.
 */
export const buildRenderer =
  (setting: Setting): EventRenderer =>
  (event) => {
    const shown = showEvent(event, setting)
    if (shown === undefined) return undefined
    const { type, payload, tags } = shown
    const head = { id: event.id, type, at: event.at }
    return {
      type,
      body: toEnvelope(head, payload),
      thin: toEnvelope(head, { id: event.resourceId, truncated: true }),
      ...(tags !== undefined && { companyTags: tags }),
    }
  }

/** A sample of an event type, marked as a test. */
export const renderSample = (type: string, { id, at }: Omit<Head, 'type'>): string =>
  toEnvelope({ id, type, at }, { id, test: true })

function showEvent(event: StoredEvent, setting: Setting): Shown | undefined {
  const { type, payload } = event
  if (type === 'company.created' || type === 'company.deleted') {
    return toCompany(type, payload as CompanyImage, setting) // written by `imageOf` of a company
  }
  if (type === 'company.product.added' || type === 'company.product.removed') {
    return toProduct(type, payload as ProductImage) // written by the actions of a company
  }
  if (isConnectionType(type)) return toConnection(type, payload, setting)
  if (type === 'read.completed') return toRead(payload, setting)
  return type.startsWith('push.') ? toPush(payload, setting) : undefined
}

const isConnectionType = (type: string): boolean =>
  type.startsWith('connection.') && (fixedTypes as readonly string[]).includes(type)

function toCompany(type: string, company: CompanyImage, { origin }: Setting): Shown {
  const { id, name, description, tags = {}, createdAt } = company
  const payload = {
    id,
    name,
    ...(description && { description }),
    redirect: `${origin()}/link/company/${id}`,
    created: createdAt,
    products: company.products ?? [],
    tags,
  }
  return { type, payload, tags }
}

type ProductImage = CompanyImage & Readonly<{ productId: string; productName: string }>

function toProduct(type: string, company: ProductImage): Shown {
  const { id, name, description, productId, productName, products = [], tags = {} } = company
  const shown = { id, name, ...(description && { description }), productId, productName, products }
  return { type, payload: shown, tags }
}

function toConnection(type: string, payload: Payload, setting: Setting): Shown {
  const { company, connection } = payload as Readonly<{
    company: CompanyImage
    connection: Connection
  }> // written by the actions of a connection
  assert(connection !== undefined, 'an event of a connection holds it')
  const { manifests } = setting
  const referenceCompany = toReference(company, setting)
  const shown = toConnectionOut(connection, { manifests, origin: setting.origin() })
  return { type, payload: { referenceCompany, connection: shown }, tags: company.tags ?? {} }
}

type ReadImage = Readonly<{
  companyId: string
  connectionId: string
  modifiedFromDate: string
  datasets: readonly Readonly<{ id: string; dataType: string; status: string }>[]
}>

function toRead(payload: Payload, setting: Setting): Shown {
  const read = payload as ReadImage // written by the actions of a dataset
  const { companyId, connectionId, modifiedFromDate } = read
  const summary = read.datasets.map(({ dataType, status }) => ({
    connectionId,
    dataType,
    recordsModified: status === 'Complete',
    status,
    issues: [],
  }))
  return {
    type: 'read.completed',
    payload: {
      referenceCompany: toReference({ id: companyId }, setting),
      modifiedFromDate,
      dataTypes: summary,
    },
  }
}

type PushImage = Readonly<{
  key: string
  companyId: string
  connectionId: string
  dataType: string
  status: string
  requestedAt: string
  completedAt: string | null
  changes?: readonly Readonly<{ type: string; recordRef?: Readonly<{ id: string }> }>[]
}>

const changeByType: Readonly<Record<string, string>> = {
  Created: 'Create',
  Modified: 'Update',
  Deleted: 'Delete',
  AttachmentUploaded: 'UploadAttachment',
}

function toPush(payload: Payload, setting: Setting): Shown {
  const push = payload as PushImage // written by the actions of a push operation
  const [change] = push.changes ?? []
  const outcome = push.status === 'Success' ? 'successful' : 'unsuccessful'
  return {
    type: `${push.dataType}.write.${outcome}`,
    payload: {
      id: push.key,
      type: changeByType[change?.type ?? 'Created'] ?? 'Create',
      referenceCompany: toReference({ id: push.companyId }, setting),
      connectionId: push.connectionId,
      requestedOnDate: push.requestedAt,
      completedOnDate: push.completedAt,
      status: push.status,
      ...(change?.recordRef !== undefined && { record: { id: change.recordRef.id } }),
    },
  }
}

const toReference = ({ id, name, description, tags }: CompanyImage, { origin }: Setting) => ({
  id,
  ...(name !== undefined && { name }),
  ...(description && { description }),
  links: { portal: `${origin()}/console/companies/${id}` },
  ...(tags !== undefined && { tags }),
})

type Head = Readonly<{ id: string; type: string; at: string }>

const toEnvelope = ({ id, type, at }: Head, payload: object): string =>
  JSON.stringify({ id, eventType: type, generatedDate: at, payload })
