import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from './commands.ts'
import { cliReference } from './reference.ts'

test('the reference page says what the commands take; `make generate` writes it', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/reference/cli.md'), 'utf8')
  expect(page).toBe(cliReference(commands))
  for (const { words } of commands) expect(page).toContain(`## ${words}\n`)
})
