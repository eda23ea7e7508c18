#!/usr/bin/env node
// cli: what the platform's operators do by hand. `commands.ts` is the table of them; a file in `commands/` each.
import { readFile } from 'node:fs/promises'
import { systemClock } from '@bulkhead/runtime'
import { commands } from './commands.ts'
import { runCommandLine } from './run.ts'

const code = await runCommandLine(commands, {
  argv: process.argv.slice(2),
  readFile: (path) => readFile(path, 'utf8'),
  print: (text) => process.stdout.write(text),
  printError: (text) => process.stderr.write(text),
  signals: process,
  clock: systemClock,
})
// Idle connections of libraries would hold the process open; everything of ours has ended.
process.exit(code)
