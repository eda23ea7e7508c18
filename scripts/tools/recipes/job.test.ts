import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { hasChecksum, requireChecksum } from './job.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-checksum-'))
afterAll(() => rmSync(folder, { recursive: true }))
const sha256OfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

test('the pinned file is accepted and kept', async () => {
  const file = join(folder, 'right')
  writeFileSync(file, 'hello')
  await requireChecksum(file, sha256OfHello)
  expect(await hasChecksum(file, sha256OfHello)).toBe(true)
})

test('any other file is refused and removed, so that the next run fetches it anew', async () => {
  const file = join(folder, 'wrong')
  writeFileSync(file, 'hello!')
  await expect(requireChecksum(file, sha256OfHello)).rejects.toThrow('is not the pinned file')
  expect(existsSync(file)).toBe(false)
})
