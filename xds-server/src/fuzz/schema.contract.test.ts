import { customResourceDefinitions, kinds } from '@bulkhead/crds'
import { createKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import { startTestApiServer } from '@bulkhead/runtime/testing-api-server'
import type { TestApiServer } from '@bulkhead/runtime/testing-api-server'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { anyTenant } from './objects.ts'
import type { Kind, RawObject } from './objects.ts'

const definitionKind: KubeKind = {
  ...{ group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
  ...{ kind: 'CustomResourceDefinition', namespaced: false },
}
const kindOf: Readonly<Record<Kind, KubeKind>> = {
  ...{ Tenant: kinds.tenant, Tool: kinds.tool, ToolSet: kinds.toolSet },
  ...{ Plan: kinds.plan, Subscription: kinds.subscription, AccessPolicy: kinds.accessPolicy },
}

let api: TestApiServer
let admin: KubeClient
let made = 0

beforeAll(async () => {
  api = await startTestApiServer()
  admin = createKubeClient({ kubeconfigPath: api.adminKubeconfigPath, logger: silentLogger, clock: systemClock })
  for (const definition of customResourceDefinitions()) await admin.create(definitionKind, { ...definition })
  await vi.waitFor(() => Promise.all(Object.values(kindOf).map((kind) => admin.list(kind))), { timeout: 30_000 })
})
afterAll(async () => {
  admin.close()
  await api.stop()
})

/** What the API server says against an object; undefined when it takes it. */
async function refusalOf({ kind, spec }: Pick<RawObject, 'kind' | 'spec'>): Promise<string | undefined> {
  made += 1
  const namespace = kind === 'Tenant' ? undefined : 'default'
  const object = { metadata: { name: `made-${made}`, namespace }, spec }
  return admin.create(kindOf[kind], object).then(
    () => undefined,
    (refusal: unknown) => `${kind} ${JSON.stringify(spec)}: ${String(refusal)}`,
  )
}

test('every object that is made by the schema is one that the API server takes', async () => {
  const tenants = fc.sample(anyTenant('a'), { numRuns: 20, seed: 2026 })
  const objects = tenants.flatMap(({ tenant, objects: others }) => [tenant, ...others])
  const refused: (string | undefined)[] = []
  for (const object of objects) refused.push(await refusalOf(object))
  expect(refused.filter((each) => each !== undefined)).toEqual([])
  expect(new Set(objects.map(({ kind }) => kind)).size).toBe(Object.keys(kindOf).length)
})

test('an object that breaks the schema or a rule is refused there', async () => {
  for (const kind of Object.keys(kindOf) as Kind[]) expect(await refusalOf({ kind, spec: 7 }), kind).toBeDefined()
  const backend = { service: { name: 'a', port: 80 }, external: { host: 'a.example', port: 443 } }
  expect(await refusalOf({ kind: 'Tool', spec: { route: { path: '/a' }, backend } })).toBeDefined()
})
