import { expect, test } from 'vitest'
import { theWorld } from '../harness.ts'
import { chromiumPath, keepPicture, openPage, whyNot } from './chromium.ts'

test('each reference is drawn without a word of complaint, and asks nobody else', async ({
  skip,
}) => {
  if (chromiumPath === undefined) skip(whyNot)
  const { app } = await theWorld()
  const origin = await app.listen()

  for (const { name, title, routes } of app.surfaces) {
    const { page, foreign, complaints } = await openPage(`${origin}/docs/${name}`)
    await page.getByRole('heading', { name: title }).waitFor()
    await page
      .getByText(routes[0]?.summary ?? '')
      .first()
      .waitFor()
    await keepPicture(page, `docs-${name}`)
    expect([name, complaints, foreign]).toEqual([name, [], []])
    await page.context().close()
  }
}, 180_000)
