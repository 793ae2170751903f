import { BenchError } from './bench-error.ts'
import type { Flood } from './wrk.ts'

// The helpers are processes of this same program, so that one build holds everything.
const [command = '', argument = ''] = process.argv.slice(2)

try {
  if (command === 'echo') {
    const { runEcho } = await import('./echo.ts')
    runEcho()
  } else if (command === 'generator') {
    const { runGenerator } = await import('./generator.ts')
    await runGenerator(JSON.parse(argument) as Flood) // written by our own parent
  } else {
    const { runSuite } = await import('./suite.ts')
    await runSuite(process.argv.slice(2))
  }
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
