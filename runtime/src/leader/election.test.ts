import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestClock } from '../testing/test-clock.ts'
import { createElection } from './election.ts'
import { LostLeadership } from './lost-leadership.ts'
import { startCandidate, timings, untilAborted } from './testing/candidate.ts'
import type { Candidate } from './testing/candidate.ts'
import { ScriptedLeases } from './testing/scripted-leases.ts'
import type { ScriptedClient } from './testing/scripted-leases.ts'
import type { Term } from './types.ts'

let clock: TestClock
let leases: ScriptedLeases
let candidates: Candidate[]

beforeEach(() => {
  clock = new TestClock()
  leases = new ScriptedLeases(clock)
  candidates = []
})

afterEach(async () => {
  for (const one of candidates) {
    one.clock.resume()
    one.stop.abort(new Error('the test is over'))
  }
  await clock.advance(30_000)
  await Promise.all(candidates.map((one) => one.ended))
  expect(clock.sleeping).toBe(0)
})

interface Started extends Candidate {
  readonly client: ScriptedClient
}

function start(identity: string, work?: (term: Term) => Promise<void>): Started {
  const client = leases.client()
  const made = startCandidate({ client, identity, base: clock, ...(work === undefined ? {} : { work }) })
  candidates.push(made)
  return { ...made, client }
}

const leaders = (): readonly (string | undefined)[] =>
  candidates.filter((one) => one.election.leads()).map((one) => one.election.holder())

/** One that leads and one that stands by. */
async function pair(): Promise<{ readonly first: Started; readonly second: Started }> {
  const first = start('first')
  await clock.advance(100)
  const second = start('second')
  await clock.advance(3_000)
  expect(leaders()).toEqual(['first'])
  return { first, second }
}

test('the only candidate makes the lease, leads, and renews it for as long as it runs', async () => {
  const { election, terms } = start('first')
  expect(election.leads()).toBe(false)
  await clock.advance(100)
  const acquired = leases.spec
  expect(acquired).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 15, leaseTransitions: 0 })
  await clock.advance(3_600_000)
  expect(terms).toHaveLength(1)
  expect(election.leads()).toBe(true)
  expect(leases.spec).toMatchObject({ acquireTime: acquired['acquireTime'], leaseTransitions: 0 })
  expect(leases.spec['renewTime']).not.toBe(acquired['renewTime'])
  expect(() => election.demand('write')).not.toThrow()
})

test('of candidates that come at one moment one leads', async () => {
  for (const name of ['a', 'b', 'c']) start(name)
  await clock.advance(60_000)
  expect(leaders()).toHaveLength(1)
  expect(candidates.flatMap((one) => one.terms)).toHaveLength(1)
})

test('of two that take a lease that ran out in the same moment one leads: the other write is a 409', async () => {
  const { first } = await pair()
  start('third')
  await clock.advance(100)
  first.clock.stop()
  first.client.weather = 'away'
  await clock.advance(60_000)
  const others = candidates.slice(1)
  expect(others.filter((one) => one.election.leads())).toHaveLength(1)
  expect(others.flatMap((one) => one.terms)).toHaveLength(1)
})

test('a standby writes nothing, and neither may its owner', async () => {
  const { second } = await pair()
  await clock.advance(600_000)
  expect(second.client.writes).toBe(0)
  expect(second.election.holder()).toBe('first')
  expect(() => second.election.demand('create realm "a"')).toThrow(
    new LostLeadership('create realm "a"', 'the lease "bulkhead-operator" is not surely ours'),
  )
  expect(await second.metrics.text()).toContain('bulkhead_leader_refused_writes_total{lease="bulkhead-operator"} 1')
})

test('F-27 a leader without an API server writes no more after the renew deadline, and the standby follows after the lease', async () => {
  const { first, second } = await pair()
  const [term] = first.terms
  first.client.weather = 'away'
  await clock.advance(7_900)
  expect(leaders()).toEqual(['first'])
  await clock.advance(2_200)
  expect(leaders()).toEqual([])
  expect(term?.signal.aborted).toBe(true)
  expect(() => first.election.demand('write')).toThrow(LostLeadership)
  await clock.advance(7_500)
  expect(leaders()).toEqual(['second'])
  first.client.weather = 'fine'
  await clock.advance(60_000)
  expect([first.terms.length, second.terms.length]).toEqual([1, 1])
  expect(leases.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 })
})

