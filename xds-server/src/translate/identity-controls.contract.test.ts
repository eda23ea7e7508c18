import { decode, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { realmOf } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { settings, tenant } from './testing/models.ts'
import { startRig } from './testing/rig.ts'
import type { Rig, RigOptions } from './testing/rig.ts'

// Negative controls: each wall of an identity host is taken down, and what it keeps out comes in. So the tests that
// find nothing to come in can fail.
const host = 'id.gw.test'
const [acme, globex] = [realmOf(tenant('acme')), realmOf(tenant('globex'))]
const routesType = 'envoy.config.route.v3.RouteConfiguration'

// Buckets that hold a burst and are hardly filled again, however slow the machine is.
const identity = { ...settings.identity, realmRequestsPerSecond: 1, otherRequestsPerSecond: 1 }

const mint = (rig: Rig, realm: string) =>
  rig.call({ host, path: `/realms/${realm}/protocol/openid-connect/token`, method: 'POST' })

async function withRig(options: RigOptions, work: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(() => [], { fleet: { sourceRequestsPerSecond: 10_000, identity }, ...options })
  try {
    await work(rig)
  } finally {
    await rig.stop()
  }
}

/** Sends whatever no route of the list takes to the provider too. */
function withoutClosedList(resource: EncodedResource): EncodedResource {
  if (resource.typeUrl !== TYPE_URLS.routeConfiguration) return resource
  const { virtualHosts = [], ...routes } = decode(routesType, resource.bytes)
  const opened = virtualHosts.map(({ routes: all = [], ...rest }) => {
    const forward = all.find(({ route }) => route !== undefined)
    const others = all.map((one) =>
      one.match?.prefix === '/' && one === all.at(-1) ? { ...forward, match: one.match } : one,
    )
    return { ...rest, routes: others }
  })
  return makeResource(resource.typeUrl, resource.name, encode(routesType, { ...routes, virtualHosts: opened }))
}

test('S-178 without the closed list the administration would be served, so a 404 there says something', async () => {
  const admin = (rig: Rig) => rig.call({ host, path: `/admin/realms/${acme}/users` })
  await withRig({ realms: [acme] }, async (rig) => {
    expect([(await mint(rig, acme)).status, (await admin(rig)).status]).toEqual([200, 404])
  })
  await withRig({ realms: [acme], edit: withoutClosedList }, async (rig) => {
    expect((await admin(rig)).status).toBe(200)
    expect(rig.seen.at(-1)?.url).toBe(`/admin/realms/${acme}/users`)
  })
})

test("S-179 without limits of their own one realm's flood would take another's tokens", async () => {
  const flood = async (rig: Rig) => {
    expect((await mint(rig, globex)).status).toBe(200)
    await Promise.all(Array.from({ length: 150 }, () => mint(rig, acme)))
    const answers = await Promise.all(Array.from({ length: 20 }, () => mint(rig, globex)))
    return answers.filter(({ status }) => status === 429).length
  }
  await withRig({ realms: [acme, globex] }, async (rig) => expect(await flood(rig)).toBe(0))
  await withRig({ realms: [] }, async (rig) => expect(await flood(rig)).toBeGreaterThan(0))
})
