import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { runServer } from '../start.ts'
import { wantsJson } from './output.ts'

/** Runs the server, as `npm start` does. */
export const startCommand = (): Command =>
  new Command('start')
    .description('run the server')
    .option('--port <port>', 'port of the listener')
    .action(async (options: Readonly<{ port?: string }>, command: Command) => {
      const readConfig = () => loadConfig(undefined, withPort(options))
      await runServer(readConfig, { isJson: wantsJson(command) })
    })

const withPort = ({ port }: Readonly<{ port?: string }>) =>
  port === undefined ? {} : { overrides: { PORT: port } }