test('F-27 an API server that takes renewals and never answers is like none', async () => {
  const { first, second } = await pair()
  first.client.weather = 'silent'
  await clock.advance(10_100)
  expect(first.election.leads()).toBe(false)
  await clock.advance(7_500)
  expect(second.election.leads()).toBe(true)
})

test('an API server that is away for less than the deadline costs nothing', async () => {
  const { first } = await pair()
  first.client.weather = 'away'
  await clock.advance(6_000)
  first.client.weather = 'fine'
  await clock.advance(60_000)
  expect(first.terms).toHaveLength(1)
  expect(first.log.filter((line) => line.includes('cannot use the lease'))).toHaveLength(1)
  expect(first.log.filter((line) => line.includes('can be used again'))).toHaveLength(1)
})

test('F-26 a leader that was stopped for 40 s refuses its very first write, whatever it has not noticed yet', async () => {
  const { first, second } = await pair()
  first.clock.stop()
  await clock.advance(40_000)
  expect(second.election.leads()).toBe(true)
  // Not one timer of the stopped process has run.
  expect(first.terms[0]?.signal.aborted).toBe(false)
  expect(() => first.election.demand('create realm "a"')).toThrow(LostLeadership)
  first.clock.resume()
  await clock.advance(100)
  expect(first.terms[0]?.signal.aborted).toBe(true)
  await clock.advance(60_000)
  expect(leaders()).toEqual(['second'])
})

test.each([
  ['an hour ahead', 3_600_000],
  ['an hour behind', -3_600_000],
])(
  "a standby whose clock is %s takes no lease that is renewed, and a silent one after the lease's time",
  async (_title, ms) => {
    const { first, second } = await pair()
    second.clock.setBy(ms)
    await clock.advance(60_000)
    expect(second.terms).toHaveLength(0)
    first.client.weather = 'away'
    await clock.advance(12_000)
    expect(second.election.leads()).toBe(false)
    await clock.advance(6_000)
    expect(second.election.leads()).toBe(true)
  },
)

test('a leader whose clock is set back counts on: its time does not grow', async () => {
  const { first } = await pair()
  first.client.weather = 'away'
  await clock.advance(4_000)
  first.clock.setBy(-3_600_000)
  await clock.advance(6_100)
  expect(first.election.leads()).toBe(false)
})

test('a leader whose machine was suspended knows by the time of day', async () => {
  const { first } = await pair()
  first.clock.stop()
  await clock.advance(40_000)
  first.clock.suspend(40_000)
  expect(first.election.leads()).toBe(false)
})

test('a leader that stops keeps the lease until its work has ended, then gives it back: the next leads within 2.4 s', async () => {
  const finish = Promise.withResolvers<undefined>()
  const first = start('first', async (term) => {
    await untilAborted(term)
    await finish.promise
  })
  await clock.advance(100)
  const second = start('second')
  await clock.advance(5_000)
  first.stop.abort(new Error('told to stop'))
  await clock.advance(30_000)
  expect(first.terms[0]?.signal.aborted).toBe(true)
  expect(leaders()).toEqual(['first'])
  finish.resolve(undefined)
  await clock.advance(2_400)
  await first.ended
  expect(leaders()).toEqual(['second'])
  expect(second.terms).toHaveLength(1)
  expect(await first.metrics.text()).toContain(
    'bulkhead_leader_terms_total{lease="bulkhead-operator",what="released"} 1',
  )
})

test('a lease that was taken while the answer was lost is used by the next attempt', async () => {
  const client = leases.client()
  client.weather = 'answer-lost'
  const one = startCandidate({ client, identity: 'first', base: clock })
  candidates.push(one)
  await clock.advance(4_000)
  client.weather = 'fine'
  await clock.advance(5_000)
  expect(one.election.leads()).toBe(true)
  expect(leases.spec).toMatchObject({ holderIdentity: 'first', leaseTransitions: 0 })
})

test('a renewal whose answer was lost is no loss', async () => {
  const { first } = await pair()
  first.client.weather = 'answer-lost'
  await clock.advance(6_000)
  first.client.weather = 'fine'
  await clock.advance(60_000)
  expect(first.terms).toHaveLength(1)
  expect(first.election.leads()).toBe(true)
})

