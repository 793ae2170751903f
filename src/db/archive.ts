import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { assert } from '../kernel/assert.ts'

/** A backup that is not what was written: the process ends with exit code 4. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
  readonly exitCode = 4
}

/** Where the bytes of a member lie in the file. */
export type Member = Readonly<{ name: string; offset: number; sizeBytes: number }>

/** What a member came to when it was written. */
export type Written = Readonly<{ sizeBytes: number; sha256: string }>

const blockBytes = 512
const nameBytesMax = 100
const octalMax = 8 ** 11 - 1
const zeros = Buffer.alloc(blockBytes)
const readBytesMax = 1024 * 1024

/**
 * Writes a tar file (ustar) member by member. A header stands before bytes whose count is known only
 * after them, so it is written last, at its own place.
 */
export class ArchiveWriter {
  readonly #file: FileHandle
  #end = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Adds a member of any length. */
  async add(name: string, chunks: AsyncIterable<Buffer>): Promise<Written> {
    const start = this.#end
    this.#end += blockBytes
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const chunk of chunks) {
      hash.update(chunk)
      sizeBytes += chunk.length
      await this.#append(chunk)
    }
    await this.#append(zeros.subarray(0, paddingOf(sizeBytes)))
    await writeAll(this.#file, toHeader(name, sizeBytes), start)
    return { sizeBytes, sha256: hash.digest('hex') }
  }

  /** Ends the archive; its length in bytes. */
  async end(): Promise<number> {
    await this.#append(Buffer.concat([zeros, zeros]))
    return this.#end
  }

  async #append(bytes: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, this.#end)
    this.#end += bytes.length
  }
}

/**
 * The members of an archive that ArchiveWriter wrote, in their order. Every byte that belongs to no
 * member is compared with what the writer would have written. Throws BackupError.
 */
export async function readMembers(file: FileHandle): Promise<readonly Member[]> {
  const { size } = await file.stat()
  const members: Member[] = []
  let at = 0
  for (;;) {
    const block = await readExactly(file, at, blockBytes)
    if (block.equals(zeros)) break
    const { name, sizeBytes } = parseHeader(block)
    const offset = at + blockBytes
    const padding = paddingOf(sizeBytes)
    at = offset + sizeBytes + padding
    const tail = await readExactly(file, at - padding, padding)
    if (!tail.equals(zeros.subarray(0, padding))) throw damaged(`behind ${name}`)
    members.push({ name, offset, sizeBytes })
  }
  const end = await readExactly(file, at, 2 * blockBytes)
  if (size !== at + 2 * blockBytes || end.some((byte) => byte !== 0)) throw damaged('at its end')
  return members
}

/** The bytes of a member, in pieces. */
export async function* readMember(
  file: FileHandle,
  { offset, sizeBytes }: Member,
): AsyncGenerator<Buffer> {
  for (let done = 0; done < sizeBytes; done += readBytesMax) {
    yield await readExactly(file, offset + done, Math.min(readBytesMax, sizeBytes - done))
  }
}

/** A damaged backup, and where. */
export const damaged = (where: string): BackupError =>
  new BackupError(`The backup is damaged ${where}; use another copy.`)

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw damaged('at its end')
    done += bytesRead
  }
  return bytes
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const rest = bytes.length - done
    const { bytesWritten } = await file.write(bytes, done, rest, position + done)
    done += bytesWritten
  }
}

const paddingOf = (sizeBytes: number): number =>
  (blockBytes - (sizeBytes % blockBytes)) % blockBytes

/** The same name and size give the same bytes: no times, no owners. */
function toHeader(name: string, sizeBytes: number): Buffer {
  assert(Buffer.byteLength(name) <= nameBytesMax, 'a member of a backup has a short name')
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  if (sizeBytes <= octalMax) {
    header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  } else {
    header.writeUInt8(0x80, 124)
    header.writeBigUInt64BE(BigInt(sizeBytes), 128)
  }
  header.write(`${'0'.repeat(11)}\0`, 136)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function parseHeader(block: Buffer): Readonly<{ name: string; sizeBytes: number }> {
  const name = block.toString('utf8', 0, block.indexOf(0))
  const sizeBytes =
    block.readUInt8(124) === 0x80
      ? Number(block.readBigUInt64BE(128))
      : Number.parseInt(block.toString('latin1', 124, 135), 8)
  const isSound =
    Number.isSafeInteger(sizeBytes) &&
    sizeBytes >= 0 &&
    Buffer.byteLength(name) <= nameBytesMax &&
    toHeader(name, sizeBytes).equals(block)
  if (!isSound) throw damaged('in a header')
  return { name, sizeBytes }
}
