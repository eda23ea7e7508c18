// A reporter of vitest: notes what passed only at its second try, so that a defect of a test is not overlooked.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, TestCase } from 'vitest/node'
import { repositoryRoot } from './steps.ts'

/** Where the tests' reports lie. */
export const reportFolder = join(repositoryRoot, 'node_modules/.cache/test-reports')

/** A line for each such test, and what it said the first time. */
export const secondTriesFile = join(reportFolder, 'second-tries.txt')

export default class SecondTries implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return
    const [first] = test.result().errors ?? []
    appendFileSync(
      secondTriesFile,
      `⚠ passed at the second try only, mend it: ${test.module.relativeModuleId} > ${test.fullName}\n    ${first?.message.slice(0, 300) ?? ''}\n`,
    )
  }
}
