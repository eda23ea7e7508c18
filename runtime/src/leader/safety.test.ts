import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TestClock } from '../testing/test-clock.ts'
import { startCandidate } from './testing/candidate.ts'
import type { Candidate } from './testing/candidate.ts'
import { ScriptedLeases } from './testing/scripted-leases.ts'
import type { ScriptedClient, Weather } from './testing/scripted-leases.ts'

const weather = fc.constantFrom<Weather>('fine', 'fine', 'away', 'silent', 'answer-lost')
const step = fc.record({
  who: fc.nat(2),
  what: fc.oneof(
    weather.map((kind) => ({ kind: 'weather' as const, weather: kind })),
    fc.constantFrom({ kind: 'stop' as const }, { kind: 'resume' as const }, { kind: 'label' as const }),
    fc.integer({ min: -7_200_000, max: 7_200_000 }).map((ms) => ({ kind: 'set' as const, ms })),
  ),
  thenMs: fc.constantFrom(100, 700, 1_900, 4_000, 9_900, 15_100, 40_000),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Started = Candidate & { readonly client: ScriptedClient }

test('F-25 F-26 F-27 whatever fails, is lost, stopped or set, no two candidates lead at one moment, and one leads in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.infiniteStream(fc.nat(99)),
      async (steps, dice) => {
        const clock = new TestClock()
        const leases = new ScriptedLeases(clock)
        const random = (): number => Number(dice.next().value) / 100
        const all = [0, 1, 2].map((index): Started => {
          const client = leases.client()
          return { ...startCandidate({ client, identity: `c${index}`, base: clock, random }), client }
        })
        const pass = async (ms: number): Promise<void> => {
          for (let doneMs = 0; doneMs < ms; doneMs += 100) {
            await clock.advance(100)
            // A stopped process writes nothing; the moment it runs again it counts.
            const leading = all.filter((one) => !one.clock.isStopped && one.election.leads())
            expect(leading.length).toBeLessThanOrEqual(1)
          }
        }
        for (const { who, what, thenMs } of steps) {
          const one = all[who]
          if (one !== undefined) act(one, what, leases)
          await pass(thenMs)
        }
        for (const one of all) act(one, { kind: 'weather', weather: 'fine' }, leases)
        for (const one of all) one.clock.resume()
        await pass(40_000)
        expect(all.filter((one) => one.election.leads())).toHaveLength(1)
        for (const one of all) one.stop.abort(new Error('over'))
        await clock.advance(30_000)
        await Promise.all(all.map((one) => one.ended))
      },
    ),
    { numRuns: 60 },
  )
}, 120_000)

function act(one: Started, what: Step['what'], leases: ScriptedLeases): void {
  switch (what.kind) {
    case 'weather':
      one.client.weather = what.weather
      break
    case 'stop':
      one.clock.stop()
      break
    case 'resume':
      one.clock.resume()
      break
    case 'set':
      one.clock.setBy(what.ms)
      break
    case 'label':
      leases.edit((lease) => ({
        ...lease,
        metadata: { ...lease.metadata, labels: { at: String(Math.abs(one.clock.now())) } },
      }))
  }
}