test('a label on the lease costs nobody the leadership, and stays', async () => {
  const { first } = await pair()
  leases.edit((lease) => ({ ...lease, metadata: { ...lease.metadata, labels: { team: 'a' } } }))
  await clock.advance(60_000)
  expect(first.terms).toHaveLength(1)
  expect(leases.lease?.metadata.labels).toEqual({ team: 'a' })
})

test.each([
  ['was deleted', () => leases.delete(), 'the lease was deleted'],
  [
    'was given to somebody else by hand',
    () => leases.edit((lease) => ({ ...lease, spec: { holderIdentity: 'x', leaseDurationSeconds: 3600 } })),
    'the lease is held by "x"',
  ],
])('a lease that %s ends the term at the next renewal', async (_title, hurt, why) => {
  const { first } = await pair()
  hurt()
  await clock.advance(2_400)
  expect(first.terms[0]?.signal.reason).toEqual(new LostLeadership('go on leading', why))
})

test('a holder with a longer lease than ours is waited for as long as it asked', async () => {
  const { first, second } = await pair()
  leases.edit((lease) => ({ ...lease, spec: { ...leases.spec, leaseDurationSeconds: 60 } }))
  first.client.weather = 'away'
  await clock.advance(55_000)
  expect(second.terms).toHaveLength(0)
  await clock.advance(10_000)
  expect(second.election.leads()).toBe(true)
})

test('a process that starts again does not take its predecessor for itself', async () => {
  const { first } = await pair()
  first.clock.stop()
  first.client.weather = 'away'
  const again = start('first-again')
  await clock.advance(14_000)
  expect(again.terms).toHaveLength(0)
})

test('who cannot lead gives the lease back, lets others try, and comes back with back-off', async () => {
  const first = start('first', () => Promise.reject(new Error('Postgres is away')))
  await clock.advance(100)
  expect(leases.spec['holderIdentity']).toBeUndefined()
  await clock.advance(600_000)
  expect(first.terms.length).toBeGreaterThan(5)
  expect(first.terms.length).toBeLessThan(25)
  start('second')
  await clock.advance(3_000)
  expect(leaders()).toEqual(['second'])
  expect(first.log.filter((line) => line.includes('cannot lead'))).not.toEqual([])
})

test('work that ends by itself gives the lease back as well', async () => {
  const { terms } = start('first', () => Promise.resolve())
  await clock.advance(60_000)
  expect(terms.length).toBeGreaterThan(1)
})

test('a term, its end and its renewals are told and counted', async () => {
  const { first } = await pair()
  const labels = 'lease="bulkhead-operator"'
  expect(await first.metrics.text()).toContain(`bulkhead_leader_leads{${labels}} 1`)
  first.client.weather = 'away'
  await clock.advance(12_000)
  const text = await first.metrics.text()
  expect(text).toContain(`bulkhead_leader_leads{${labels}} 0`)
  expect(text).toContain(`bulkhead_leader_terms_total{${labels},what="acquired"} 1`)
  expect(text).toContain(`bulkhead_leader_terms_total{${labels},what="lost"} 1`)
  expect(text).toMatch(/bulkhead_leader_faults_total\{lease="bulkhead-operator",reason="connection"\} [4-9]/)
  expect(text).toMatch(/bulkhead_leader_renew_seconds_count\{lease="bulkhead-operator"\} [2-9]/)
  expect(first.log.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
    expect.arrayContaining(['this process leads', 'leadership lost']),
  )
})

test.each([
  { ...timings, renewDeadlineMs: 15_000 },
  { ...timings, retryMs: 6_000 },
  { ...timings, retryMs: 0 },
])('timings that leave a leader no time are refused: %j', (wrong) => {
  const { election: _election, ...rest } = start('first')
  const options = { ...rest, identity: 'x', client: leases.client(), random: () => 0, signal: rest.stop.signal }
  const logger = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0, child: () => logger } as never
  const lease = { namespace: 'n', name: 'l' }
  expect(() => createElection({ ...options, logger, lease, timings: wrong })).toThrow('want twice the retry')
})
