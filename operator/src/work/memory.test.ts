import { createMetrics } from '@bulkhead/runtime'
import { expect, test } from 'vitest'
import { createOperatorMetrics } from '../metrics.ts'
import { allAsWanted } from '../testing/observations.ts'
import { sampleTenant, sampleWanted } from '../testing/samples.ts'
import { createMemory, forgetTenant } from './memory.ts'

test('nothing is kept of a Tenant that is gone', () => {
  const operatorMetrics = createOperatorMetrics(createMetrics())
  const memory = createMemory({ operatorMetrics, brake: { share: 1, minimum: 1, windowMs: 1 } })
  const { looks, stirred, held } = memory
  const observed = allAsWanted(sampleWanted(sampleTenant()))
  for (let one = 0; one < 1000; one += 1) {
    const uid = `uid-${one}`
    looks.set(uid, { generation: 1, atMs: 0, observed, refusals: new Map() })
    stirred.add(uid)
    held.add(uid)
    forgetTenant(memory, uid)
  }
  expect([looks.size, stirred.size, held.size]).toEqual([0, 0, 0])
})
