import { existsSync, mkdirSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

const places = [
  process.env['CHROMIUM_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** Where a Chromium is on this machine; undefined: there is none. */
export const chromiumPath = places.find((path) => path !== '' && existsSync(path))

export const whyNot = 'no Chromium on this machine; install chromium or set CHROMIUM_PATH'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Promise<Browser> | undefined

afterAll(async () => {
  await (await browser)?.close()
  browser = undefined
})

export type Looked = Readonly<{
  page: Page
  /** Addresses of other hosts that the page asked for; they were not reached. */
  foreign: readonly string[]
  /** What the console said that is no chatter: errors, and broken policies. */
  complaints: readonly string[]
}>

export const phone = { width: 390, height: 844 } as const
export const desktop = { width: 1280, height: 900 } as const

/** Opens a page in a browser of its own memory, cut off from every other host. */
export async function openPage(
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Looked> {
  browser ??= chromium.launch({ executablePath: chromiumPath ?? '', args: flags, headless: true })
  const context: BrowserContext = await (await browser).newContext({
    locale: 'en-GB',
    viewport: desktop,
    ...options,
  })
  const { host } = new URL(url)
  const [foreign, complaints]: [string[], string[]] = [[], []]
  await context.route('**/*', (route) => {
    const asked = route.request().url()
    if (new URL(asked).host === host) return route.continue()
    foreign.push(asked)
    return route.abort()
  })
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  return { page, foreign, complaints }
}

const pictures = 'test-results/browser'

/** Keeps a picture of the whole page, to be looked at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true })
}
