import { expect, test } from 'vitest'
import { text } from '../kubernetes/testing/scripted-api-server.ts'
import { advanceUntil, advanceWithIo, until } from '../testing/until.ts'
import {
  server,
  clock,
  metrics,
  stop,
  changes,
  quarantine,
  log,
  textOf,
  started,
  stateOf,
  isWatching,
  raw,
} from './testing/bench.ts'

test('what exists is listed page by page, what happens afterwards is watched', async () => {
  server.put('a', 1)
  server.put('b', 2)
  server.put('c', 3)
  const one = await started({ tuning: { pageSize: 2 } })
  expect(server.count('list')).toBe(2)
  server.put('a', 10)
  server.delete('b')
  server.put('d', 4)
  await until(() => changes.length === 6)
  expect(changes).toEqual(['added a=1', 'added b=2', 'added c=3', 'modified a=10', 'deleted b=2', 'added d=4'])
  expect(stateOf(one)).toEqual(server.state)
})

test('an object is found by the values that its index function gives, and no longer when they change', async () => {
  server.put('a', 1)
  server.put('b', 1)
  const one = await started({ indexes: { spec: (object) => [String(object.spec)] } })
  expect(one.store.getByIndex('spec', '1').map((object) => object.metadata.name)).toEqual(['a', 'b'])
  server.put('a', 2)
  await until(() => changes.length === 3)
  expect(one.store.getByIndex('spec', '1').map((object) => object.metadata.name)).toEqual(['b'])
  expect(one.store.getByIndex('spec', '__proto__')).toEqual([])
})

test.each([
  ['a FIN', () => server.endWatches('fin')],
  ['a reset', () => server.endWatches('reset')],
  ['a line of garbage', () => server.write('HTTP/1.1 502 Bad Gateway\n')],
  ['a line that is JSON but no event', () => server.write('{"kind":"Status"}\n')],
  ['an event of an unknown type', () => server.write({ type: 'SURPRISE', object: { metadata: { name: 'x' } } })],
  [
    'truncated JSON and a FIN',
    () => {
      server.write('{"type":"ADDED","obj')
      server.endWatches('fin')
    },
  ],
  ['a line of 5 MiB', () => server.write(`{"type":"ADDED","object":{"x":"${'x'.repeat(5 * 1024 * 1024)}`)],
])('F-21 after %s the watch goes on where it was, within 30 s, and nothing is lost', async (_title, hurt) => {
  server.put('a', 1)
  const one = await started()
  hurt()
  server.put('b', 2)
  server.delete('a')
  await advanceUntil(clock, () => one.store.get('b') !== undefined && one.store.get('a') === undefined, 30_000)
  expect(changes).toEqual(['added a=1', 'added b=2', 'deleted a=1'])
})

test.each([
  ['as an HTTP status', 3, () => server.endWatches('fin')],
  [
    'as an ERROR event',
    2,
    () => server.write({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }),
  ],
])('a 410 %s leads at once to a new list, which finds deletions and changes', async (_title, watches, hurt) => {
  server.put('a', 1)
  server.put('b', 2)
  const one = await started()
  server.isSent = () => false
  server.delete('a')
  server.put('b', 3)
  server.compact()
  hurt()
  await advanceUntil(clock, () => one.store.get('b')?.spec === 3, 30_000)
  expect(changes.slice(2)).toEqual(['deleted a=1', 'modified b=3'])
  await until(isWatching)
  expect(server.count('watch')).toBe(watches)
})

test('an object that was deleted and made again while nobody watched is a deletion and an addition', async () => {
  server.put('a', 1)
  await started()
  server.isSent = () => false
  server.delete('a')
  server.put('a', 1)
  server.compact()
  server.endWatches('fin')
  await advanceUntil(clock, () => changes.length === 3, 30_000)
  expect(changes).toEqual(['added a=1', 'deleted a=1', 'added a=1'])
})

