/** Where a secret lies sealed. It opens there and nowhere else. */
export type SecretPlace = Readonly<{
  table: string
  column: string
  organizationId: string
  rowId: string
}>

/** The same within the rows of one organization. */
export type FieldPlace = Omit<SecretPlace, 'organizationId'>

/** What of a party is personal data; it lies sealed, here and wherever a party is copied. */
export const privateMembers = [
  'email',
  'phone',
  'address',
  'city',
  'state',
  'postalCode',
  'taxId',
] as const

/** Where personal data of an event lies. */
export const placeOfEvent = (eventId: string): FieldPlace => ({
  table: 'event',
  column: 'sealed',
  rowId: eventId,
})
