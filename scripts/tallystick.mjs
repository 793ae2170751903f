#!/usr/bin/env node
// The operator's command line: makes the working folder ready as `npm start` does, then runs it.
import { prepare } from './prestart.mjs'

prepare()
await import('../dist/src/cli/main.js')
