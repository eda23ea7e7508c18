import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { createKubeClient } from '../kubernetes/client.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import type { KubeObject } from '../kubernetes/kind.ts'
import { silentLogger } from '../logger.ts'
import { createMetrics } from '../metrics.ts'
import { startTestApiServer } from '../testing/api-server.ts'
import type { TestApiServer } from '../testing/api-server.ts'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import type { Direction, Fault } from '../testing/fault-proxy.ts'
import { superviseListWatch } from './supervise-list-watch.ts'
import type { ListWatch } from './types.ts'

// The list and watch against a real API server, over a network that misbehaves. Each case has a namespace of its own, so
// that all of them can wait at one time.
const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }
const stallMs = 3_000
const faultMs = 9_000

let server: TestApiServer
let admin: KubeClient

beforeAll(async () => {
  server = await startTestApiServer()
  admin = open(server.adminKubeconfigPath)
})

afterAll(async () => {
  admin.close()
  await server.stop()
})

function open(kubeconfigPath: string): KubeClient {
  const limits = { timeoutMs: stallMs }
  return createKubeClient({ kubeconfigPath, logger: silentLogger, clock: systemClock, limits })
}

interface Copy extends ListWatch<KubeObject> {
  /** Lists and watches that were begun so far. */
  requests(): number
}

function follow(through: KubeClient, namespace: string, signal: AbortSignal): Copy {
  let requests = 0
  const copy = superviseListWatch<KubeObject>({
    client: {
      list: (...call) => {
        requests += 1
        return through.list(...call)
      },
      watch: (...call) => {
        requests += 1
        return through.watch(...call)
      },
    },
    kind: configMaps,
    namespace,
    parse: (raw) => ({ ok: true, value: raw as KubeObject }),
    ...{ clock: systemClock, logger: silentLogger, metrics: createMetrics(), signal },
    tuning: { stallMs, backoffBaseMs: 2_000, backoffMaxMs: 4_000 },
  })
  return Object.assign(copy, { requests: () => requests })
}

const stateOf = (copy: ListWatch<KubeObject>) =>
  [...copy.store.values()].map(({ metadata, data }) => [metadata.name, metadata.resourceVersion, data]).toSorted()

async function truth(namespace: string): Promise<unknown> {
  const { items } = await admin.listAll(configMaps, { namespace })
  const objects = items as readonly KubeObject[]
  return objects.map(({ metadata, data }) => [metadata.name, metadata.resourceVersion, data]).toSorted()
}

interface Case {
  readonly title: string
  readonly fault: Fault
  readonly direction?: Direction
  /** The copy keeps up although the fault lasts. */
  readonly isSurvived?: boolean
}

const cases: readonly Case[] = [
  { title: 'F-19 the network is cut', fault: { kind: 'cut' } },
  { title: 'F-19 connections are reset', fault: { kind: 'reset' } },
  { title: 'F-19 connections are accepted and nothing passes', fault: { kind: 'stall' } },
  { title: 'F-21 the open connection is half open', fault: { kind: 'half-open' }, isSurvived: true },
  { title: 'F-21 what the server says does not arrive', fault: { kind: 'stall' }, direction: 'toClient' },
  { title: 'F-21 what the client says does not arrive', fault: { kind: 'stall' }, direction: 'toServer' },
  {
    title: 'F-21 the server can be heard at 4 KiB/s only',
    fault: { kind: 'slow', bytesPerSecond: 4_096 },
    direction: 'toClient',
    isSurvived: true,
  },
  {
    title: 'F-21 garbage comes before every answer',
    fault: { kind: 'garbage', bytes: 'x\r\n' },
    direction: 'toClient',
  },
  {
    title: 'F-21 garbage comes before every request',
    fault: { kind: 'garbage', bytes: 'x\r\n' },
    direction: 'toServer',
  },
  { title: 'F-21 answers are broken off', fault: { kind: 'truncate', afterBytes: 50 }, direction: 'toClient' },
]

test.concurrent.for(cases.map((one, index) => ({ ...one, index })))(
  '$title: at most one request a second, and after it the copy is what the API server has',
  async ({ fault, direction, isSurvived = false, index }, { expect }) => {
    const namespace = `network-${index}`
    const object = (name: string, value: string): KubeObject => ({ metadata: { name, namespace }, data: { value } })
    await admin.create(namespaces, { metadata: { name: namespace } })
    for (const name of ['changes', 'goes', 'stays']) await admin.create(configMaps, object(name, 'before'))
    const proxy = await startFaultProxy(server.url)
    const through = open(await proxy.kubeconfig(server.adminKubeconfigPath))
    const stop = new AbortController()
    const copy = follow(through, namespace, stop.signal)
    await copy.synced
    expect(stateOf(copy)).toEqual(await truth(namespace))

    const isMended = async (): Promise<boolean> =>
      JSON.stringify(stateOf(copy)) === JSON.stringify(await truth(namespace))
    const before = copy.requests()
    proxy.set(fault, direction)
    await admin.patch(
      { kind: configMaps, namespace, name: 'changes' },
      { type: 'merge', body: { data: { value: 'after' } } },
    )
    await admin.delete({ kind: configMaps, namespace, name: 'goes' })
    await admin.create(configMaps, object('comes', 'after'))
    if (isSurvived) await expect.poll(isMended, { timeout: 30_000, interval: 100 }).toBe(true)
    else await sleep(faultMs)
    expect(copy.requests() - before).toBeLessThanOrEqual(faultMs / 1_000)
    proxy.set({ kind: 'pass' })
    await expect.poll(isMended, { timeout: 30_000, interval: 100 }).toBe(true)
    await admin.create(configMaps, object('later', 'after'))
    await expect.poll(isMended, { timeout: 30_000, interval: 100 }).toBe(true)
    stop.abort(new Error('the test is over'))
    await copy.stopped
    through.close()
    await proxy.stop()
  },
)
