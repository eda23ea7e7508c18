import { expect, test } from 'vitest'
import { Instances, holds } from './instances.ts'

const options = { pollGraceMs: 5_000, reportGraceMs: 45_000, maxInstances: 3 }
const revision = (sequence: number, digest = `${sequence}`): string => `one-${sequence}-${digest.padStart(32, '0')}`

function idsOf(instances: Instances, nowMs: number): readonly string[] {
  return instances.connected(nowMs).map(({ id }) => id)
}

test('an OPA is connected while it waits for a bundle, however long', () => {
  const instances = new Instances(options)
  instances.pollStarted('opa-0', revision(1), 0)
  expect(idsOf(instances, 1_000_000)).toEqual(['opa-0'])
})

test('F-41 an OPA that stopped waiting is missed after the grace', () => {
  const instances = new Instances(options)
  instances.pollStarted('opa-0', revision(1), 0).ended(1_000)
  expect(idsOf(instances, 6_000)).toEqual(['opa-0'])
  expect(idsOf(instances, 6_001)).toEqual([])
})

test('an OPA that does not poll by name is connected until its report is old', () => {
  const instances = new Instances(options)
  instances.reported({ id: 'opa-0', revision: revision(1), problem: undefined }, 0)
  expect(idsOf(instances, 45_000)).toEqual(['opa-0'])
  expect(idsOf(instances, 45_001)).toEqual([])
})

test('a report is news when the revision or the problem changed', () => {
  const instances = new Instances(options)
  const report = { id: 'opa-0', revision: revision(1), problem: undefined }
  expect(instances.reported(report, 0)).toBe(true)
  expect(instances.reported(report, 1)).toBe(false)
  expect(instances.reported({ ...report, problem: 'bad patch' }, 2)).toBe(true)
  expect(instances.connected(2)).toEqual([{ ...report, problem: 'bad patch' }])
})

test('an OPA that was started again holds nothing, whatever it held before', () => {
  const instances = new Instances(options)
  instances.reported({ id: 'opa-0', revision: revision(1), problem: undefined }, 0)
  instances.pollStarted('opa-0', undefined, 1)
  expect(instances.connected(1)).toEqual([{ id: 'opa-0', revision: undefined, problem: undefined }])
})

test('what an OPA asks with is what it holds, and news only when it changed', () => {
  const instances = new Instances(options)
  expect(instances.pollStarted('opa-0', revision(1), 0).isNews).toBe(true)
  expect(instances.pollStarted('opa-0', revision(1), 1).isNews).toBe(false)
  expect(instances.pollStarted('opa-0', revision(2), 2).isNews).toBe(true)
  expect(instances.connected(2)).toEqual([{ id: 'opa-0', revision: revision(2), problem: undefined }])
})

test('F-66 names without end do not fill the memory, and whoever waits is kept', () => {
  const instances = new Instances(options)
  instances.pollStarted('opa-0', revision(1), 0)
  for (let index = 0; index < 50; index += 1) {
    instances.reported({ id: `other-${index}`, revision: undefined, problem: undefined }, 1)
  }
  expect(idsOf(instances, 1)).toEqual(['opa-0', 'other-48', 'other-49'])
})

test.each([
  ['a later revision of the same process', revision(5), revision(4), true],
  ['an earlier revision', revision(3), revision(4), false],
  ['the same content from another process', `two-9-${'4'.padStart(32, '0')}`, revision(4), true],
  ['another content from another process', `two-9-${'f'.repeat(32)}`, revision(4), false],
  ['nothing', undefined, revision(4), false],
  ['a revision that we never wrote', 'latest', revision(4), false],
])('%s counts as holding what is wanted only where it does', (_title, held, wanted, expected) => {
  expect(holds({ id: 'opa-0', revision: held, problem: undefined }, wanted)).toBe(expected)
})

test('a late report of nothing does not take back what the last poll said', () => {
  const instances = new Instances(options)
  instances.pollStarted('opa-0', revision(1), 0)
  instances.reported({ id: 'opa-0', revision: undefined, problem: undefined }, 1)
  expect(instances.connected(1)).toEqual([{ id: 'opa-0', revision: revision(1), problem: undefined }])
})
