import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { createKubeClient } from '../kubernetes/client.ts'
import { reset, silence, status, text } from '../kubernetes/testing/scripted-api-server.ts'
import { advanceUntil, advanceWithIo, until } from '../testing/until.ts'
import {
  server,
  clock,
  metrics,
  changes,
  log,
  logger,
  follow,
  started,
  stateOf,
  isWatching,
  raw,
  sorted,
} from './testing/bench.ts'

test('F-19 an API server that is down for 10 minutes: everything missed is applied within 30 s of its return', async () => {
  server.put('a', 1)
  server.put('gone', 1)
  const one = await started()
  server.always = reset
  server.endWatches('reset')
  await advanceWithIo(clock, 600_000)
  expect(one.store.size).toBe(2)
  server.put('a', 2)
  server.delete('gone')
  server.put('new', 3)
  server.always = undefined
  const tookMs = await advanceUntil(clock, () => changes.length === 5)
  expect(tookMs).toBeLessThanOrEqual(30_000)
  expect(stateOf(one)).toEqual(server.state)
})

test('F-19 an API server that is down at the start delays the first list, nothing else', async () => {
  server.always = reset
  server.put('a', 1)
  const one = follow()
  await advanceWithIo(clock, 60_000)
  expect(one.isSynced()).toBe(false)
  expect(one.lastContactMs()).toBe(0)
  server.always = undefined
  await advanceUntil(clock, () => one.isSynced(), 30_000)
  expect(changes).toEqual(['added a=1'])
})

test('F-21 a half-open connection is noticed by the stall timer', async () => {
  const one = await started()
  server.isSent = () => false // the events vanish on the way, the connection stays open
  server.put('a', 1)
  await advanceWithIo(clock, 80_000)
  expect(one.store.size).toBe(0)
  server.isSent = () => true
  await advanceUntil(clock, () => one.store.size === 1, 20_000)
  expect(await metrics.text()).toContain(
    'bulkhead_kubernetes_faults_total{resource="things.test.dev",reason="stalled"} 1',
  )
})

test('F-21 a server that accepts the watch and never answers is noticed by the stall timer', async () => {
  server.watchScript.push(silence)
  server.put('a', 1)
  const one = follow()
  await one.synced
  server.put('b', 2)
  await advanceUntil(clock, () => one.store.size === 2, 100_000)
  expect(server.count('watch')).toBe(2)
})

test('F-21 a server that sends only bookmarks is believed for a while; the next list finds what it kept back', async () => {
  const one = await started({ tuning: { relistMs: 600_000 } })
  server.isSent = () => false
  server.put('a', 1)
  for (let minute = 0; minute < 9; minute++) {
    await advanceWithIo(clock, 60_000)
    server.bookmark()
  }
  expect(server.count('list')).toBe(1)
  await advanceUntil(clock, () => one.store.size === 1, 120_000)
  expect(await metrics.text()).not.toContain('reason="stalled"')
})

test.each([
  ['ends the watch at once', text('')],
  ['resets every watch', reset],
  ['sends garbage on every watch', text('garbage\n')],
  ['answers every watch 500', status(500, 'InternalError')],
  ['answers every watch 410', status(410, 'Expired')],
])('F-21 a server that %s gets at most one request a second', async (_title, script) => {
  const one = follow()
  await one.synced
  server.watchScript.push(...Array.from({ length: 500 }, () => script))
  server.endWatches('fin')
  await advanceWithIo(clock, 10_000)
  const before = server.requests.length
  await advanceWithIo(clock, 120_000)
  expect(server.requests.length - before).toBeLessThanOrEqual(120)
  expect(server.requests.length - before).toBeGreaterThanOrEqual(5)
})

