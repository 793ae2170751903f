import { expect } from 'vitest'
import { assert } from '../src/kernel/assert.ts'
import type { Answer } from './harness.ts'

/** What really brings a row of a published error page about, and the answer it brings. */
export type Cause = () => Promise<Answer>

/**
 * Finds the causes of a page's rows, so that a row without one fails.
 *
 * page    the rows as they are published, one a line
 * causes  by row
 */
export function rowsOf(
  page: string,
  causes: Readonly<Record<string, Cause>>,
): readonly (readonly [row: string, cause: Cause])[] {
  const rows = page.trim().split('\n')
  expect(Object.keys(causes).sort()).toEqual([...rows].sort())
  return rows.map((row) => {
    const cause = causes[row]
    assert(cause !== undefined, 'every row has a cause')
    return [row, cause] as const
  })
}

const idPattern = /req_[0-9a-z]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The bytes of an answer with every id in them written as `<id>`. */
export const bytesOf = ({ text }: Answer): string => text.replaceAll(idPattern, '<id>')
