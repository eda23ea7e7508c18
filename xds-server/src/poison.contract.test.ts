// Objects that have stopped gateways, or look as if they could, each through the whole path to a real Envoy. Each row has a
// tenant of its own with a good tool beside the poison, and all are there at once: what harmed anybody would show.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decode, encode, makeResource, TYPE_URLS } from '@bulkhead/envoy'
import type { EncodedResource } from '@bulkhead/envoy'
import { tenantId } from '@bulkhead/tenancy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aPlan, aPolicy, aSubscription, aTenant, aTool, aToolSet } from './build/testing/fixtures.ts'
import { issue } from './certificates/testing/issue.ts'
import { FakeApi } from './testing/fake-api.ts'
import { startPlane } from './testing/control-plane.ts'
import { poisons, tool } from './testing/poisons.ts'
import type { Kind, Poison } from './testing/poisons.ts'
import { readCheck } from './translate/testing/check.ts'
import { serveFleet } from './translate/testing/control-plane.ts'
import type { ServedFleet } from './translate/testing/control-plane.ts'
import { call, freePort, startEnvoy } from './translate/testing/live-envoy.ts'
import type { LiveEnvoy } from './translate/testing/live-envoy.ts'
import { startPolicyServer } from './translate/testing/policy-server.ts'
import type { PolicyServer } from './translate/testing/policy-server.ts'
import { kindInfo } from './watch/seen.ts'

const patience = { timeout: 30_000, interval: 20 }
const nobodysPort = 9
const api = new FakeApi()
let backend: Server
let edgePort: number
let policy: PolicyServer
let plane: Awaited<ReturnType<typeof startPlane>>
let served: ServedFleet
let envoy: LiveEnvoy

const nameOf = (poison: Poison): string => `p${poisons.indexOf(poison)}`
const idOf = (name: string) => tenantId(aTenant(name).metadata.uid)
let firstCluster = ''

/** A tenant with a good tool that anybody may call, and one more object of each kind, into which the poison goes. */
function put(name: string, poison?: Poison): void {
  const external = { host: '127.0.0.1', port: (backend.address() as AddressInfo).port }
  const at = (object: string, created = '2026-01-01T00:00:00Z') => {
    return { namespace: `tenant-${name}`, uid: `uid-${name}-${object}`, created }
  }
  const late = (kind: string) => at(`bad-${kind}`, '2026-02-01T00:00:00Z')
  const to = (text: string) => ({ backend: { type: 'External', external }, http: { path: text } })
  const open = { hostname: `${name}.gw.test`, access: 'Public' }
  api.put(kindInfo.Tool, aTool('good', to('/good'), at('good')))
  api.put(kindInfo.ToolSet, aToolSet('open', ['good'], open, at('open')))
  const target = { kind: 'ToolSet', name: 'bad' }
  const refs = { toolSetRef: { name: 'bad' }, planRef: { name: 'bad' } }
  const good = {
    Tool: aTool('bad', to('/bad'), late('tool')),
    ToolSet: aToolSet('bad', ['bad'], open, late('set')),
    Plan: aPlan('bad', [], late('plan')),
    AccessPolicy: aPolicy('bad', target, [], late('policy')),
    Subscription: aSubscription('bad', refs, undefined, late('subscription')),
    Tenant: aTenant(name),
  }
  for (const kind of Object.keys(good) as (keyof typeof good)[]) {
    const { spec, status } = kind === poison?.kind ? poison : {}
    const object = good[kind]
    api.put(kindInfo[kind], { ...object, spec: { ...object.spec, ...spec }, status: { ...object.status, ...status } })
  }
}

/** What `build` never lets through: below it, what a tenant publishes is made such that Envoy refuses it. */
const refusedByEnvoy = new Map<string, (resource: EncodedResource) => EncodedResource>()

function withoutTimeToConnect(resource: EncodedResource): EncodedResource {
  const { typeUrl, name, bytes } = resource
  const isNew = typeUrl === TYPE_URLS.cluster && decode('envoy.config.cluster.v3.Cluster', bytes).name !== firstCluster
  if (!isNew) return resource
  const cluster = { ...decode('envoy.config.cluster.v3.Cluster', bytes), connectTimeout: '0s' } as const
  return makeResource(typeUrl, name, encode('envoy.config.cluster.v3.Cluster', cluster))
}

const ask = (name: string, text = '/good') =>
  call(edgePort, { host: `${name}.gw.test`, path: text }).then(
    ({ status }) => status,
    (error: unknown) => String(error),
  )

function conditionOf(kind: Kind, tenant: string, type: string, name = 'bad') {
  const object = kind === 'Tenant' ? { name: tenant } : { name, namespace: `tenant-${tenant}` }
  return api.conditions(kindInfo[kind], object).find((each) => each.type === type)
}

