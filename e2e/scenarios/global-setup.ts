import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPlatform, wipePlatform } from '../platform/platform.ts'

declare module 'vitest' {
  interface ProvidedContext {
    platformDir: string
  }
}

/** Starts one platform with random ports for all scenarios; what it returns stops it again. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-scenarios-'))
  const startedMs = Date.now()
  const log = (line: string) => console.log(`  [platform ${((Date.now() - startedMs) / 1000).toFixed(1)} s] ${line}`)
  const platform = await startPlatform({ dir, root: resolve(import.meta.dirname, '../..'), log })
  project.provide('platformDir', dir)
  return async () => {
    await platform.down()
    await wipePlatform(dir)
  }
}
