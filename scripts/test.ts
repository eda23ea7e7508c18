// `make test`: every test, with one closing line that counts them all.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { reportFolder as folder, secondTriesFile } from './second-tries.ts'
import { repositoryRoot, runStep, type Step } from './steps.ts'

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).default([]) }),
      ),
    }),
  ),
})
const policy = z.array(
  z.object({
    name: z.string(),
    location: z.object({ file: z.string(), row: z.number() }),
    fail: z.boolean().default(false),
    error: z.unknown().optional(),
  }),
)

function vitest(project: string): Step {
  return {
    name: `tests: ${project}`,
    command: [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=verbose',
      // Real parts on a busy machine: one that fails once is tried again, and named at the end if it passes then.
      ...(project === 'unit' ? [] : ['--retry=1', '--reporter=./scripts/second-tries.ts']),
      '--reporter=json',
      `--outputFile.json=${join(folder, `${project}.json`)}`,
    ],
  }
}

// Named once more at the end: whoever sees only the last lines of a long run is to know what to look at.
function tellFailures({ testResults }: z.infer<typeof report>): void {
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(repositoryRoot, name)
    const broken = assertionResults.filter((test) => test.status === 'failed')
    for (const { fullName, failureMessages } of broken) tell(`${file} > ${fullName}`, failureMessages.join('\n'))
    if (status === 'failed' && broken.length === 0) tell(file, message)
  }
}

function tell(what: string, why: string): void {
  const lines = why.split('\n').slice(0, 8)
  console.error([`✗ ${what}`, ...lines.map((line) => `    ${line.slice(0, 300)}`)].join('\n'))
}

// Its report goes to a file, to be counted and, where a test failed, named.
const policyReport = join(folder, 'policy.json')
const policyTests = '.tools/bin/opa test --v0-compatible=false --format=json xds-server/policy'

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
// Contract tests mostly wait for the real parts, so what needs only Node goes beside them; the scenarios, which look at
// how requests fare, have the machine to themselves.
const groups: readonly (readonly Step[])[] = [
  [
    vitest('unit'),
    { name: 'tests: policy', command: ['sh', '-c', `${policyTests} > "$0"`, policyReport] },
    vitest('contract'),
  ],
  [vitest('e2e')],
]

const failed: string[] = []
for (const group of groups) {
  const passed = await Promise.all(group.map(runStep))
  failed.push(...group.filter((_step, index) => passed[index] !== true).map(({ name }) => name))
}

let [passedCount, failedCount, skippedCount] = [0, 0, 0]
for (const project of ['unit', 'contract', 'e2e']) {
  const file = join(folder, `${project}.json`)
  if (!existsSync(file)) {
    failedCount += 1
    continue
  }
  const counts = report.parse(JSON.parse(readFileSync(file, 'utf8')))
  passedCount += counts.numPassedTests
  failedCount += counts.numFailedTests
  skippedCount += counts.numPendingTests
  tellFailures(counts)
}
if (existsSync(policyReport)) {
  const outcomes = policy.parse(JSON.parse(readFileSync(policyReport, 'utf8')))
  const broken = outcomes.filter(({ fail, error }) => fail || error !== undefined)
  for (const { name, location } of broken) console.error(`✗ ${location.file}:${location.row} ${name}`)
  failedCount += broken.length
  passedCount += outcomes.length - broken.length
}
if (existsSync(secondTriesFile)) console.error(readFileSync(secondTriesFile, 'utf8'))
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`)
console.log(`\n${passedCount} passed, ${Math.max(failedCount, failed.length)} failed, ${skippedCount} skipped`)
if (failed.length > 0 || failedCount > 0) process.exit(1)
