import { expect, test } from 'vitest'
import { sampleTenant } from '../testing/samples.ts'
import { amissConditions, createAmiss } from './amiss.ts'

const condition = (type: string, status: string, lastTransitionTime: string) => ({
  ...{ type, status, lastTransitionTime, reason: 'Progressing', message: '', observedGeneration: 3 },
})
const walls = amissConditions.filter((type) => type !== 'JwksStale')
const standing = walls.map((type) => condition(type, 'True', '2026-02-01T00:00:00Z'))
const tenantWith = (uid: string, conditions: readonly object[], spec: object = {}, metadata: object = {}) =>
  sampleTenant({ metadata: { uid, ...metadata }, spec, status: { conditions } })
const seconds = (time: string) => Date.parse(time) / 1000

function account() {
  const told = new Map<string, number>()
  const amiss = createAmiss((type, since) => (since === undefined ? told.delete(type) : told.set(type, since)))
  return { told, amiss }
}

test('a wall is amiss since the longest one is, and no more when the last one stands', () => {
  const { told, amiss } = account()
  const broken = (time: string) => [...standing.slice(1), condition('Granted', 'False', time)]
  amiss.changed(tenantWith('a', standing))
  expect(told).toEqual(new Map())
  amiss.changed(tenantWith('a', broken('2026-02-02T00:00:00Z')))
  amiss.changed(tenantWith('b', broken('2026-02-03T00:00:00Z')))
  expect(told).toEqual(new Map([['Granted', seconds('2026-02-02T00:00:00Z')]]))
  amiss.changed(tenantWith('a', standing))
  expect(told).toEqual(new Map([['Granted', seconds('2026-02-03T00:00:00Z')]]))
  amiss.forget('b')
  expect(told).toEqual(new Map())
})

test('a Tenant that nobody looked at yet is amiss since it was made', () => {
  const { told, amiss } = account()
  amiss.changed(tenantWith('a', []))
  expect([...told.keys()]).toEqual(walls)
  expect(told.get('Programmed')).toBe(seconds('2026-01-01T00:00:00Z'))
  amiss.clear()
  expect(told).toEqual(new Map())
})

test('keys that are stale are amiss while the condition is True', () => {
  const { told, amiss } = account()
  amiss.changed(tenantWith('a', [...standing, condition('JwksStale', 'True', '2026-02-02T00:00:00Z')]))
  expect(told).toEqual(new Map([['JwksStale', seconds('2026-02-02T00:00:00Z')]]))
})

test('nothing is amiss with a Tenant that is suspended or being deleted', () => {
  const { told, amiss } = account()
  amiss.changed(tenantWith('a', [], { suspended: true }))
  amiss.changed(tenantWith('b', [], {}, { deletionTimestamp: '2026-02-02T00:00:00Z' }))
  expect(told).toEqual(new Map())
})
