import type { PlacedWall, Placement, PlacementRegistry } from '@bulkhead/database'
import type { Tenant } from '@bulkhead/crds'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { sampleTenant, settings } from '../testing/samples.ts'
import { judgeDatabase } from '../walls/database/judge.ts'
import { judgeIdentity } from '../walls/identity/judge.ts'
import type { WantedPlacement } from '../walls/placement.ts'
import { placeWalls } from './place.ts'
import { wantTenant } from './wanted.ts'
import type { Wanted } from './wanted.ts'

const signal = new AbortController().signal
const unseen = { seen: { kind: 'unavailable', error: new Error('x') }, hasFault: false, isSuspended: false } as const

/** Places a Tenant by a registry that gives these answers; gives what is wanted and what the registry was asked. */
async function placed(tenant: Tenant, answers: Partial<Record<PlacedWall, Placement | Error>> = {}) {
  const asked: PlacedWall[] = []
  const registry = (wall: PlacedWall): PlacementRegistry => ({
    place: () => {
      asked.push(wall)
      const answer = answers[wall] ?? { kind: 'placed', shard: 'default' }
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
    shardOf: () => Promise.resolve(undefined),
  })
  const placements = { identity: registry('identity'), database: registry('database') }
  const derived = wantTenant(tenant, settings)
  if (!derived.ok) throw new Error(derived.problem.message)
  const wanted = await placeWalls({ placements, settings, clock: new TestClock() }, tenant, derived.wanted, signal)
  return { wanted, asked }
}

const placesOf = ({ identity, database }: Wanted): readonly WantedPlacement[] => [
  identity.placement,
  database.placement,
]
const onDefault = { kind: 'placed', shard: 'default' } as const

test('a new tenant gets a place for its realm and one for its schema', async () => {
  const { wanted, asked } = await placed(sampleTenant())
  expect(placesOf(wanted)).toEqual([onDefault, onDefault])
  expect(wanted.database.tenant.shard).toBe('default')
  expect(asked.toSorted()).toEqual(['database', 'identity'])
})

test('a place that the status tells is not asked for again', async () => {
  const status = { identity: { shard: 'default' }, database: { shard: 'default' } }
  const { wanted, asked } = await placed(sampleTenant({ status }))
  expect([placesOf(wanted), asked]).toEqual([[onDefault, onDefault], []])
})

test('a tenant with an issuer of its own needs a place for its schema only', async () => {
  const external = { issuer: 'https://idp.test', audiences: ['api'], jwksURI: 'https://idp.test/keys' }
  const { wanted, asked } = await placed(sampleTenant({ spec: { identity: { type: 'External', external } } }))
  expect([placesOf(wanted), asked]).toEqual([[{ kind: 'open' }, onDefault], ['database']])
})

test('one wall without a place takes nothing from the other', async () => {
  const error = new Error('the registry is away')
  const { wanted } = await placed(sampleTenant(), { database: error })
  expect(placesOf(wanted)).toEqual([onDefault, { kind: 'unavailable', error }])
})

test.each<[string, Placement, string, string]>([
  ['each is full', { kind: 'full', shard: undefined }, 'ShardFull', 'Every'],
  ['the one asked for is full', { kind: 'full', shard: 'x' }, 'ShardFull', '"x" holds as many'],
  ['the one asked for is none', { kind: 'unknown', shard: 'x' }, 'ShardUnknown', 'shard: there is no'],
  ['it is on one that is configured no more', { kind: 'placed', shard: 'x' }, 'ShardUnknown', 'does not name any more'],
])('when %s, both walls say so, whatever can be seen', async (_title, answer, reason, words) => {
  const { wanted } = await placed(sampleTenant(), { identity: answer, database: answer })
  for (const verdict of [
    judgeIdentity({ wanted: wanted.identity, ...unseen }),
    judgeDatabase({ wanted: wanted.database, ...unseen }),
  ]) {
    expect(verdict).toMatchObject({ status: 'False', reason })
    expect(verdict.message).toContain(words)
  }
})
