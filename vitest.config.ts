import { defineConfig } from 'vitest/config'
import { FileOrder } from './e2e/scenarios/file-order.ts'

const isEveryCrash = process.env['CRASH'] === 'all'

// Three projects, by what they need: `unit` needs nothing but Node, `contract` needs the real parts (it starts
// those it uses), `e2e` needs the whole local platform.
export default defineConfig({
  test: {
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: 'unit',
          // A thread starts sooner than a process, and no unit test needs one.
          pool: 'threads',
          // No promise of a test is about time; a busy machine is given enough of it.
          testTimeout: 30_000,
          include: ['*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'e2e/**/*.test.ts'],
          exclude: ['**/*.{contract,crash}.test.ts', '**/scenarios/**', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'contract',
          // CRASH=all is `make crash`: more than a suite has time for.
          provide: { crash: isEveryCrash ? ('all' as const) : ('some' as const) },
          include: ['**/*.contract.test.ts', ...(isEveryCrash ? ['**/*.crash.test.ts'] : [])],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/scenarios/**/*.test.ts'],
          globalSetup: 'e2e/scenarios/global-setup.ts',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
        },
      },
    ],
  },
})
