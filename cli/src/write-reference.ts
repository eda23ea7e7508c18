// Writes the reference of the command line from its table of commands (`make generate`).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from './commands.ts'
import { cliReference } from './reference.ts'

writeFileSync(join(import.meta.dirname, '../../docs/reference/cli.md'), cliReference(commands))