/** Waits for the real Envoy while the control plane's clock goes on. */
async function eventually<T>(look: () => T | Promise<T>, isSo: (value: T) => boolean): Promise<void> {
  const turn = async (): Promise<string> => {
    await plane.clock.advance(250)
    const value = await look()
    return isSo(value) ? 'as it should be' : JSON.stringify(value)
  }
  await expect.poll(turn, patience).toBe('as it should be')
}

async function connect(): Promise<void> {
  envoy = await startEnvoy({ controlPlane: served, policy: policy.port, limits: nobodysPort })
  // A busy machine takes its time.
  const isLive = () => envoy.waitUntil('/ready', (body) => body.startsWith('LIVE'))
  await isLive().catch(isLive)
  await envoy.waitUntil('/listeners', (body) => body.includes('edge::'))
}

async function everybodyIsServed(): Promise<void> {
  await eventually(
    () => ask('neighbour'),
    (status) => status === 200,
  )
  for (const poison of poisons) {
    // What cannot be read at all may take its own tenant's routes along, and nothing else: they refuse, once it is known
    // who asks. On a busy machine policy may be late once.
    await eventually(
      async () => `${poison.title}: ${await ask(nameOf(poison))}`,
      (answer) => /: (200|401|500)$/.test(answer),
    )
  }
}

describe('poison', () => {
  beforeAll(async () => {
    backend = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    edgePort = await freePort()
    policy = await startPolicyServer(readCheck, { subscription: 'uid-subscription' })
    put('neighbour')
    for (const poison of poisons) put(nameOf(poison), poison)
    put('cluster')
    plane = await startPlane(api, {
      listenerPort: edgePort,
      edge: { hosts: ['*.gw.test'], ...(await issue(['*.gw.test'])) },
    })
    const { store } = plane.fleet
    const publish = store.publish.bind(store)
    store.publish = (group, resources) => publish(group, resources.map(refusedByEnvoy.get(group) ?? ((each) => each)))
    served = await serveFleet(plane.fleet)
    await connect()
  })

  afterAll(async () => {
    await envoy.stop()
    await served.stop()
    policy.stop()
    await plane.control.stop()
    backend.closeAllConnections()
    backend.close()
  })

  test.each(poisons.filter(({ told }) => told !== undefined))(
    'F-05 $title: its author is told of the field',
    async (poison) => {
      const [kind, reason, field] = poison.told ?? []
      if (kind === undefined) return
      const type = kind === 'Subscription' ? 'Programmed' : 'Accepted'
      await eventually(
        () => conditionOf(kind, nameOf(poison), type),
        (found) => found?.status === 'False' && found.reason === reason,
      )
      const message = conditionOf(kind, nameOf(poison), type)?.message
      // What cannot be read is told as the reader says it, without the place in a list.
      expect(message).toContain(reason === 'InvalidSpec' ? field?.replace(/\[.*/, '') : field)
    },
  )

  test('F-05 D-15 Envoy refuses nothing of all this, and everybody is served', async () => {
    await everybodyIsServed()
    const groups = [...plane.fleet.store.groups]
    await eventually(
      () => groups.filter((group) => plane.fleet.programmed(group).acked === 0),
      (waiting) => waiting.length === 0,
    )
    expect(groups.length).toBeGreaterThan(poisons.length)
    expect(groups.flatMap((group) => plane.fleet.programmed(group).nacked)).toEqual([])
  })

  test('F-07 what Envoy refuses all the same is blamed on its object, and everybody else goes on', async () => {
    const [cluster] = [...plane.fleet.store.published(idOf('cluster')).values()]
    firstCluster = cluster?.name ?? ''
    refusedByEnvoy.set(idOf('cluster'), withoutTimeToConnect)
    const bad = { namespace: 'tenant-cluster', uid: 'uid-cluster-bad-tool' }
    api.put(
      kindInfo.Tool,
      aTool('bad', { backend: { type: 'External', external: { host: '127.0.0.1', port: 1 } } }, bad),
    )
    await eventually(
      () => conditionOf('Tool', 'cluster', 'Programmed'),
      (found) => found?.reason === 'EnvoyRejected' && found.message.includes('ConnectTimeout'),
    )
    expect(conditionOf('Tool', 'cluster', 'Programmed', 'good')?.reason).not.toBe('EnvoyRejected')
    expect(await ask('cluster')).toBe(200)
    await everybodyIsServed()
  })

  test('F-05 F-07 then Envoy is started anew: everybody is served, who was refused from the last good', async () => {
    await envoy.stop()
    await connect()
    await everybodyIsServed()
    expect(await ask('cluster')).toBe(200)
  })

  test('F-06 what was refused is mended without a restart', async () => {
    refusedByEnvoy.clear()
    put('cluster', tool('another edit', { timeout: '4s' }, undefined))
    await eventually(
      () => ask('cluster', '/bad'),
      (status) => status === 200,
    )
    await eventually(
      () => conditionOf('Tool', 'cluster', 'Programmed')?.status,
      (status) => status === 'True',
    )
  })
})
