// `make fuzz`: any objects of any tenants, for SECONDS from a printed SEED, against a real Envoy. Tells how it goes every
// two seconds; what fails is printed as YAML, as small as it could be made. Ctrl-C ends it at once, with what it has.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { search } from './fuzz.ts'
import type { Counts } from './fuzz.ts'
import { startDataPlane } from './testing/data-plane.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const seconds = numberOf('SECONDS', values.seconds)
const seed = numberOf('SEED', values.seed ?? String(randomInt(2 ** 31)))
const tellMs = 2_000

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`Cannot fuzz with ${name}=${text}: it is no whole number; try make fuzz SECONDS=60 SEED=1`)
  process.exit(2)
}

console.log(`fuzz: seed ${seed}, ${seconds} s (again: make fuzz SECONDS=${seconds} SEED=${seed})`)
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
const plane = await startDataPlane()
const startedMs = performance.now()
let latest: Counts = { cases: 0, accepted: 0, forwarding: 0, refusing: 0 }
const line = ({ cases, accepted, forwarding, refusing }: Counts): string => {
  const took = ((performance.now() - startedMs) / 1000).toFixed(1)
  return `${took} s: ${cases} cases, ${accepted} tenants accepted, ${forwarding} routes that forward, ${refusing} that refuse`
}
const teller = setInterval(() => console.log(`  ${line(latest)}`), tellMs)
const isOver = (): boolean => performance.now() - startedMs > seconds * 1000
const { signal } = interrupted
const outcome = await search({ plane, seed, signal, isOver, onCase: (counts) => (latest = counts) })
clearInterval(teller)
const wrong = outcome.found === undefined ? await plane.examine() : []
await plane.stop()
console.log(`fuzz: seed ${seed}, ${line(outcome)}${interrupted.signal.aborted ? ', interrupted' : ''}`)
if (outcome.found !== undefined) {
  console.log(`\nFound, with seed ${seed}:\n${outcome.found.words}\n`)
  for (const { tenant, objects } of outcome.found.tenants) {
    for (const object of [tenant, ...objects])
      console.log(`---\n${stringify(object, { aliasDuplicateObjects: false })}`)
  }
}
for (const each of wrong) console.log(`Envoy holds what it should not: ${each}`)
process.exitCode = outcome.found !== undefined || wrong.length > 0 ? 1 : interrupted.signal.aborted ? 130 : 0
