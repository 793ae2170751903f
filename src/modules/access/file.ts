import { Refusal } from '../../kernel/errors.ts'

export type PictureType = 'image/png' | 'image/jpeg'

/** A picture as it was handed in; what it is follows from its bytes. */
export type Picture = Readonly<{ mediaType: PictureType; widthPx: number; heightPx: number }>

/** A file of a business, named by the SHA-256 of its content. */
export type StoredFile = Picture & Readonly<{ sha256: string; content: Uint8Array }>

export const pictureTypes = ['image/png', 'image/jpeg'] as const satisfies readonly PictureType[]
export const pictureBytesMax = 1024 * 1024
export const picturePxMax = 4_000

const pngHead = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const pngSize = [0x49, 0x48, 0x44, 0x52]
const pngEnd = [0x49, 0x45, 0x4e, 0x44]
const jpegHead = [0xff, 0xd8, 0xff]
const jpegEnd = [0xff, 0xd9]

/**
 * Type and size of a picture, read from its own bytes.
 * Refuses, in this order: documents.file_content_mismatch (it is not what it is said to be),
 * documents.logo_invalid (cut short, or too many pixels).
 * Source: documents specification 5, logo.
 */
export function readPicture(bytes: Uint8Array, mediaType: PictureType): Picture {
  const isPng = hasAt(bytes, 0, pngHead)
  if (mediaType === 'image/png' ? !isPng : !hasAt(bytes, 0, jpegHead)) {
    throw new Refusal('documents.file_content_mismatch', { mediaType })
  }
  const size = isPng ? sizeOfPng(bytes) : sizeOfJpeg(bytes)
  if (size === undefined) throw invalid('the file is damaged')
  const { widthPx, heightPx } = size
  if (Math.min(widthPx, heightPx) < 1 || Math.max(widthPx, heightPx) > picturePxMax) {
    throw invalid(`it may measure at most ${picturePxMax} by ${picturePxMax} pixels`)
  }
  return { mediaType, widthPx, heightPx }
}

const invalid = (reason: string): Refusal => new Refusal('documents.logo_invalid', { reason })

type Size = Readonly<{ widthPx: number; heightPx: number }>

function sizeOfPng(bytes: Uint8Array): Size | undefined {
  const isWhole = hasAt(bytes, 12, pngSize) && hasAt(bytes, bytes.length - 8, pngEnd)
  return isWhole ? { widthPx: wordAt(bytes, 16, 4), heightPx: wordAt(bytes, 20, 4) } : undefined
}

/** Walks the segments up to the frame that says the size. */
function sizeOfJpeg(bytes: Uint8Array): Size | undefined {
  if (!hasAt(bytes, bytes.length - 2, jpegEnd)) return undefined
  let at = 2
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0
    if (isFrame(marker)) {
      return { heightPx: wordAt(bytes, at + 5, 2), widthPx: wordAt(bytes, at + 7, 2) }
    }
    // A fill byte stands alone; every other segment says how long it is.
    at += marker === 0xff ? 1 : 2 + wordAt(bytes, at + 2, 2)
  }
  return undefined
}

/** Frames are C0 to CF but for the tables and extensions among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const hasAt = (bytes: Uint8Array, at: number, wanted: readonly number[]): boolean =>
  wanted.every((byte, i) => bytes[at + i] === byte)

const wordAt = (bytes: Uint8Array, at: number, length: number): number =>
  bytes.subarray(at, at + length).reduce((word, byte) => word * 256 + byte, 0)
