import {
  type DataType,
  dataTypes,
  type Features,
  type Manifest,
} from '../../modules/sync/record.ts'
import { buildBooks } from './books.ts'

const read: Features = { Get: 'Release' }

const featuresByType: Readonly<Partial<Record<DataType, Features>>> = {
  company: read,
  chartOfAccounts: read,
  customers: read,
  invoices: { Get: 'Release', Post: 'Release' },
  journalEntries: read,
}

const planned: Features = { Get: 'NotImplemented' }
const never: Features = { Get: 'NotSupported' }

const featuresOf = (dataType: DataType): Features =>
  featuresByType[dataType] ??
  (dataType.startsWith('banking-') || dataType.startsWith('commerce-') ? never : planned)

/** The types that say who and what come first, then the documents. */
const inOrder = [
  ...(Object.keys(featuresByType) as DataType[]), // keys of the table above
  ...dataTypes.filter((dataType) => featuresByType[dataType] === undefined),
]

/**
 * Synthetic books that play a script: what is read and written ends as the connection's scenario
 * says, and the same seed gives the same books.
 * Source: Connect specification 11.4.
 */
export const sandboxManifest: Manifest = {
  key: 'mqjo',
  name: 'Sandbox',
  serviceName: 'Sandbox',
  sourceType: 'Accounting',
  integrationId: '7a06c7eb-6cf2-5be8-8a00-54cf44e37c08',
  sourceId: '8a698b03-4060-544d-adc8-7ae5c4fa6a9c',
  isEnabled: true,
  isOfflineConnector: false,
  dataProvidedBy: 'simulator',
  // The table is total, because the order names every data type.
  features: Object.fromEntries(
    inOrder.map((dataType) => [dataType, featuresOf(dataType)]),
  ) as Record<DataType, Features>,
  buildBooks,
}
