import axe from 'axe-core'
import type { Page } from 'playwright-core'

type Found = Readonly<{ id: string; impact: string | null; nodes: readonly { html: string }[] }>

/** Barriers on a page, by the rules of WCAG 2.2 up to AA, each with the first place it is met. */
export async function barriersOf(page: Page): Promise<readonly string[]> {
  // Runs outside of the page's policy, as a reader's own tool does.
  await page.evaluate(axe.source)
  const violations = await page.evaluate<readonly Found[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)`,
  )
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0]?.html}`)
}
