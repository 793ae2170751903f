import type { LimitValue, PlanVersion } from '../../modules/plans/limit.ts'
import { jsonDepthMax, jsonMembersMax, jsonTextMax } from './json.ts'
import type { Block, Page } from './page.ts'
import type { Surface } from './surface.ts'

/** Bytes of the line and the headers of a request, as the server bounds them. */
export type Bounds = Readonly<{ uriBytesMax: number; headersBytesMax: number }>

type Parts = Readonly<{
  surfaces: readonly Surface[]
  plans: readonly PlanVersion[]
  bounds: Bounds
}>

/** What every request must keep within, and what each plan allows. */
export function limitPage({ surfaces, plans, bounds }: Parts): Page {
  const bodies = surfaces.map(({ title, bodyBytesMax }) => [
    `JSON body, ${title}`,
    toBytesText(bodyBytesMax),
  ])
  return {
    name: 'limits',
    title: 'Limits',
    blocks: [
      { kind: 'heading', text: 'Of a request' },
      {
        kind: 'table',
        header: ['Limit', 'Value'],
        rows: [
          ['Address with its query', toBytesText(bounds.uriBytesMax)],
          ['All headers together', toBytesText(bounds.headersBytesMax)],
          ...bodies,
          ['Depth of JSON', String(jsonDepthMax)],
          ['Members of a JSON object', toText(jsonMembersMax)],
          ['Characters of one JSON text', toText(jsonTextMax)],
          ['Significant digits of a number', '15'],
        ],
      },
      { kind: 'heading', text: 'Of a plan' },
      {
        kind: 'text',
        text: 'What this release ships. An installation may have later versions, and an organization exceptions of its own; `RateLimit-Policy` and `RateLimit` tell what holds for the caller.',
      },
      ...surfaces.flatMap(({ name, title }) =>
        planBlocks(
          title,
          plans.filter(({ surface }) => surface === name),
        ),
      ),
    ],
  }
}

/** One table a surface: a row for each limit, a column for each plan. */
function planBlocks(title: string, plans: readonly PlanVersion[]): readonly Block[] {
  const names = Object.keys(plans[0]?.limits ?? {})
  return [
    { kind: 'heading', text: title },
    {
      kind: 'table',
      header: ['Limit', ...plans.map(({ plan, validFrom }) => `\`${plan}\` from ${validFrom}`)],
      rows: names.map((name) => [
        `\`${name}\``,
        ...plans.map(({ limits }) => toText(limits[name] ?? null)),
      ]),
    },
  ]
}

function toText(value: LimitValue): string {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

const toBytesText = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`
