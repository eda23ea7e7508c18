import { readFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { accessPolicy, kinds, plan, references, subscription, tenant, tool, toolSet } from '@bulkhead/crds'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

const folder = resolve(import.meta.dirname, '../../manifests/argocd')
const textOf = (path: string) => readFile(join(folder, path), 'utf8')
const waveAnnotation = 'argocd.argoproj.io/sync-wave'
const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({}),
})
type Manifest = z.infer<typeof manifest>

async function manifestsIn(path: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await textOf(path)).map((document) => manifest.parse(document.toJS()))
}
const waveOf = ({ metadata }: Manifest): number => Number(metadata.annotations[waveAnnotation] ?? 0)

describe('the ConfigMap', () => {
  test('holds the script that is tested and the same rules for every kind, and the health of an Application', async () => {
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(parse(await textOf('argocd-cm.yaml')))
    for (const { group, kind } of Object.values(kinds)) {
      expect(data[`resource.customizations.health.${group}_${kind}`]).toBe(await textOf('health.lua'))
      expect(parse(data[`resource.customizations.ignoreDifferences.${group}_${kind}`] ?? '')).toEqual({
        jsonPointers: ['/metadata/finalizers', '/status'],
      })
    }
    expect(data['resource.customizations.health.argoproj.io_Application']).toBe(await textOf('application.lua'))
    expect(Object.keys(data)).toHaveLength(2 * Object.keys(kinds).length + 1)
  })
})

const project = z.object({
  clusterResourceWhitelist: z.array(z.object({ kind: z.string() })),
  namespaceResourceWhitelist: z.array(z.object({ kind: z.string() })).optional(),
  destinations: z.array(z.object({ namespace: z.string() })),
})
const application = z.object({
  project: z.string(),
  destination: z.object({ namespace: z.string() }),
  syncPolicy: z.object({
    automated: z.object({ prune: z.boolean() }),
    syncOptions: z.array(z.string()),
  }),
})

describe('projects and Applications', () => {
  let all: readonly Manifest[]
  beforeAll(async () => {
    all = [...(await manifestsIn('platform.yaml')), ...(await manifestsIn('tenant.yaml'))]
  })
  const named = (kind: string, name: string): Manifest => {
    const found = all.find((each) => each.kind === kind && each.metadata.name === name)
    if (found === undefined) throw new Error(`There is no ${kind} "${name}"`)
    return found
  }

  test("a tenant's project reaches its own namespace and the kinds of its own, and no Tenant", () => {
    const spec = project.parse(named('AppProject', 'tenant-acme').spec)
    expect(spec.clusterResourceWhitelist).toEqual([])
    expect(spec.destinations).toEqual([{ namespace: 'tenant-acme' }])
    const own = Object.values(kinds).filter((kind) => kind.namespaced)
    expect((spec.namespaceResourceWhitelist ?? []).map(({ kind }) => kind).toSorted()).toEqual(
      own.map(({ kind }) => kind).toSorted(),
    )
  })

  test("only the platform's project writes Tenants", () => {
    const spec = project.parse(named('AppProject', 'bulkhead-platform').spec)
    expect(spec.clusterResourceWhitelist).toContainEqual({ kind: 'Tenant' })
  })

  test('a definition is never pruned, and a Tenant only when somebody confirms it', async () => {
    expect(application.parse(named('Application', 'bulkhead').spec).syncPolicy.automated.prune).toBe(false)
    const { automated, syncOptions } = application.parse(named('Application', 'bulkhead-tenants').spec).syncPolicy
    expect(automated.prune).toBe(true)
    expect(syncOptions).toEqual(expect.arrayContaining(['Prune=confirm', 'Delete=confirm']))
    const [example] = await manifestsIn('example/tenants/acme.yaml')
    expect(example?.metadata.annotations['argocd.argoproj.io/sync-options']).toBe('Prune=confirm,Delete=confirm')
  })

  test('every Application compares on the server, and writes by server-side apply', () => {
    for (const { kind, metadata, spec } of all) {
      if (kind !== 'Application') continue
      expect(metadata.annotations['argocd.argoproj.io/compare-options'], metadata.name).toBe('ServerSideDiff=true')
      expect(application.parse(spec).syncPolicy.syncOptions, metadata.name).toContain('ServerSideApply=true')
    }
  })

  test('projects come first, Bulkhead next, and in the last wave is everything that can be suspended or wrong', () => {
    const waves = all.map((each) => [each.kind, each.metadata.name, waveOf(each)])
    expect(waves).toEqual([
      ['AppProject', 'bulkhead-platform', -1],
      ['Application', 'bulkhead', 0],
      ['Application', 'bulkhead-tenants', 1],
      ['AppProject', 'tenant-acme', -1],
      ['Application', 'tenant-acme', 1],
    ])
  })

  test("pruning in a tenant's Application never waits for what is suspended", () => {
    expect(application.parse(named('Application', 'tenant-acme').spec).syncPolicy.syncOptions).not.toContain(
      'PruneLast=true',
    )
  })
})

const schemas: Readonly<Record<string, z.ZodType>> = {
  ...{ Tenant: tenant, Tool: tool, ToolSet: toolSet, Plan: plan, Subscription: subscription },
  AccessPolicy: accessPolicy,
}

/** Which kinds a kind names in its own namespace, by the catalogue of references. */
function namedBy(kind: string): readonly string[] {
  return Object.entries(references).flatMap(([path, { reach, names }]) => {
    if (!path.startsWith(`${kind}.`) || reach !== 'namespace') return []
    return names.replace(/^an? /, '').split(' or ')
  })
}

describe('the example', () => {
  let own: readonly Manifest[]
  beforeAll(async () => {
    const files = await readdir(join(folder, 'example/acme'))
    own = (await Promise.all(files.toSorted().map((file) => manifestsIn(`example/acme/${file}`)))).flat()
  })

  test('is right by the schema of each kind, and has each kind of a tenant', async () => {
    const all = [...own, ...(await manifestsIn('example/tenants/acme.yaml'))]
    // As the API server completes it.
    const stamp = { uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
    for (const each of all) {
      const read = schemas[each.kind]?.safeParse({ ...each, metadata: { ...each.metadata, ...stamp } })
      expect(read?.error, each.metadata.name).toBeUndefined()
    }
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(Object.values(kinds).map(({ kind }) => kind)))
  })

  test('names nothing that comes in a later wave', () => {
    const latest = (kind: string): number => Math.max(...own.filter((each) => each.kind === kind).map(waveOf))
    for (const each of own) {
      for (const kind of namedBy(each.kind).filter((name) => name in schemas)) {
        expect(latest(kind), `${each.kind} names a ${kind}`).toBeLessThanOrEqual(waveOf(each))
      }
    }
    expect(namedBy('AccessPolicy')).toEqual(['ToolSet', 'Tool'])
    expect(namedBy('Subscription')).toEqual(expect.arrayContaining(['ToolSet', 'Plan']))
  })

  test('has what can be suspended in its last wave', () => {
    const waves = own.filter(({ kind }) => kind === 'Subscription').map(waveOf)
    expect(new Set(waves)).toEqual(new Set([Math.max(...own.map(waveOf))]))
  })
})
