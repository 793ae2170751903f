/** The colour of a business as documents use it: for words and fills, and as a light ground. */
export type Brand = Readonly<{ ink: string; tint: string }>

type Channels = readonly number[]

/** The least that text must differ from its ground. Source: documents specification 4. */
const contrastMin = 4.5

/**
 * A colour, `#rrggbb`, that can be read: on white, on its own tint, and in white upon it. One that
 * is too light becomes the nearest darker shade that can.
 */
export function toBrand(colour: string): Brand {
  const given = toChannels(colour)
  const tint = given.map((channel) => 255 - Math.trunc((255 - channel) * 0.08))
  for (let shade = 100; shade > 0; shade -= 1) {
    const ink = given.map((channel) => Math.trunc((channel * shade) / 100))
    if (contrastOf(ink, tint) >= contrastMin) return { ink: toHex(ink), tint: toHex(tint) }
  }
  return { ink: '#000000', tint: toHex(tint) }
}

/** How much two colours differ, 1 to 21. Source: WCAG 2.2, contrast ratio. */
export const contrast = (a: string, b: string): number => contrastOf(toChannels(a), toChannels(b))

function contrastOf(a: Channels, b: Channels): number {
  const [first, second] = [luminanceOf(a), luminanceOf(b)]
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05)
}

function luminanceOf(channels: Channels): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const toChannels = (colour: string): Channels =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))

const toHex = (channels: Channels): string =>
  `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
