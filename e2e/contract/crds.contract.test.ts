import { customResourceDefinitions, kinds, type KindInfo } from '@bulkhead/crds'
import {
  createKubeClient,
  KubeFault,
  silentLogger,
  systemClock,
  type KubeClient,
  type KubeKind,
} from '@bulkhead/runtime'
import { startTestApiServer, type TestApiServer } from '@bulkhead/runtime/testing-api-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { join, resolve } from 'node:path'
import { eventually } from '../world/eventually.ts'
import { createKubectl } from '../world/kubectl.ts'
import { inNamespace, tenant, type Manifest } from '../world/objects.ts'

const definitionKind: KubeKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

let server: TestApiServer
let kube: KubeClient
const objects = inNamespace('default')

beforeAll(async () => {
  server = await startTestApiServer()
  kube = createKubeClient({ kubeconfigPath: server.adminKubeconfigPath, logger: silentLogger, clock: systemClock })
  for (const definition of customResourceDefinitions()) await kube.create(definitionKind, { ...definition })
  // A kind answers a moment after its definition was taken; until then its objects are refused as unknown.
  for (const kind of Object.values(kinds)) await eventually(() => kube.list(kind))
})
afterAll(async () => {
  kube.close()
  await server.stop()
})

const kindOf = (manifest: Manifest): KindInfo => {
  const found = Object.values(kinds).find((kind) => kind.kind === manifest.kind)
  if (found === undefined) throw new Error(`No kind ${manifest.kind}`)
  return found
}
const create = (manifest: Manifest) => eventually(() => kube.create(kindOf(manifest), { ...manifest }))

async function refusal(manifest: Manifest): Promise<string> {
  const fault: unknown = await kube.create(kindOf(manifest), { ...manifest }).catch((error: unknown) => error)
  return fault instanceof KubeFault ? fault.message : `not refused: ${JSON.stringify(fault)}`
}

test('every definition is accepted, CEL rules and all, and becomes established', async () => {
  for (const definition of customResourceDefinitions()) {
    const seen = await kube.get({ kind: definitionKind, name: definition.metadata.name })
    expect(JSON.stringify(seen['status'])).toMatch(
      /"type":"Established","status":"True"|"status":"True","type":"Established"/,
    )
  }
})

test('an object that nobody has looked at does not look finished', async () => {
  const made = await create(tenant('fresh'))
  expect(made['status']).toEqual({ observedGeneration: -1 })
})

