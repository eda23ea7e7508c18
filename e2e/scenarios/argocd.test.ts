import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { eventually } from '../world/eventually.ts'
import { createOrganisation, type Organisation } from '../world/organisation.ts'
import { judgeStatuses } from '../world/status-judge.ts'
import { openScenario, type Scenario } from './scenario.ts'

// The example of manifests/argocd, applied as Argo CD does it: by server-side apply with its field manager, wave by wave,
// each wave waited for until the shipped script calls every object of it Healthy.
const folder = resolve(import.meta.dirname, '../../manifests/argocd')
const metadata = z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) })
const manifest = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata, spec: z.looseObject({}) })
type Manifest = z.infer<typeof manifest>

let scenario: Scenario
let acme: Organisation
/** What the repository holds. */
let repository: readonly Manifest[]

beforeAll(async () => {
  scenario = await openScenario()
  acme = await createOrganisation(scenario.name('acme'), scenario)
  const files = ['apis.yaml', 'subscriptions.yaml'].map((file) => readFile(join(folder, 'example/acme', file), 'utf8'))
  const documents = (await Promise.all(files)).flatMap((text) => parseAllDocuments(text))
  repository = documents.map((document) => onPlatform(manifest.parse(document.toJS())))
})
afterAll(() => scenario.close(acme))

/** With a host and a backend that are there. */
function onPlatform(each: Manifest): Manifest {
  const external = { type: 'External', external: { host: '127.0.0.1', port: acme.backend.port } }
  const changed: Readonly<Record<string, object>> = { Tool: { backend: external }, ToolSet: { hostname: acme.host } }
  return {
    ...each,
    metadata: { ...each.metadata, namespace: acme.namespace },
    spec: { ...each.spec, ...changed[each.kind] },
  }
}

const waveOf = (each: Manifest): number => Number(each.metadata.annotations['argocd.argoproj.io/sync-wave'] ?? 0)
const waves = (): readonly number[] => [...new Set(repository.map(waveOf))].toSorted((a, b) => a - b)
const inWave = (wave: number): readonly Manifest[] => repository.filter((each) => waveOf(each) === wave)

const asArgo = ['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', '-f', '-']
const textOf = (objects: readonly Manifest[]): string => objects.map((each) => JSON.stringify(each)).join('\n---\n')
const applyWave = (wave: number): Promise<string> => scenario.kubectl.run(asArgo, { stdin: textOf(inWave(wave)) })

const listed = z.object({ items: z.array(manifest) })
async function live(objects: readonly Manifest[]): Promise<readonly Manifest[]> {
  const names = objects.map((each) => `${each.kind.toLowerCase()}/${each.metadata.name}`)
  const read = await scenario.kubectl.read(['get', '-n', acme.namespace, ...names])
  const list = listed.safeParse(read)
  return list.success ? list.data.items : [manifest.parse(read)]
}
const healthOf = async (wave: number): Promise<readonly string[]> =>
  (await judgeStatuses(await live(inWave(wave)))).map((judged) => judged.argo.status)

/** Syncs as Argo CD does: the last wave is not waited for. */
async function sync(): Promise<void> {
  for (const wave of waves()) {
    await applyWave(wave)
    if (wave === waves().at(-1)) return
    await eventually(async () => expect(new Set(await healthOf(wave))).toEqual(new Set(['Healthy'])), {
      timeoutMs: 60_000,
      what: `wave ${wave}`,
    })
  }
}

const ignoreRules = z.object({ data: z.record(z.string(), z.string()) })

/** An object without what the ConfigMap tells Argo CD to ignore, and without what it always ignores. */
async function compared(each: Manifest): Promise<unknown> {
  const { data } = ignoreRules.parse(parse(await readFile(join(folder, 'argocd-cm.yaml'), 'utf8')))
  const rules = parse(data[`resource.customizations.ignoreDifferences.bulkhead.dev_${each.kind}`] ?? '') as unknown
  const { jsonPointers } = z.object({ jsonPointers: z.array(z.string()) }).parse(rules)
  const always = ['/metadata/managedFields', '/metadata/resourceVersion', '/metadata/generation']
  return [...jsonPointers, ...always].reduce((rest, pointer) => without(rest, pointer.split('/').slice(1)), each)
}

