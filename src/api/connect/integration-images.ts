import type { Manifest } from '../../modules/sync/record.ts'
import type { Doc } from '../http/page.ts'

/*
 * Logos and buttons of the platforms, drawn from their names: nothing is fetched from anywhere, and
 * no mark of anybody else is copied. Source: Connect specification 11.
 */

const root = '/assets/integrations/'

/** The pictures of a platform: its mark, its mark with its name, and a button to connect it. */
type Picture = 'square' | 'full' | 'button' | 'button-hover'

const pictures: readonly Picture[] = ['square', 'full', 'button', 'button-hover']

/** Where a picture is served; the mark alone has the short address that lists show. */
export const addressOf = (origin: string, key: string, picture: Picture): string =>
  picture === 'square' ? `${origin}${root}${key}.svg` : `${origin}${root}${key}/${picture}.svg`

/** The picture at a path, or undefined. */
export function findImage(manifests: readonly Manifest[], path: string): Doc | undefined {
  if (!path.startsWith(root)) return undefined
  for (const manifest of manifests) {
    const picture = pictures.find((one) => addressOf('', manifest.key, one) === path)
    if (picture !== undefined) {
      return { type: 'image/svg+xml', content: draw(manifest.name, picture), headers }
    }
  }
  return undefined
}

/** Pages of others may show them. */
const headers = {
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'public, max-age=86400',
}

const font = 'font-family="system-ui, sans-serif" font-weight="600"'
const letterWidth = 13

function draw(name: string, picture: Picture): string {
  const text = escapeXml(name)
  const hue = hueOf(name)
  const mark = `<rect width="48" height="48" rx="10" fill="hsl(${hue} 55% 38%)"/><text x="24" y="33" ${font} font-size="26" text-anchor="middle" fill="#fff">${text.slice(0, 1)}</text>`
  const wide = 72 + name.length * letterWidth
  if (picture === 'square') return svg(48, text, mark)
  if (picture === 'full') {
    return svg(
      wide,
      text,
      `${mark}<text x="60" y="32" ${font} font-size="22" fill="#1f2933">${text}</text>`,
    )
  }
  const label = `Connect ${text}`
  const width = 48 + (name.length + 8) * 10
  const lightness = picture === 'button' ? 38 : 30
  return svg(
    width,
    label,
    `<rect width="${width}" height="48" rx="8" fill="hsl(${hue} 55% ${lightness}%)"/><text x="${width / 2}" y="30" ${font} font-size="17" text-anchor="middle" fill="#fff">${label}</text>`,
  )
}

const svg = (width: number, label: string, content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="48" viewBox="0 0 ${width} 48" role="img" aria-label="${label}">${content}</svg>\n`

/** A colour of its own for each name, dark enough for white letters. */
const hueOf = (name: string): number =>
  [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7)

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
