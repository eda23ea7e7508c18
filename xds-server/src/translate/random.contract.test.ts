import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Route, TenantModel } from '../model/model.ts'
import { anyTenant } from './testing/arbitrary.ts'
import { startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

// The seed is fixed: a failure can be seen again.
const models: readonly TenantModel[] = Array.from({ length: 40 }, (_, index) => `t${index}`).flatMap((name, seed) =>
  fc.sample(anyTenant(name), { numRuns: 1, seed }),
)

const isPublicPrefix = (route: Route): boolean => route.access === 'Public' && route.match.kind === 'prefix'

let rig: Rig

describe('a real Envoy with forty tenants of any shape', () => {
  beforeAll(async () => {
    rig = await startRig(() => models)
  })
  afterAll(async () => {
    await rig.stop()
  })

  test('D-15 refuses none of them', () => {
    expect(rig.refusals).toEqual([])
  })

  test('every tenant is there, and lets nobody in without a token', async () => {
    // A public prefix may by chance hold any path, so those tenants are left out.
    const closed = models.filter(({ routes }) => !routes.some(isPublicPrefix))
    const answers = await Promise.all(
      closed.map((model) => rig.call({ host: model.hosts[0] ?? '', path: '/a/path/of/nobody' })),
    )
    const expected = closed.map(({ isSuspended, identity }) => (isSuspended ? 403 : identity === undefined ? 503 : 401))
    expect(closed.length).toBeGreaterThan(10)
    expect(answers.map(({ status }) => status)).toEqual(expected)
  })
})
