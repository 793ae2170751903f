import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { seedDemo } from '../demo.ts'
import { readDemoFile, writeDemoFile } from '../demo-file.ts'
import { readInteger } from './arguments.ts'
import { type Answer, answer, UsageError } from './output.ts'
import { type Session, withSession } from './session.ts'

type Flags = Readonly<{ reset?: boolean; seed: string; years: string }>

const seedMax = 2 ** 32 - 1
const yearsMax = 20

/** Makes the demo organization with a year of books, or makes it anew. */
export const demoCommand = (): Command =>
  new Command('demo')
    .description('make the demo organization, its books and its keys')
    .option('--reset', 'make it anew beside the old one')
    .option('--seed <number>', 'another seed gives other figures', '1')
    .option('--years <number>', 'years of books', '1')
    .action((flags: Flags, command: Command) =>
      answer(command, () => withSession((session) => run(session, flags))),
    )

async function run(session: Session, flags: Flags): Promise<Answer> {
  const { dataDir, origin } = loadConfig()
  const seed = readInteger('--seed', flags.seed, [0, seedMax])
  const years = readInteger('--years', flags.years, [1, yearsMax])
  if (readDemoFile(dataDir) !== undefined && flags.reset !== true) {
    throw new UsageError('The demo is there already; --reset makes a new one.')
  }
  const facts = await seedDemo(session.installation, { seed, years })
  const file = { origin, ...facts }
  writeDemoFile(dataDir, file)
  return { data: file, text: JSON.stringify(file, null, 2) }
}
