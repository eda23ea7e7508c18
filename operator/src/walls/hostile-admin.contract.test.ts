import { kinds } from '@bulkhead/crds'
import { isForbidden } from '@bulkhead/runtime'
import { afterAll, expect, test } from 'vitest'
import { networkPolicyKind } from '../kubernetes/kinds.ts'
import { startCluster } from '../testing/cluster.ts'

// A tenant's admin who asks for too much, points at others and fights for what is ours, on a real API server as shipped.
const cluster = await startCluster()
afterAll(() => cluster.stop())
const namespace = 'tenant-acme'
const patient = { timeout: 30_000, interval: 200 }
const acme = { admins: [{ kind: 'Group', name: 'acme-admins' }], quota: { tools: 1 } }
await cluster.furnish('acme', acme)
await cluster.furnish('globex')
const alice = await cluster.person('alice', ['acme-admins'])

const tool = (name: string) => ({
  metadata: { name, namespace },
  spec: { backend: { type: 'Service', service: { name: 'orders', port: 80 } }, http: { pathPrefix: '/' } },
})

test('S-125 what is too large or too much is refused at the door, and the neighbour waits for nothing', async () => {
  const set = (name: string, tools: readonly string[]) => ({
    ...{ metadata: { name, namespace }, spec: { hostname: 'acme.gw.test', tools } },
  })
  // The quota's controller counts a moment later, and lets nothing in before.
  const first = () =>
    alice.create(kinds.tool, tool('first')).then(
      () => true,
      () => false,
    )
  await expect.poll(first, patient).toBe(true)
  await alice.create(kinds.toolSet, set('narrow', ['first']))
  const large = 'x'.repeat(1_572_864)
  const many = Array.from({ length: 10_000 }, (_, index) => `tool-${index}`)
  const hostnames = many.slice(0, 1000).map((name) => ({ host: `${name}.acme.example` }))
  const attempts = [
    () => alice.create(kinds.plan, { metadata: { name: 'large', namespace }, spec: { roles: [large] } }),
    () => alice.create(kinds.plan, { metadata: { name: 'large', namespace, annotations: { a: large } }, spec: {} }),
    () => alice.create(kinds.toolSet, set('wide', many)),
    () => cluster.admin.create(kinds.tenant, { metadata: { name: 'hosts' }, spec: { displayName: 'H', hostnames } }),
  ]
  for (const attempt of attempts)
    await expect(attempt()).rejects.toThrow(/Too long|Too many|at most|too large|must have/)
  const flood = Promise.allSettled(many.slice(0, 300).map((name) => alice.create(kinds.tool, tool(name))))
  const startedMs = performance.now()
  await cluster.admin.create(kinds.plan, { metadata: { name: 'calm', namespace: 'tenant-globex' }, spec: {} })
  const tookMs = performance.now() - startedMs
  const made = (await flood).filter(({ status }) => status === 'fulfilled')
  process.stdout.write(`a plan of the neighbour during 300 refused tools: ${Math.round(tookMs)} ms\n`)
  expect(made).toEqual([])
  expect(tookMs).toBeLessThan(10_000)
})

interface Owned {
  readonly name: string
  readonly uid: string
  readonly blockOwnerDeletion?: boolean
}

test("S-133 an ownerReference to another tenant's object takes its own bearer away, and nothing of theirs", async () => {
  const theirs = { kind: kinds.plan, namespace: 'tenant-globex', name: 'theirs' }
  const ref = (name: string) => ({ kind: kinds.plan, namespace, name })
  const made = await cluster.admin.create(kinds.plan, {
    metadata: { name: 'theirs', namespace: theirs.namespace },
    spec: {},
  })
  const { uid = '', resourceVersion } = made.metadata
  const own = await alice.create(kinds.plan, { metadata: { name: 'own', namespace }, spec: {} })
  const owner = { apiVersion: 'bulkhead.dev/v1alpha1', kind: 'Plan', controller: true }
  const bearing = (name: string, owned: Owned) =>
    alice.create(kinds.plan, { metadata: { name, namespace, ownerReferences: [{ ...owner, ...owned }] }, spec: {} })
  await expect(bearing('blocking', { name: 'theirs', uid, blockOwnerDeletion: true })).rejects.toSatisfy(isForbidden)
  await bearing('child', { name: 'own', uid: own.metadata.uid ?? '' })
  await bearing('parasite', { name: 'theirs', uid })
  // The collector looks for the owner in the bearer's namespace, where it is not.
  await expect.poll(() => alice.find(ref('parasite')), { timeout: 90_000, interval: 200 }).toBeUndefined()
  expect((await alice.get(ref('child'))).metadata.name).toBe('child')
  expect((await cluster.admin.get(theirs)).metadata).toMatchObject({ uid, resourceVersion })
  // What the operator made is no admin's to give an owner.
  const ours = { kind: networkPolicyKind, namespace, name: 'bulkhead-allow' }
  const body = { metadata: { ownerReferences: [{ ...owner, name: 'theirs', uid }] } }
  await expect(alice.patch(ours, { type: 'merge', body })).rejects.toSatisfy(isForbidden)
})

test('S-134 whoever takes our fields by force costs one write each time, and has them no longer', async () => {
  const ref = { kind: networkPolicyKind, namespace, name: 'bulkhead-allow' }
  expect((await cluster.furnish('acme', acme)).steps).toEqual([])
  const wanted = (await cluster.admin.get(ref))['spec']
  const open = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }
  const body = { metadata: { name: ref.name, namespace }, spec: open }
  for (let round = 1; round <= 5; round += 1) {
    await cluster.admin.apply(networkPolicyKind, body, { fieldManager: 'fighter', force: true })
    expect((await cluster.admin.get(ref))['spec']).not.toEqual(wanted)
    expect((await cluster.furnish('acme', acme)).steps).toEqual(['mend NetworkPolicy'])
    expect((await cluster.admin.get(ref))['spec']).toEqual(wanted)
    expect((await cluster.furnish('acme', acme)).steps).toEqual([])
  }
})
