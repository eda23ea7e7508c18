// The control plane against a real API server, with the account and the rights that are shipped.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { customResourceDefinitions } from '@bulkhead/crds'
import { TYPE_URLS } from '@bulkhead/envoy'
import { createKubeClient, createMetrics, isForbidden, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeBody, KubeClient, KubeKind, KubeObject, MetricsRegistry } from '@bulkhead/runtime'
import { startTestApiServer } from '@bulkhead/runtime/testing-api-server'
import type { TestApiServer } from '@bulkhead/runtime/testing-api-server'
import { audienceOf, tenantId } from '@bulkhead/tenancy'
import { connect } from '@bulkhead/xds/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { jwks, settings } from './build/testing/fixtures.ts'
import { lintedFleet } from './lint/testing/linted.ts'
import { startControlPlane } from './server.ts'
import type { ControlPlane } from './server.ts'
import { FakePolicy } from './testing/fake-policy.ts'
import { settings as fleetSettings } from './translate/testing/models.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant, Tool, ToolSet } = kindInfo
const group = (name: string, kind: string, plural: string, namespaced: boolean): KubeKind => ({
  ...{ group: name, version: 'v1', kind, plural, namespaced },
})
const rbac = 'rbac.authorization.k8s.io'
const manifestKinds: readonly KubeKind[] = [
  group(rbac, 'ClusterRole', 'clusterroles', false),
  group(rbac, 'ClusterRoleBinding', 'clusterrolebindings', false),
  group('', 'ServiceAccount', 'serviceaccounts', true),
]
const namespaceKind = group('', 'Namespace', 'namespaces', false)
const crdKind = group('apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions', false)
const eventKind = group('', 'Event', 'events', true)

const fleet = lintedFleet()
const policy = new FakePolicy()
let api: TestApiServer
let admin: KubeClient
let ours: KubeClient
let control: ControlPlane
let metrics: MetricsRegistry

async function eventually<T>(attempt: () => Promise<T> | T, isDone: (value: T) => boolean = () => true): Promise<T> {
  let last: unknown
  for (let turn = 0; turn < 200; turn += 1) {
    try {
      const value = await attempt()
      if (isDone(value)) return value
      last = value
    } catch (error) {
      last = error
    }
    await sleep(50)
  }
  throw new Error('It did not happen', { cause: last })
}

async function applyManifest(file: string): Promise<void> {
  const path = join(import.meta.dirname, '..', '..', 'manifests', 'rbac', file)
  for (const document of parseAllDocuments(await readFile(path, 'utf8'))) {
    const { kind, apiVersion: _, ...body } = z.looseObject({ kind: z.string() }).parse(document.toJS())
    const found = manifestKinds.find((each) => each.kind === kind)
    if (found === undefined) throw new Error(`No kind ${kind}`)
    await admin.create(found, z.custom<KubeBody>().parse(body))
  }
}

async function makeTenant(name: string): Promise<void> {
  const limits = { requestsPerSecond: { guaranteed: 10, ceiling: 20 } }
  const made = await eventually(() => admin.create(Tenant, { metadata: { name }, spec: { displayName: name, limits } }))
  const uid = made.metadata.uid ?? ''
  const id = tenantId(uid)
  const realm = `${name}-${id}`
  const judged = (type: string) => ({ type, status: 'True', observedGeneration: 1, reason: type, message: '' })
  const conditions = ['Granted', 'IdentityReady'].map((type) => ({
    ...judged(type),
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }))
  const status = {
    observedGeneration: 1,
    namespace: `tenant-${name}`,
    id,
    granted: { hostnames: [`${name}.gw.test`], guaranteed: 10 },
    identity: { issuer: `https://idp.test/realms/${realm}`, audience: audienceOf(id), realm, jwks },
    conditions,
  }
  await admin.create(namespaceKind, { metadata: { name: `tenant-${name}` } })
  await admin.applyStatus(Tenant, { metadata: { name }, status }, { fieldManager: 'bulkhead-operator', force: true })
}

const tool = (namespace: string, name: string, host = '203.0.113.7'): KubeBody => ({
  metadata: { name, namespace },
  spec: { backend: { type: 'External', external: { host, port: 80 } }, http: { methods: ['GET'], path: `/${name}` } },
})
const toolSet = (namespace: string, hostname: string, tools: readonly string[]): KubeBody => ({
  metadata: { name: 'api', namespace },
  spec: { hostname, tools },
})

