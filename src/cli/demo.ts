import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { resetDemo, seedDemo } from '../demo.ts'
import { type DemoFacts, readDemoFile, writeDemoFile } from '../demo-file.ts'
import { findOrganizationOf } from '../modules/access/business.queries.ts'
import { findOrganization } from '../modules/access/organization.queries.ts'
import { readInteger } from './arguments.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { readId, type Session, withSession } from './session.ts'

type Flags = Readonly<{ reset?: boolean; seed: string; years: string }>
type Size = Readonly<{ seed: number; years: number }>

const seedMax = 2 ** 32 - 1
const yearsMax = 20

/** Makes the demo organization with a year of books, or its test business anew. */
export const demoCommand = (): Command =>
  new Command('demo')
    .description('make the demo organization, its books and its keys')
    .option('--reset', "delete the demo's test business and make it anew; live books stay")
    .option('--seed <number>', 'another seed gives other figures', '1')
    .option('--years <number>', 'years of books', '1')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => run(session, flags))),
    )

async function run(session: Session, flags: Flags): Promise<Answer> {
  const { dataDir, origin } = loadConfig()
  const size = {
    seed: readInteger('--seed', flags.seed, [0, seedMax]),
    years: readInteger('--years', flags.years, [1, yearsMax]),
  }
  const known = readDemoFile(dataDir)
  if (known !== undefined && flags.reset !== true) {
    throw new UsageError('The demo is there already; --reset makes its test business anew.')
  }
  const reset = known && (await resetKnown(session, known, size))
  const file = { origin, ...(reset ?? (await seedDemo(session.installation, size))) }
  writeDemoFile(dataDir, file)
  return { data: file, text: JSON.stringify(file, null, 2) }
}

/** The demo with its new test business; undefined when this database has no such demo. */
async function resetKnown(
  session: Session,
  { origin: _, ...known }: DemoFacts & Readonly<{ origin: string }>,
  size: Size,
): Promise<DemoFacts | undefined> {
  const organizationId = readId('organization', 'org', known.organizationId)
  const businessId = readId('business', 'biz', known.testBusinessId)
  const { hasOrganization, hasBusiness } = await session.read(async (db) => ({
    hasOrganization: (await findOrganization(db, organizationId)) !== undefined,
    hasBusiness: (await findOrganizationOf(db, businessId)) === organizationId,
  }))
  if (!hasOrganization) return undefined
  const testBusinessId = hasBusiness ? businessId : undefined
  const made = await resetDemo(session.installation, { organizationId, testBusinessId }, size)
  return { ...known, testBusinessId: made }
}
