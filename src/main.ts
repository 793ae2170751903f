import { loadConfig } from './config.ts'
import { runServer } from './start.ts'

await runServer(loadConfig)
