import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { interruptible } from '../platform/interrupt.ts'
import { startPlatform, temporaryPlatformFolder } from '../platform/platform.ts'

const root = resolve(import.meta.dirname, '../..')

declare module 'vitest' {
  interface ProvidedContext {
    platformDir: string
  }
}

/** Starts one platform with random ports for all scenarios; what it returns takes it down, and so does Ctrl-C. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Vitest's own end the process within a millisecond, and leave everything running.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal)
  const startedMs = Date.now()
  const log = (line: string) => console.log(`  [platform ${((Date.now() - startedMs) / 1000).toFixed(1)} s] ${line}`)
  const folder = await temporaryPlatformFolder('bulkhead-e2e-', log)
  let ended: Promise<void> | undefined
  const end = () => (ended ??= folder.remove())
  try {
    await interruptible((signal) => startPlatform({ dir: folder.dir, root, log, signal }))
  } catch (fault) {
    await end()
    throw fault
  }
  const interrupt = () => {
    end().then(
      () => process.exit(130),
      (fault: unknown) => {
        console.error(fault)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  project.provide('platformDir', folder.dir)
  return end
}
