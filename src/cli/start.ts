import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { runServer } from '../start.ts'
import { wantsJson } from './output.ts'

/** Runs the server, as `npm start` does. */
export const startCommand = (): Command =>
  new Command('start')
    .description('run the server')
    .option('--port <port>', 'port of the listener')
    .option('--role <role>', 'api: answer requests; worker: deliver and run tasks; all: both')
    .action(async (options: Flags, command: Command) => {
      const readConfig = () => loadConfig(undefined, { overrides: toOverrides(options) })
      await runServer(readConfig, { isJson: wantsJson(command) })
    })

type Flags = Readonly<{ port?: string; role?: string }>

const toOverrides = ({ port, role }: Flags): Readonly<Record<string, string>> => ({
  ...(port !== undefined && { PORT: port }),
  ...(role !== undefined && { TALLYSTICK_ROLE: role }),
})