function without<T extends object>(object: T, [key = '', ...rest]: readonly string[]): T {
  const { [key]: inner, ...others } = object as Record<string, unknown>
  if (rest.length === 0 || typeof inner !== 'object' || inner === null) return others as T
  return { ...others, [key]: without(inner, rest) } as T
}

/** The objects that Argo CD calls OutOfSync, by its server-side diff. */
async function outOfSync(): Promise<readonly string[]> {
  const dryRun = [...asArgo, '--dry-run=server', '-o', 'json']
  const names: string[] = []
  for (const [index, now] of (await live(repository)).entries()) {
    const wanted = repository[index]!
    const predicted = await scenario.kubectl.run(dryRun, { stdin: textOf([wanted]) })
    const after = await compared(manifest.parse(JSON.parse(predicted)))
    if (JSON.stringify(after) !== JSON.stringify(await compared(now))) names.push(wanted.metadata.name)
  }
  return names
}

describe('an Application of a tenant', () => {
  test('is applied wave by wave, each of which becomes Healthy, and the API answers', async () => {
    expect(waves()).toEqual([0, 1, 2])
    await sync()
    await eventually(async () => expect(await healthOf(2)).toEqual(['Healthy']), { timeoutMs: 60_000 })
    const answer = await acme.send({ path: '/v1/orders/1', token: await eventually(() => acme.token('shop')) })
    expect(answer.status).toBe(200)
  })

  test('is in sync: what we write, and what the API server fills in, is no difference', async () => {
    expect(await outOfSync()).toEqual([])
    const [written] = await live(repository.filter(({ kind }) => kind === 'Subscription'))
    expect(written).toMatchObject({ metadata: { finalizers: [expect.stringContaining('bulkhead.dev/')] } })
  })

  test('is out of sync when somebody edits an object by hand, and the next sync mends it', async () => {
    const byHand = { spec: { http: { pathPrefix: '/mine' } } }
    await scenario.kubectl.run([
      ...['patch', 'tool', 'orders', '-n', acme.namespace, '--type', 'merge', '-p', JSON.stringify(byHand)],
    ])
    expect(await outOfSync()).toEqual(['orders'])
    await sync()
    await eventually(async () => expect(await healthOf(0)).toEqual(['Healthy', 'Healthy']))
    const [tool] = await live(repository.filter(({ kind }) => kind === 'Tool'))
    expect(tool).toMatchObject({ spec: { http: { pathPrefix: '/orders' } } })
  })

  test('with a suspended Subscription is synced all the same: it stands in the last wave', async () => {
    const before = repository
    repository = before.map((each) =>
      each.kind === 'Subscription' ? { ...each, spec: { ...each.spec, suspended: true } } : each,
    )
    await sync()
    await eventually(async () => expect(await healthOf(2)).toEqual(['Suspended']))
    await sync()
    expect(await outOfSync()).toEqual([])
    repository = before
    await sync()
    await eventually(async () => expect(await healthOf(2)).toEqual(['Healthy']), { timeoutMs: 60_000 })
  })

  test('of a suspended Tenant is Healthy and can be synced', async () => {
    const suspend = async (suspended: boolean): Promise<void> => {
      const spec = JSON.stringify({ spec: { suspended } })
      await scenario.kubectl.run(['patch', 'tenant', acme.name, '--type', 'merge', '-p', spec])
    }
    await suspend(true)
    const isShut = ['wait', '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Suspended']
    await scenario.kubectl.run([...isShut, '--timeout=60s', `tenant/${acme.name}`])
    await sync()
    expect(await outOfSync()).toEqual([])
    await suspend(false)
    await scenario.kubectl.run(['wait', '--for=condition=Ready', '--timeout=60s', `tenant/${acme.name}`])
  })

  test('that loses everything is pruned from the last wave to the first', async () => {
    for (const wave of waves().toReversed()) {
      const names = inWave(wave).map((each) => `${each.kind.toLowerCase()}/${each.metadata.name}`)
      await scenario.kubectl.run(['delete', '-n', acme.namespace, '--timeout=60s', ...names])
    }
    const own = 'tools,toolsets,plans,accesspolicies,subscriptions'
    const left = await scenario.kubectl.run(['get', own, '-n', acme.namespace, '-o', 'name'])
    expect(left).toBe('')
  })
})
