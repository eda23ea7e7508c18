import type { Occupied } from '@bulkhead/database'
import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { startOccupancy } from './occupancy.ts'

test('what is placed on each shard is exported beside what it takes, while one leads', async () => {
  const [clock, metrics, warnings] = [new TestClock(), createMetrics(), [] as unknown[]]
  let answer = (): Promise<readonly Occupied[]> =>
    Promise.resolve([
      { wall: 'identity', shard: 'default', placed: 3 },
      { wall: 'database', shard: 'default', placed: 4 },
      { wall: 'database', shard: 'left', placed: 9 },
    ])
  const end = startOccupancy({
    read: () => answer(),
    shards: {
      identity: [
        { name: 'default', capacity: 300 },
        { name: 'second', capacity: 200 },
      ],
      database: [{ name: 'default', capacity: 1000 }],
    },
    ...{ clock, metrics, logger: { ...silentLogger, warn: (fields: object) => warnings.push(fields) } },
  })
  const lines = async () => {
    await clock.advance(60_000)
    return (await metrics.text()).split('\n').filter((line) => /^bulkhead/.test(line))
  }
  const told = [
    'bulkhead_operator_shard_placed{wall="identity",shard="default"} 3',
    'bulkhead_operator_shard_placed{wall="identity",shard="second"} 0',
    'bulkhead_operator_shard_placed{wall="database",shard="default"} 4',
    'bulkhead_operator_shard_capacity{wall="identity",shard="default"} 300',
    'bulkhead_operator_shard_capacity{wall="identity",shard="second"} 200',
    'bulkhead_operator_shard_capacity{wall="database",shard="default"} 1000',
  ]
  expect(await lines()).toEqual(told)
  answer = () => Promise.reject(new Error('away'))
  expect(await lines(), 'the last figures stay while Postgres is away').toEqual(told)
  expect(warnings).toHaveLength(1)
  await end()
  expect(await lines()).toEqual([])
})
