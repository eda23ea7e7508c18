import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { aPlan, aPolicy, aSubscription, aTenant, aTool, aToolSet } from './build/testing/fixtures.ts'
import { FakeApi } from './testing/fake-api.ts'
import { start, startPlane } from './testing/control-plane.ts'
import { kindInfo } from './watch/seen.ts'

// Many runs on a busy machine; what is tested is not how long they take.
vi.setConfig({ testTimeout: 120_000 })

const tenants = ['acme', 'globex', 'initech'] as const
const numbers = [0, 1, 2] as const
const kinds = ['Tenant', 'Tool', 'ToolSet', 'Plan', 'Subscription', 'AccessPolicy'] as const

interface Edit {
  readonly tenant: (typeof tenants)[number]
  readonly kind: (typeof kinds)[number]
  readonly number: (typeof numbers)[number]
  readonly variant: number
  readonly isGone: boolean
  /** How long until the next one. */
  readonly pauseMs: number
}

const edit: fc.Arbitrary<Edit> = fc.record({
  tenant: fc.constantFrom(...tenants),
  kind: fc.constantFrom(...kinds),
  number: fc.constantFrom(...numbers),
  variant: fc.nat({ max: 3 }),
  isGone: fc.nat({ max: 3 }).map((turn) => turn === 3),
  pauseMs: fc.constantFrom(0, 0, 50, 1_500),
})

/** Hosts that two tenants may be granted at once: then the older Tenant has them. */
const grants = (tenant: string) => [
  [`${tenant}.gw.test`],
  [`${tenant}.gw.test`, 'shared.gw.test'],
  ['shared.gw.test'],
  [],
]

function objectOf({ tenant, kind, number, variant }: Edit) {
  const name = `o${number}`
  const at = {
    namespace: `tenant-${tenant}`,
    uid: `uid-${tenant}-${kind}-${number}`,
    created: `2026-01-0${variant + 1}T00:00:00Z`,
  }
  const either = <T>(even: T, odd: T): T => (variant % 2 === 0 ? even : odd)
  switch (kind) {
    case 'Tenant':
      return aTenant(tenant, {
        spec: { suspended: variant === 3 },
        status: { granted: { hostnames: grants(tenant)[number] ?? [], guaranteed: 10 * variant } },
      })
    case 'Tool':
      return aTool(
        name,
        { http: either<object>({ path: `/${variant}/{id}` }, { pathPrefix: '/all' }), retries: variant },
        at,
      )
    case 'ToolSet': {
      const spec = {
        hostname: either(`${tenant}.gw.test`, 'shared.gw.test'),
        access: either('Public', 'Subscribed'),
      }
      return aToolSet(name, ['o0', `o${variant}`].slice(0, variant === 0 ? 1 : 2), spec, at)
    }
    case 'Plan':
      return aPlan(name, [{ requests: variant + 1, per: 'Minute' }], at)
    case 'Subscription':
      return aSubscription(
        name,
        { toolSetRef: { name }, planRef: { name }, suspended: either(true, false) },
        undefined,
        at,
      )
    case 'AccessPolicy':
      return aPolicy(name, { kind: either('Tool', 'ToolSet'), name }, [{ roles: [`r${variant}`] }], at)
  }
}

function play(api: FakeApi, edit: Edit): void {
  const { name, namespace } = objectOf(edit).metadata
  if (edit.isGone) api.remove(kindInfo[edit.kind], name, namespace)
  else api.put(kindInfo[edit.kind], objectOf(edit))
}

type Plane = Awaited<ReturnType<typeof startPlane>>

/** All that Envoys and policy agents are given, whatever the way there. */
function given({ fleet, policy }: Plane) {
  const resources = [...fleet.store.groups].flatMap((group) =>
    [...fleet.store.published(group)].map(([key, { version }]) => `${group} ${key} ${version}`),
  )
  // Before anybody is guaranteed anything the pool is all there is, whether that was said or not.
  const whole = { kind: 'setPool', pool: { requests_per_unit: 1000, unit: 'SECOND' } }
  const decisions = new Map<string, unknown>([['pool', JSON.stringify(whole)]])
  for (const each of policy.operations) {
    if (each.kind === 'removeTenant') decisions.delete(each.id)
    else if (each.kind === 'upsertTenant') decisions.set(each.id, each.tenant)
    else decisions.set('pool', JSON.stringify(each))
  }
  return { resources: resources.toSorted(), decisions: Object.fromEntries([...decisions].toSorted()) }
}

test('whatever is edited, in whatever order and haste, comes to what a start from nothing gives', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 5, maxLength: 40, size: 'max' }), async (edits) => {
      const api = new FakeApi()
      for (const tenant of tenants) {
        const first = { tenant, number: 0, variant: 0, isGone: false, pauseMs: 0 } as const
        for (const kind of kinds) play(api, { ...first, kind })
      }
      const incremental = await startPlane(api)
      for (const each of edits) {
        play(api, each)
        await incremental.clock.advance(each.pauseMs)
      }
      await incremental.clock.advance(60_000)
      await incremental.control.stop()
      const scratch = await startPlane(api)
      await scratch.clock.advance(60_000)
      await scratch.control.stop()
      compared += given(scratch).resources.length
      expect(given(incremental)).toEqual(given(scratch))
    }),
    { numRuns: 10, seed: 2026 },
  )
  expect(compared).toBeGreaterThan(100)
})

test.each(kinds)('an edit of a %s among twenty tenants rebuilds one of them', async (kind) => {
  const api = new FakeApi()
  const many = Array.from({ length: 17 }, (_, index) => `t${index}`)
  for (const tenant of [...tenants, ...many]) api.put(kindInfo.Tenant, aTenant(tenant))
  const first = { tenant: 'acme', kind, number: 1, variant: 0, isGone: false, pauseMs: 0 } as const
  for (const each of kinds) if (each !== 'Tenant') play(api, { ...first, kind: each })
  const { clock, value } = await start(api)
  await clock.advance(30_000)
  const rebuilt = () => value('bulkhead_tenants_rebuilt_total')
  const before = await rebuilt()
  play(api, { ...first, variant: 1 })
  await clock.advance(30_000)
  expect((await rebuilt()) - before).toBe(1)
})