test('each kind takes a plain object and fills in its defaults', async () => {
  const made = [
    await create(objects.tool('orders', 8080)),
    await create(objects.toolSet('api', 'acme.gw.test', ['orders'])),
    await create(objects.plan('standard', { limits: [{ requests: 5, per: 'Minute' }] })),
    await create(objects.subscription('app', 'api', 'standard')),
    await create(objects.accessPolicy('policy', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'] }])),
  ]
  expect(made[0]?.['spec']).toMatchObject({ timeout: '15s', retries: 0, circuitBreaker: { maxConnections: 100 } })
  expect(made[1]?.['spec']).toMatchObject({ access: 'Subscribed', basePath: '/' })
})

describe('what the API server itself refuses, by the name of the field', () => {
  const tool = (spec: object) => objects.tool('wrong', 8080, { ...spec })
  const external = (fields: object) => ({
    backend: { type: 'External', external: { host: 'a.test', port: 80, ...fields } },
  })
  test.each<readonly [string, Manifest]>([
    ['metadata.name', tenant('dotted.name')],
    ['metadata.name', tenant('a'.repeat(41))],
    ['spec.identity.realm.accessTokenLifetime', tenant('long', { identity: { realm: { accessTokenLifetime: '2h' } } })],
    ['spec.limits.requestsPerSecond', tenant('much', { limits: { requestsPerSecond: { guaranteed: 2, ceiling: 1 } } })],
    ['spec.admins[0]', tenant('nobody', { admins: [{ kind: 'ServiceAccount', name: 'a' }] })],
    ['spec.network.egress[0].cidr', tenant('egress', { network: { egress: [{ cidr: 'everywhere', ports: [443] }] } })],
    ['spec.backend.external.port', tool(external({ port: 65_536 }))],
    ['spec.backend.external.host', tool(external({ host: 'user@a.test' }))],
    ['spec.backend', tool({ backend: { type: 'Service' } })],
    ['spec.http', tool({ http: { path: '/a', pathPrefix: '/b' } })],
    ['spec.http', tool({ http: { path: '/a/../b' } })],
    ['spec.http.path', tool({ http: { path: '/a?b' } })],
    ['spec.http.path', tool({ http: { path: '/%2e%2e' } })],
    ['spec.timeout', tool({ timeout: '1h' })],
    ['spec.retries', tool({ retries: 99 })],
    ['spec.tools', objects.toolSet('none', 'a.gw.test', [])],
    ['spec.tools[1]', objects.toolSet('twice', 'a.gw.test', ['a', 'a'])],
    ['spec.basePath', objects.toolSet('base', 'a.gw.test', ['a'], { basePath: '/a/../b' })],
    ['spec.limits[0].requests', objects.plan('negative', { limits: [{ requests: -1, per: 'Minute' }] })],
    ['spec.limits[0].per', objects.plan('eon', { limits: [{ requests: 1, per: 'Eon' }] })],
    [
      'spec.limits[1]',
      objects.plan('double', {
        limits: [
          { requests: 1, per: 'Hour' },
          { requests: 2, per: 'Hour' },
        ],
      }),
    ],
    ['spec.targetRef.kind', objects.accessPolicy('kind', { kind: 'Tenant' as 'Tool', name: 'a' }, [])],
  ])('S-107 S-127 %s', async (field, manifest) => {
    expect(await refusal(manifest)).toContain(field)
  })
})

test.each(['toolSetRef', 'planRef', 'credentials'])('%s of a subscription cannot be changed', async (field) => {
  const name = `fixed-${field.toLowerCase()}`
  await create(objects.subscription(name, 'api', 'standard'))
  const value = field === 'credentials' ? { type: 'OAuth2', secretName: 'other' } : { name: 'other' }
  const ref = { kind: kinds.subscription, namespace: 'default', name }
  const fault: unknown = await kube
    .patch(ref, { type: 'merge', body: { spec: { [field]: value } } })
    .catch((error: unknown) => error)
  expect(String(fault)).toContain('immutable')
})

describe('what kubectl prints', () => {
  const kubectl = () =>
    createKubectl(join(resolve(import.meta.dirname, '../..'), '.tools/bin/kubectl'), server.adminKubeconfigPath)
  const conditions = [
    { type: 'Ready', status: 'False', reason: 'NoDataPlane', message: 'no Envoy is connected' },
    { type: 'Programmed', status: 'Unknown', reason: 'NoDataPlane', message: '' },
  ].map((one) => ({ ...one, observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' }))
  const granted = { hostnames: ['a.example', 'b.example'] }
  const own: Readonly<Record<string, object>> = {
    Tenant: { namespace: 'tenant-shown', granted, dataPlane: { programmed: 2, total: 3 } },
  }

  test.each<readonly [string, Manifest, readonly string[], readonly string[]]>([
    [
      'NAME READY REASON NAMESPACE PROGRAMMED AGE',
      tenant('shown'),
      ['shown', 'False', 'NoDataPlane', 'tenant-shown', 'Unknown'],
      ['HOSTS', 'SUSPENDED', 'ENVOYS', 'MESSAGE', 'a.example', 'no Envoy is connected'],
    ],
    [
      'NAME READY REASON BACKEND AGE',
      objects.tool('shown', 8080),
      ['shown', 'False', 'NoDataPlane', 'External'],
      ['PATH', 'PREFIX', 'PROGRAMMED', 'MESSAGE', '/shown'],
    ],
    [
      'NAME READY REASON HOST PATH ACCESS AGE',
      objects.toolSet('shown', 'acme.gw.test', ['orders']),
      ['shown', 'False', 'NoDataPlane', 'acme.gw.test', '/', 'Subscribed'],
      ['TOOLS', 'PROGRAMMED', 'MESSAGE', 'orders'],
    ],
    [
      'NAME READY REASON LIMITS PER AGE',
      objects.plan('shown', { limits: [{ requests: 5, per: 'Minute' }], roles: ['reader'] }),
      ['shown', 'False', 'NoDataPlane', '5', 'Minute'],
      ['ROLES', 'PROGRAMMED', 'MESSAGE', 'reader'],
    ],
    [
      'NAME READY REASON TOOLSET PLAN AGE',
      objects.subscription('shown', 'api', 'standard'),
      ['shown', 'False', 'NoDataPlane', 'api', 'standard'],
      ['SECRET', 'EXPIRES', 'PROGRAMMED', 'MESSAGE', 'shown-credentials'],
    ],
    [
      'NAME READY REASON TARGET AGE',
      objects.accessPolicy('shown', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'] }]),
      ['shown', 'False', 'NoDataPlane', 'api'],
      ['KIND', 'PROGRAMMED', 'MESSAGE', 'ToolSet'],
    ],
  ])('%s', async (columns, manifest, values, wide) => {
    const kind = kindOf(manifest)
    await create(manifest)
    const status = { ...own[kind.kind], observedGeneration: 1, conditions }
    await kube.applyStatus(kind, { metadata: manifest.metadata, status }, { fieldManager: 'test', force: true })
    const get = ['get', kind.plural, '-n', 'default', 'shown']
    const [header = '', row = ''] = (await kubectl().run(get)).split('\n')
    expect(header.trim().split(/\s+/)).toEqual(columns.split(' '))
    expect(row.trim().split(/\s+/).slice(0, -1)).toEqual(values)
    const asWide = await kubectl().run([...get, '-o', 'wide'])
    for (const text of wide) expect(asWide).toContain(text)
  })
})
