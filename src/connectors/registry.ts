import type { Manifest } from '../modules/sync/record.ts'
import { nativeManifest } from './native/manifest.ts'
import { sandboxManifest } from './sandbox/manifest.ts'

/** The platforms of this release. */
export const manifests: readonly Manifest[] = [nativeManifest, sandboxManifest]