const conditionsSchema = z.object({
  conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() })).default([]),
})
async function conditionOf(kind: KubeKind, name: string, namespace: string | undefined, type: string): Promise<string> {
  const object: KubeObject = await admin.get({ kind, name, namespace })
  const found = conditionsSchema.parse(object['status']).conditions.find((condition) => condition.type === type)
  return found === undefined ? '' : `${found.status}/${found.reason}`
}

async function rebuilt(): Promise<number> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith('bulkhead_tenants_rebuilt_total '))
  return Number(line?.split(' ')[1])
}

beforeAll(async () => {
  const account = 'system:serviceaccount:bulkhead-system:bulkhead-xds-server'
  api = await startTestApiServer({ user: account })
  const access = { logger: silentLogger, clock: systemClock }
  admin = createKubeClient({ kubeconfigPath: api.adminKubeconfigPath, ...access })
  ours = createKubeClient({ kubeconfigPath: api.kubeconfigPath, ...access })
  for (const definition of customResourceDefinitions()) await admin.create(crdKind, { ...definition })
  for (const kind of Object.values(kindInfo)) await eventually(() => admin.list(kind))
  await admin.create(namespaceKind, { metadata: { name: 'bulkhead-system' } })
  await applyManifest('xds-server.yaml')
  for (const name of ['acme', 'globex']) {
    await makeTenant(name)
    await eventually(() => admin.create(Tool, tool(`tenant-${name}`, 'pets')))
    await admin.create(ToolSet, toolSet(`tenant-${name}`, `${name}.gw.test`, ['pets']))
  }
  metrics = createMetrics()
  control = startControlPlane({
    ...{ client: ours, fleet, policy, metrics, ...access, random: Math.random },
    lookUp: () => Promise.reject(new Error('no name service here')),
    buildSettings: settings,
    fleetSettings: { ...fleetSettings, capacityRequestsPerSecond: 1000 },
    certificates: () => [],
  })
  await control.open
})

afterAll(async () => {
  await control.stop()
  ours.close()
  admin.close()
  await api.stop()
})

test('both tenants are published from what the API server holds', () => {
  expect([...fleet.store.names(TYPE_URLS.scopedRoute)].sort()).toEqual(['acme.gw.test', 'globex.gw.test'])
  expect([...fleet.store.names(TYPE_URLS.routeConfiguration)]).toHaveLength(2)
})

test('statuses are written with the rights that are shipped, and by nobody else', async () => {
  await eventually(
    () => conditionOf(ToolSet, 'api', 'tenant-acme', 'Programmed'),
    (text) => text === 'False/NoDataPlane',
  )
  await eventually(
    () => conditionOf(Tenant, 'acme', undefined, 'Programmed'),
    (text) => text === 'False/NoDataPlane',
  )
  // The operator's conditions of the same object stay the operator's.
  expect(await conditionOf(Tenant, 'acme', undefined, 'Granted')).toBe('True/Granted')
})

test('an Envoy that accepts makes the objects ready, and an Event says so', async () => {
  const { client } = connect(fleet)
  client.subscribeAll()
  client.follow()
  policy.takeUp()
  await eventually(
    () => conditionOf(ToolSet, 'api', 'tenant-acme', 'Ready'),
    (text) => text === 'True/Ready',
  )
  await eventually(
    () => conditionOf(Tenant, 'globex', undefined, 'Programmed'),
    (text) => text === 'True/Programmed',
  )
  const { items } = await eventually(
    () => admin.list(eventKind, { namespace: 'tenant-acme' }),
    (page) => JSON.stringify(page.items).includes('"reason":"Ready"'),
  )
  expect(JSON.stringify(items)).not.toContain('globex')
})

test('a broken object changes nothing for the other tenant, and an edit builds one tenant', async () => {
  const [before, count] = [[...fleet.store.names(TYPE_URLS.cluster)], await rebuilt()]
  await admin.create(Tool, tool('tenant-acme', 'inside', '169.254.169.254'))
  await eventually(
    () => conditionOf(Tool, 'inside', 'tenant-acme', 'Accepted'),
    (text) => text === 'False/BackendNotAllowed',
  )
  expect([...fleet.store.names(TYPE_URLS.cluster)]).toEqual(before)
  expect((await rebuilt()) - count).toBe(1)
})

test('the account may not read a Secret or change a spec', async () => {
  const secrets = group('', 'Secret', 'secrets', true)
  await expect(ours.list(secrets)).rejects.toSatisfy(isForbidden)
  const patch = { type: 'merge', body: { spec: { retries: 3 } } } as const
  const ref = { kind: Tool, name: 'pets', namespace: 'tenant-acme' }
  await expect(ours.patch(ref, patch)).rejects.toSatisfy(isForbidden)
})
