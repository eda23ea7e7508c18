import { TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SimulatedClient } from '../subscription/testing/simulated-client.ts'
import { Fleet } from './index.ts'
import { clusterOf, connect, endpointsOf, routesOf, scopeOf } from './testing/sample.ts'

const { cluster, endpoints, routeConfiguration, scopedRoute } = TYPE_URLS
const GROUPS = ['a', 'b', 'c'] as const

/** A group's content: which of its clusters it has, what its routes say, and whether it has its host. */
interface Content {
  readonly clusters: readonly number[]
  readonly text: number
  readonly hasHost: boolean
}

type Step =
  | { readonly kind: 'publish'; readonly group: string; readonly content: Content | undefined }
  | { readonly kind: 'receive' }
  | { readonly kind: 'answer'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'settle' }

const content = fc.record({
  clusters: fc.uniqueArray(fc.nat({ max: 2 }), { maxLength: 3 }),
  text: fc.nat({ max: 3 }),
  hasHost: fc.boolean(),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      group: fc.constantFrom(...GROUPS),
      content: fc.option(content, { nil: undefined, freq: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'receive' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 5000) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
)

function resourcesOf(group: string, wanted: Content | undefined): readonly EncodedResource[] {
  if (wanted === undefined) return []
  const names = wanted.clusters.map((each) => `${group}/c${each}`)
  const routes = routesOf(`${group}/routes`, `${wanted.text} ${names.join(' ')}`)
  const scope = wanted.hasHost ? [scopeOf(`${group}.example`, `${group}/routes`)] : []
  return [...names.flatMap((name) => [clusterOf(name), endpointsOf(name)]), routes, ...scope]
}

/** Plays a step; what is received but not yet answered stays in `open`, in order, as on a real stream. */
function play(
  fleet: Fleet,
  client: SimulatedClient,
  open: ReturnType<SimulatedClient['receive']>[number][],
  now: Step,
): void {
  if (now.kind === 'publish') fleet.store.publish(now.group, resourcesOf(now.group, now.content))
  else if (now.kind === 'receive') open.push(...client.receive())
  else if (now.kind === 'wait') client.wait(now.ms)
  else {
    for (const response of open.splice(0, now.kind === 'settle' ? open.length : now.which)) client.ack(response)
    if (now.kind === 'settle') client.follow()
  }
}

function versions(fleet: Fleet, typeUrl: EncodedResource['typeUrl']): ReadonlyMap<string, string> {
  const all = GROUPS.flatMap((group) => [...fleet.store.published(group).values()])
  return new Map(all.filter((each) => each.typeUrl === typeUrl).map(({ name, version }) => [name, version]))
}

test('F-09, F-10: whatever is published and however late the answers come, a client ends with what is published', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const fleet = new Fleet()
      fleet.store.open()
      const { client } = connect(fleet)
      client.subscribeAll()
      const open = [...client.receive()]
      for (const each of steps) play(fleet, client, open, each)
      play(fleet, client, open, { kind: 'settle' })
      client.wait(5000)
      client.follow()
      for (const typeUrl of [cluster, endpoints, scopedRoute])
        expect(new Map([...client.has(typeUrl)].sort())).toEqual(new Map([...versions(fleet, typeUrl)].sort()))
      const routes = versions(fleet, routeConfiguration)
      for (const [name, version] of client.has(routeConfiguration)) expect(version).toBe(routes.get(name))
      for (const group of GROUPS) expect(fleet.programmed(group)).toEqual({ connected: 1, acked: 1, nacked: [] })
      expect(client.receive()).toEqual([])
    }),
    { numRuns: 300 },
  )
})

// A busy machine needs more than a test has by default.
test(
  'rule 54, rule 55: routes never lead to a cluster that a client with timely answers does not have',
  { timeout: 60_000 },
  () => {
    const publish = fc.record({ kind: fc.constant('publish' as const), group: fc.constantFrom(...GROUPS), content })
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 12 }), (steps) => {
        const fleet = new Fleet()
        fleet.store.open()
        const { client } = connect(fleet)
        client.subscribeAll()
        client.follow()
        const led = new Map<string, readonly string[]>()
        for (const { group, content: wanted } of steps) {
          fleet.store.publish(group, resourcesOf(group, wanted))
          const routes = resourcesOf(group, wanted).find((each) => each.typeUrl === routeConfiguration)
          led.set(
            routes?.version ?? '',
            wanted.clusters.map((each) => `${group}/c${each}`),
          )
          // One response at a time: after each answer, all that routes lead to must be there.
          client.follow((has) => {
            for (const version of has(routeConfiguration).values())
              for (const name of led.get(version) ?? []) expect([...has(cluster).keys()]).toContain(name)
          })
        }
      }),
      { numRuns: 200 },
    )
  },
)
