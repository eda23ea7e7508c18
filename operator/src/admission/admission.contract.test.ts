import { kinds } from '@bulkhead/crds'
import { KubeFault, isForbidden } from '@bulkhead/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namespaceKind, secretKind } from '../kubernetes/kinds.ts'
import { startCluster } from '../testing/cluster.ts'
import type { Cluster } from '../testing/cluster.ts'
import { applyManifests, readManifests } from '../testing/manifests.ts'
import type { Case } from './case.ts'
import { operatorCases } from './operator-cases.ts'
import { configMapKind, endpointSliceKind, tenantCases } from './tenant-cases.ts'

// One API server for all: first without the bindings, where each attack must succeed, then as shipped.
const cases = [...tenantCases, ...operatorCases]
let cluster: Cluster
let runs = 0

beforeAll(async () => {
  cluster = await startCluster((kind) => kind !== 'ValidatingAdmissionPolicyBinding')
}, 300_000)

afterAll(() => cluster.stop())

async function prepared({ prepare }: Case) {
  runs += 1
  return prepare(cluster, `run${runs}`)
}

/** The words of the refusal, or undefined when there was none. */
async function refusalOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!(error instanceof KubeFault) || !isForbidden(error)) throw error
    return error.detail
  }
}

describe('without the policies in force', () => {
  test.each(cases)('succeeds: $title', async (one) => {
    const { allowed, attack } = await prepared(one)
    await allowed()
    await attack()
  })
})

describe('as shipped', () => {
  // The API server takes a policy up a moment later: an attack on each tells when.
  test('every policy is in force within seconds', async () => {
    await applyManifests(cluster.admin, await readManifests(['admission']))
    for (const policy of new Set(cases.map((one) => one.policy))) {
      const probe = cases.find((one) => one.policy === policy)
      const isInForce = async () => probe && (await refusalOf((await prepared(probe)).attack)) !== undefined
      await expect.poll(isInForce, { timeout: 20_000, interval: 200 }).toBe(true)
    }
  })

  test.each(cases)('is refused: $title', async (one) => {
    const { allowed, attack } = await prepared(one)
    await allowed()
    expect(await refusalOf(attack)).toContain(one.message)
  })

  test('the emergency group removes a finalizer and a label, and an administrator is no member of it', async () => {
    const { emergency, furnish } = cluster
    const metadata = { name: 'stuck', finalizers: ['bulkhead.dev/tenant'] }
    await emergency.create(kinds.tenant, { metadata, spec: { displayName: 'Stuck' } })
    const tenant = { kind: kinds.tenant, name: 'stuck' }
    const without = (body: object) => ({ type: 'merge', body: { metadata: body } }) as const
    expect(await refusalOf(() => cluster.admin.patch(tenant, without({ finalizers: null })))).toBeDefined()
    await emergency.patch(tenant, without({ finalizers: null }))
    const { namespace } = await furnish('freed')
    const ref = { kind: namespaceKind, name: namespace }
    await emergency.patch(ref, without({ labels: { 'bulkhead.dev/tenant-uid': null } }))
    expect((await emergency.get(ref)).metadata.labels).not.toHaveProperty('bulkhead.dev/tenant-uid')
  })

  test("the cluster's controllers do their work in a tenant's namespace, up to its end", async () => {
    const { admin, operator, furnish } = cluster
    const { namespace } = await furnish('worked')
    const service = { ...secretKind, plural: 'services', kind: 'Service' }
    const spec = { selector: { app: 'orders' }, ports: [{ port: 80 }] }
    await admin.create(service, { metadata: { name: 'orders', namespace }, spec })
    const slices = async () => (await admin.list(endpointSliceKind, { namespace })).items.length
    await expect.poll(slices, { timeout: 20_000 }).toBe(1)
    const ref = { kind: namespaceKind, name: namespace }
    await operator.delete(ref)
    await expect.poll(() => admin.find(ref), { timeout: 60_000, interval: 500 }).toBeUndefined()
  })

  test('S-191 a deletion that orphans ends for the cluster, and our finalizer stays for the operator', async () => {
    const { admin, operator } = cluster
    for (const propagationPolicy of ['Orphan', 'Foreground'] as const) {
      const name = `left-${propagationPolicy.toLowerCase()}`
      const ref = { kind: kinds.tenant, name }
      const metadata = { name, finalizers: ['bulkhead.dev/tenant'] }
      await admin.create(kinds.tenant, { metadata, spec: { displayName: name } })
      await admin.delete(ref, { propagationPolicy })
      const finalizers = async () => (await admin.get(ref)).metadata.finalizers
      await expect.poll(finalizers, { timeout: 30_000 }).toEqual(['bulkhead.dev/tenant'])
      await operator.patch(ref, { type: 'merge', body: { metadata: { finalizers: null } } })
      await expect.poll(() => admin.find(ref), { timeout: 10_000 }).toBeUndefined()
    }
  })

  test('what is not ours is not looked at, however it is labelled', async () => {
    const { admin } = cluster
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`team.example/l${index}`, 'x']))
    const ref = { kind: namespaceKind, name: 'crowded' }
    await admin.create(namespaceKind, { metadata: { name: 'crowded', labels: many } })
    await admin.patch(ref, {
      type: 'merge',
      body: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'helm' } } },
    })
    const labels = { 'app.kubernetes.io/managed-by': 'bulkhead', 'bulkhead.dev/tenant-uid': 'x' }
    await admin.create(configMapKind, { metadata: { name: 'theirs', namespace: 'crowded', labels } })
    await admin.delete(ref)
  })

  test('S-160 the namespace of the system is deleted in an emergency only', async () => {
    const ref = { kind: namespaceKind, name: 'bulkhead-system' }
    expect(await refusalOf(() => cluster.admin.delete(ref))).toContain('would go with it')
    expect((await cluster.admin.get(ref)).metadata.deletionTimestamp).toBeUndefined()
    await cluster.emergency.delete(ref)
  })

  test('the API server finds nothing to warn of in the policies', async () => {
    const policies = { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingadmissionpolicies' }
    const kind = { ...policies, kind: 'ValidatingAdmissionPolicy', namespaced: false }
    const { items } = await cluster.admin.list(kind)
    expect(items).toHaveLength(7)
    expect(items).toEqual(
      items.map(() => expect.objectContaining({ status: { observedGeneration: 1, typeChecking: {} } }) as unknown),
    )
  })
})
