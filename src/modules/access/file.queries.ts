import type { Db } from '../../db/tx.ts'
import type { Id } from '../../kernel/ids.ts'
import type { StoredFile } from './file.ts'

/** The file of a business with this SHA-256, 64 hexadecimal digits, or undefined. */
export async function findFile(
  db: Db,
  businessId: Id<'business'>,
  sha256: string,
): Promise<StoredFile | undefined> {
  const [row] = await db.query<StoredFile>({
    name: 'find_file',
    text: `
      select encode(sha256, 'hex') as sha256, media_type as "mediaType", width_px as "widthPx",
        height_px as "heightPx", content
      from file where business_id = $1 and sha256 = decode($2, 'hex')`,
    values: [businessId, sha256],
  })
  return row
}