test('F-30 an object that breaks its schema is set aside; the others go on, and it comes back when it is mended', async () => {
  server.put('bad', null)
  server.put('good', 1)
  const one = await started()
  expect(changes).toEqual(['added good=1'])
  expect(quarantine).toEqual(['bad: spec is no number'])
  expect([...one.quarantined().keys()]).toEqual(['bad'])
  server.put('good', 2)
  server.put('bad', 3)
  await until(() => changes.length === 3)
  expect(changes.slice(1)).toEqual(['modified good=2', 'added bad=3'])
  expect(quarantine.at(-1)).toBe('bad released')
  expect(one.quarantined().size).toBe(0)
})

test('F-30 the last good version of an object that broke stays, until the object is deleted', async () => {
  server.put('a', 1)
  const one = await started()
  server.put('a', 'broken')
  await until(() => quarantine.length === 1)
  expect(one.store.get('a')?.spec).toBe(1)
  server.delete('a')
  await until(() => one.store.size === 0)
  expect(changes).toEqual(['added a=1', 'deleted a=1'])
  expect(quarantine.at(-1)).toBe('a released')
})

test('F-30 a successor that is broken from the start does not inherit the good version of its predecessor', async () => {
  server.put('a', 1)
  const one = await started()
  server.isSent = () => false
  server.delete('a')
  server.put('a', 'broken')
  server.compact()
  server.endWatches('fin')
  await advanceUntil(clock, () => quarantine.length === 1, 30_000)
  expect(one.store.get('a')).toBeUndefined()
  expect(changes).toEqual(['added a=1', 'deleted a=1'])
})

test('F-30 a list item without a name deletes nobody', async () => {
  server.put('a', 1)
  const one = await started()
  server.put('b', 2)
  await until(() => one.store.size === 2)
  const items = [raw('a', 'uid-1', '101', 1), { metadata: { name: null } }]
  server.listScript.push(text(JSON.stringify({ metadata: { resourceVersion: '900' }, items })))
  server.compact()
  server.isSent = () => false
  server.put('c', 1)
  server.compact()
  server.endWatches('fin')
  await advanceUntil(clock, () => quarantine.length === 1, 30_000)
  expect(one.store.size).toBe(2)
})

test('a handler that throws is logged and counted, stops nobody, and is given the change again', async () => {
  let isBroken = true
  const taken: string[] = []
  server.put('a', 1)
  server.put('b', 2)
  await started({
    onChange: (change) => {
      if (isBroken && change.key === 'a') throw new Error('handler broke')
      taken.push(textOf(change))
    },
  })
  expect(taken).toEqual(['added b=2'])
  expect(log.filter((line) => line.includes('handler failed'))).toHaveLength(1)
  expect(await metrics.text()).toContain('bulkhead_kubernetes_handler_faults_total{resource="things.test.dev"} 1')
  isBroken = false
  server.endWatches('fin')
  await advanceUntil(clock, () => taken.length === 2, 30_000)
  expect(taken).toEqual(['added b=2', 'added a=1'])
})

test('a handler that rejects is no unhandled rejection', async () => {
  server.put('a', 1)
  await started({ onChange: () => Promise.reject(new Error('later')) })
  await until(() => log.some((line) => line.includes('handler failed')))
})

test('after the signal nothing is asked and nothing is told any more', async () => {
  const one = await started()
  stop.abort(new Error('shutting down'))
  await one.stopped
  const before = server.requests.length
  server.put('a', 1)
  await advanceWithIo(clock, 600_000)
  expect(server.requests.length).toBe(before)
  expect(changes).toEqual([])
})

test('F-21 a place in the history that breaks every watch is passed by a new list', async () => {
  await started()
  server.watchScript.push(...Array.from({ length: 20 }, () => text('garbage\n')))
  server.endWatches('fin')
  await advanceUntil(clock, () => server.count('list') === 2, 30_000)
  // The good one, two that broke without getting any further, and the one after the list.
  expect(server.count('watch')).toBeLessThanOrEqual(4)
})
