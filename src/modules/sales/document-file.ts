import type { FieldPlace } from '../../kernel/secret-place.ts'

/** Where the content of a file lies sealed. */
export const placeOfFile = (fileId: string): FieldPlace => ({
  table: 'document_file',
  column: 'sealed_content',
  rowId: fileId,
})
