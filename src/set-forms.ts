import type { SetForm } from './db/lane.ts'
import { postJournal, postJournals } from './modules/ledger/journal.actions.ts'
import type { Journal } from './modules/ledger/journal.ts'

/** Actions that the lane runs together when they queue side by side. */
export const setForms: ReadonlyMap<unknown, SetForm> = new Map<unknown, SetForm>([
  [
    postJournal,
    {
      run: postJournals as SetForm['run'], // the lane hands each action its own inputs
      weight: ({ lines }: Journal) => lines.length,
    } as SetForm,
  ],
])
