/** Where a secret lies sealed. It opens there and nowhere else. */
export type SecretPlace = Readonly<{
  table: string
  column: string
  organizationId: string
  rowId: string
}>

/** The same within the rows of one organization. */
export type FieldPlace = Omit<SecretPlace, 'organizationId'>

/** Where personal data of an event lies. */
export const placeOfEvent = (eventId: string): FieldPlace => ({
  table: 'event',
  column: 'sealed',
  rowId: eventId,
})
