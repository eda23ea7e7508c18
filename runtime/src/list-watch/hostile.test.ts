import { expect, test } from 'vitest'
import { asUsual, status, text } from '../kubernetes/testing/scripted-api-server.ts'
import { advanceUntil, advanceWithIo, until } from '../testing/until.ts'
import { changes, clock, metrics, raw, server, started, stateOf } from './testing/bench.ts'

const errorEvent = (code: number, reason: string, more: object = {}) => ({
  type: 'ERROR',
  object: { kind: 'Status', code, reason, message: 'scripted', ...more },
})

test('a bookmark moves the place to go on from: what was forgotten up to there costs no new list', async () => {
  const one = await started()
  server.put('a', 1)
  await until(() => one.store.size === 1)
  server.isSent = () => false // events of other objects, which our selector does not match
  server.put('other', 1)
  server.delete('other')
  server.isSent = () => true
  server.bookmark()
  server.put('b', 1)
  await until(() => one.store.size === 2)
  const bookmarked = server.version - 1
  server.compact()
  server.bookmark()
  await advanceWithIo(clock, 10_000)
  server.endWatches('fin')
  await advanceUntil(clock, () => server.count('watch') === 2, 30_000)
  expect(server.count('list')).toBe(1)
  const versions = server.requests
    .filter(({ verb }) => verb === 'watch')
    .map(({ query }) => query.get('resourceVersion'))
  expect(Number(versions.at(-1))).toBeGreaterThan(bookmarked)
})

test.each([
  ['500', errorEvent(500, 'InternalError'), 'refused'],
  ['403', errorEvent(403, 'Forbidden'), 'forbidden'],
  ['nothing of use', { type: 'ERROR', object: null }, 'refused'],
])('F-21 an ERROR event that says %s ends the watch, which goes on where it was', async (_title, event, reason) => {
  server.put('a', 1)
  const one = await started()
  server.write(event)
  server.endWatches('fin')
  server.put('a', 2)
  await advanceUntil(clock, () => one.store.get('a')?.spec === 2, 30_000)
  expect(server.count('list')).toBe(1)
  expect(await metrics.text()).toContain(`faults_total{resource="things.test.dev",reason="${reason}"} 1`)
})

test('F-21 an ERROR event that asks us to stay away is obeyed', async () => {
  server.put('a', 1)
  await started()
  server.write(errorEvent(429, 'TooManyRequests', { details: { retryAfterSeconds: 45 } }))
  server.endWatches('fin')
  const tookMs = await advanceUntil(clock, () => server.count('watch') === 2, 60_000)
  expect(tookMs).toBeGreaterThanOrEqual(45_000)
})

test('a 410 in the middle of the pages throws nothing away: the list begins anew, and half of it is never believed', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) server.put(name, 1)
  const one = await started({ tuning: { pageSize: 2 } })
  server.isSent = () => false
  server.delete('e')
  server.put('f', 1)
  server.compact()
  const before = server.count('list')
  server.listScript.push(asUsual, status(410, 'Expired'), asUsual, asUsual, status(410, 'Expired'))
  server.endWatches('fin')
  await advanceUntil(clock, () => one.store.get('f') !== undefined, 60_000)
  // A page and a 410, two pages and a 410, three pages.
  expect(server.count('list') - before).toBe(8)
  expect(changes.slice(5)).toEqual(['deleted e=1', 'added f=1'])
  expect(stateOf(one)).toEqual(server.state)
})

test('a server whose pages never end is asked at most once a second', async () => {
  const endless = text(JSON.stringify({ metadata: { resourceVersion: '900', continue: 'again' }, items: [] }))
  server.put('a', 1)
  const one = await started()
  server.compact()
  server.put('b', 1)
  server.compact()
  server.listScript.push(...Array.from({ length: 1_000 }, () => endless))
  server.isSent = () => false
  server.put('c', 1)
  server.compact()
  const before = server.requests.length
  server.endWatches('fin')
  await advanceWithIo(clock, 60_000)
  expect(server.requests.length - before).toBeLessThanOrEqual(60)
  expect(one.store.get('a')).toBeDefined()
})

test('an object whose deletion was lost and that is made again in sight is a deletion and an addition', async () => {
  server.put('a', 1)
  await started()
  server.isSent = ({ type }) => type !== 'DELETED'
  server.delete('a')
  server.put('a', 2)
  await until(() => changes.length === 3)
  expect(changes).toEqual(['added a=1', 'deleted a=1', 'added a=2'])
})

test('the late end of a predecessor takes nothing from the object that has the name now', async () => {
  server.put('a', 1)
  const one = await started()
  server.isSent = ({ type }) => type !== 'DELETED'
  server.delete('a')
  server.put('a', 2)
  await until(() => changes.length === 3)
  server.write({ type: 'DELETED', object: raw('a', 'uid-1', String(server.version + 1), 1) })
  server.isSent = () => true
  server.put('b', 1)
  await until(() => changes.length === 4)
  expect(one.store.get('a')?.spec).toBe(2)
})