test('F-22 a list that is older than what was seen brings nothing back and takes nothing away', async () => {
  server.put('old', 1)
  const stale = { metadata: { resourceVersion: String(server.version) }, items: [raw('old', 'uid-1', '101', 1)] }
  const one = await started()
  server.delete('old')
  server.put('new', 2)
  await until(() => changes.length === 3)
  server.compact()
  server.isSent = () => false
  server.put('new', 3)
  server.listScript.push(text(JSON.stringify(stale)), text(JSON.stringify(stale)))
  server.compact()
  server.endWatches('fin')
  await advanceUntil(clock, () => one.store.get('new')?.spec === 3, 60_000)
  expect(changes).toEqual(['added old=1', 'deleted old=1', 'added new=2', 'modified new=3'])
  expect(await metrics.text()).toContain('reason="stale"} 2')
})

test('F-22 a watch that repeats old events, as after a resume at a stale server, resurrects nothing', async () => {
  server.put('a', 1)
  const one = await started()
  server.delete('a')
  server.put('b', 1)
  await until(() => changes.length === 3)
  server.write({ type: 'ADDED', object: raw('a', 'uid-1', '101', 1) })
  server.put('b', 2)
  await until(() => one.store.get('b')?.spec === 2)
  expect(one.store.get('a')).toBeUndefined()
})

test('F-23 whichever single one of 50 events is lost, the next list mends it', async () => {
  const play = (): void => {
    for (let i = 0; i < 50; i++) {
      const name = `t${i % 7}`
      if (i % 5 === 4) server.delete(name)
      else server.put(name, i)
    }
  }
  for (let lost = 0; lost < 50; lost++) {
    const done = new AbortController()
    const one = follow({ signal: done.signal, tuning: { relistMs: 20_000 } })
    await one.synced
    await until(isWatching)
    let position = 0
    server.isSent = () => position++ !== lost
    play()
    server.isSent = () => true
    server.put('last', lost)
    await until(() => one.store.get('last')?.spec === lost)
    const isMended = (): boolean => isDeepStrictEqual(sorted(stateOf(one)), sorted(server.state))
    await advanceUntil(clock, isMended, 60_000)
    done.abort(new Error('next position'))
    await one.stopped
    await until(() => server.openWatches === 0)
  }
}, 60_000)

test('F-23 a lost event is mended by the regular list even when the watch never breaks', async () => {
  const one = await started()
  server.isSent = () => false
  server.put('lost', 1)
  server.isSent = () => true
  await advanceUntil(clock, () => one.store.size === 1, 700_000)
})

test.each([403, 401])(
  'F-29 a permission that is taken away (%i): metric, back-off, and recovery when it is back',
  async (code) => {
    server.put('a', 1)
    const one = await started()
    server.always = status(code, 'Forbidden')
    server.endWatches('fin')
    await advanceWithIo(clock, 300_000)
    const asked = server.requests.length
    await advanceWithIo(clock, 60_000)
    expect(server.requests.length - asked).toBeLessThanOrEqual(6)
    expect(await metrics.text()).toMatch(/faults_total\{resource="things.test.dev",reason="forbidden"\} \d+/)
    expect(await metrics.text()).toContain('bulkhead_kubernetes_healthy{resource="things.test.dev"} 0')
    expect(log.filter((line) => line.includes('list and watch failed'))).toHaveLength(1)
    server.always = undefined
    server.put('a', 2)
    await advanceUntil(clock, () => one.store.get('a')?.spec === 2, 30_000)
    expect(await metrics.text()).toContain('bulkhead_kubernetes_healthy{resource="things.test.dev"} 1')
  },
)

test('an answer too long for us makes the pages smaller until it fits', async () => {
  const small = createKubeClient({
    kubeconfigPath: server.kubeconfigPath,
    logger: logger(),
    clock,
    limits: { maxResponseBytes: 2_000 },
  })
  for (let i = 0; i < 100; i++) server.put(`t${i}`, i)
  const one = follow({ client: small })
  await advanceUntil(clock, () => one.isSynced(), 60_000)
  expect(one.store.size).toBe(100)
  small.close()
})
