/** Where a secret lies sealed. It opens there and nowhere else. */
export type SecretPlace = Readonly<{
  table: string
  column: string
  organizationId: string
  rowId: string
}>
