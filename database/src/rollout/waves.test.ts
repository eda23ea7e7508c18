import { tenantId } from '@bulkhead/tenancy'
import { describe, expect, test } from 'vitest'
import { advance, currentRollout, isOpen, laggards, versionFor, waveOf } from './waves.ts'
import type { Member, Rollout } from './waves.ts'

const known = { version: 2, checksum: 'two' }
const soakMs = 600_000
const canary: Rollout = { ...known, base: 1, phase: 'canary', sinceMs: 0, settledAtMs: undefined }
const tenth: Rollout = { ...canary, phase: 'tenth' }
const rest: Rollout = { ...canary, phase: 'rest' }
const done: Rollout = { ...canary, phase: 'done' }

// One tenant of each wave; the ids are searched for, since a hash decides.
const ids = Array.from({ length: 1000 }, (_, index) => tenantId(`uid-${index}`))
const idIn = (wave: string) => ids.find((id) => waveOf({ id, channel: 'Stable' }) === wave) ?? ''
const member = (wave: 'canary' | 'tenth' | 'rest', version: number): Member =>
  wave === 'canary' ? { id: ids[0] ?? '', channel: 'Canary', version } : { id: idIn(wave), channel: 'Stable', version }
const all = (...versions: [number, number, number]): readonly Member[] => [
  ...[member('canary', versions[0]), member('tenth', versions[1]), member('rest', versions[2])],
]

test('one Stable tenant in ten is in the second wave, and stays in it', () => {
  const inTenth = ids.filter((id) => waveOf({ id, channel: 'Stable' }) === 'tenth')
  expect(inTenth.length).toBeGreaterThan(70)
  expect(inTenth.length).toBeLessThan(130)
  expect(ids.filter((id) => waveOf({ id, channel: 'Stable' }) === 'tenth')).toEqual(inTenth)
  expect(new Set(ids.map((id) => waveOf({ id, channel: 'Canary' })))).toEqual(new Set(['canary']))
})

describe('which rollout is under way', () => {
  test.each([
    ['a new installation has nothing to roll out', undefined, [], { phase: 'done', base: 2, version: 2 }],
    [
      'schemas from before there were waves are rolled out to',
      undefined,
      [1, 2, 1],
      { phase: 'canary', base: 1, version: 2 },
    ],
    ['the same version goes on where it was', tenth, [1], tenth],
    ['one that is done stays done', done, [2], done],
    [
      'a version that was mended begins anew, from what every schema has',
      { ...tenth, checksum: 'other' },
      [1, 2],
      { phase: 'canary', base: 1, version: 2, checksum: 'two' },
    ],
    [
      'the next version begins when the last was done',
      { ...done, version: 1, checksum: 'one', base: 0 },
      [1],
      { phase: 'canary', base: 1, version: 2 },
    ],
    [
      'a version that was skipped leaves the base',
      { ...tenth, version: 1, checksum: 'one', base: 0 },
      [0, 1],
      { phase: 'canary', base: 0, version: 2 },
    ],
    [
      'F-35 one of a newer release is not touched by an older one',
      { ...tenth, version: 3, checksum: 'three', base: 2 },
      [2, 3],
      { phase: 'tenth', version: 3, base: 2 },
    ],
  ] as const)('%s', (_title, before, standing, expected) => {
    expect(currentRollout(before, known, standing, 5)).toMatchObject(expected)
  })
})

describe('the version that a schema may have', () => {
  test.each([
    ['a canary, while the canaries are open', canary, 'canary', false, 2],
    ['the tenth, while the canaries are open', canary, 'tenth', false, 1],
    ['the rest, while the tenth is open', tenth, 'rest', false, 1],
    ['the tenth, while it is open', tenth, 'tenth', false, 2],
    ['the rest, while it is open', rest, 'rest', false, 2],
    ['anybody, when all is done', done, 'rest', false, 2],
    ['F-35 a canary, after a failure', canary, 'canary', true, 1],
    ['F-35 the rest, after a failure in it', rest, 'rest', true, 1],
    [
      'F-35 a canary, when a newer release rolls out more than we know',
      { ...canary, version: 3, base: 2 },
      'canary',
      false,
      2,
    ],
    ['F-35 the rest, when a newer release has finished', { ...done, version: 3 }, 'rest', false, 2],
  ] as const)('%s', (...[, rollout, wave, isStopped, version]) => {
    expect(versionFor(rollout, known, wave, isStopped)).toBe(version)
  })
})

describe('how it goes on', () => {
  test.each([
    ['it waits for the canaries', canary, all(1, 1, 1), 0, {}],
    ['it soaks once the canaries have it', canary, all(2, 1, 1), 7, { settledAtMs: 7 }],
    ['it goes on soaking', { ...canary, settledAtMs: 7 }, all(2, 1, 1), soakMs + 6, { settledAtMs: 7 }],
    [
      'then the tenth opens',
      { ...canary, settledAtMs: 7 },
      all(2, 1, 1),
      soakMs + 7,
      { phase: 'tenth', sinceMs: soakMs + 7 },
    ],
    [
      'a canary that comes late is waited for again',
      { ...canary, settledAtMs: 7 },
      all(1, 1, 1),
      soakMs + 7,
      { settledAtMs: undefined },
    ],
    ['a wave that nobody is in is not waited for', canary, [member('rest', 1)], 0, { phase: 'tenth' }],
    ['it waits for the tenth', tenth, all(2, 1, 1), 0, {}],
    ['it waits for a canary still while the tenth is open', tenth, all(1, 2, 1), 0, {}],
    ['then the rest opens', { ...tenth, settledAtMs: 0 }, all(2, 2, 1), soakMs, { phase: 'rest' }],
    ['it waits for the rest', rest, all(2, 2, 1), soakMs * 9, {}],
    ['when all have it, it is done at once', rest, all(2, 2, 2), 0, { phase: 'done' }],
    ['what is further already does not hold it up', canary, all(3, 1, 1), 0, { settledAtMs: 0 }],
  ] as const)('%s', (...[, before, members, nowMs, change]) => {
    expect(advance(before, members, nowMs, soakMs)).toEqual({
      ...before,
      ...change,
      ...('phase' in change ? { settledAtMs: undefined, sinceMs: nowMs } : {}),
    })
  })
})

test('only the schemas of open waves lag behind', () => {
  expect(laggards(canary, all(1, 1, 1))).toEqual([member('canary', 1)])
  expect(laggards(rest, all(2, 1, 1))).toHaveLength(2)
})

test('a wave that is open stays open', () => {
  expect(['canary', 'tenth', 'rest'].map((wave) => isOpen('tenth', wave as 'rest'))).toEqual([true, true, false])
})
