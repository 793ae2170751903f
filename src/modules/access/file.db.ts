import type { Tx } from '../../db/tx.ts'
import type { Instant } from '../../kernel/dates.ts'
import type { Id } from '../../kernel/ids.ts'
import type { Picture } from './file.ts'

/** Keeps a picture once, however often it comes; answers its name, 64 hexadecimal digits. */
export async function insertPicture(
  tx: Tx,
  businessId: Id<'business'>,
  {
    mediaType,
    widthPx,
    heightPx,
    content,
    at,
  }: Picture & Readonly<{ content: Uint8Array; at: Instant }>,
): Promise<string> {
  const [row] = await tx.query<{ sha256: string }>({
    name: 'insert_picture',
    text: `
      with kept as (
        insert into file (business_id, sha256, media_type, width_px, height_px, content, created_at)
        values ($1, sha256($5), $2, $3, $4, $5, $6)
        on conflict (business_id, sha256) do nothing
      )
      select encode(sha256($5), 'hex') as sha256`,
    values: [businessId, mediaType, widthPx, heightPx, Buffer.from(content), at],
  })
  return row?.sha256 ?? ''
}
