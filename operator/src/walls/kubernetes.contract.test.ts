import { kinds, referencesOf } from '@bulkhead/crds'
import { Secret, fullQuota, isForbidden, systemClock } from '@bulkhead/runtime'
import type { KubeClient, KubeKind } from '@bulkhead/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  namespaceKind,
  rbacGroup,
  resourceQuotaKind,
  roleBindingKind,
  roleKind,
  secretKind,
} from '../kubernetes/kinds.ts'
import { adminAttacks, successesOf } from '../testing/attacks.ts'
import type { Attack } from '../testing/attacks.ts'
import { startCluster } from '../testing/cluster.ts'
import type { Cluster } from '../testing/cluster.ts'
import { applyManifests, readManifests } from '../testing/manifests.ts'
import { sampleTenant, settings } from '../testing/samples.ts'
import { applyNamespaceStep } from './namespace/apply.ts'
import { wantNamespace } from './namespace/wanted.ts'

// Two tenants' namespaces on a real API server, as shipped; the list of H-05 is that of the multi-tenancy benchmarks.
let cluster: Cluster
let alice: KubeClient
const namespace = 'tenant-acme'
const patient = { timeout: 30_000, interval: 200 }

const core = (kind: string, plural: string): KubeKind => ({ ...secretKind, kind, plural })
const podKind = core('Pod', 'pods')
const serviceKind = core('Service', 'services')
const serviceAccountKind = core('ServiceAccount', 'serviceaccounts')
const clusterWide = (group: string, plural: string): KubeKind => ({ ...namespaceKind, group, kind: plural, plural })
const clusterRoleKind = { ...roleKind, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false }

beforeAll(async () => {
  cluster = await startCluster()
  const admins = [{ kind: 'Group', name: 'acme-admins' }]
  await cluster.furnish('acme', { admins, quota: { tools: 2 } })
  await cluster.furnish('globex')
  alice = await cluster.person('alice', ['acme-admins'])
}, 300_000)

afterAll(() => cluster.stop())

const tool = (name: string) => ({
  metadata: { name, namespace },
  spec: { backend: { type: 'Service', service: { name: 'orders', port: 80 } }, http: { pathPrefix: '/' } },
})

test('the cluster counts what a tenant has', async () => {
  const quota = { kind: resourceQuotaKind, namespace, name: 'bulkhead-quota' }
  await expect
    .poll(async () => (await cluster.admin.get(quota))['status'], patient)
    .toMatchObject({ used: { 'count/tools.bulkhead.dev': '0' } })
  const account = { kind: serviceAccountKind, namespace, name: 'default' }
  await expect.poll(() => cluster.admin.find(account), patient).toBeDefined()
})

test("H-05 a tenant's admin does the tenant's work, as far as the quota goes", async () => {
  await alice.create(kinds.tool, tool('first'))
  await alice.create(kinds.tool, tool('second'))
  await expect
    .poll(() => quotaThatRefuses(() => alice.create(kinds.tool, tool('third'))), patient)
    .toBe('bulkhead-quota')
  await alice.create(kinds.plan, { metadata: { name: 'gold', namespace }, spec: {} })
  await alice.patch({ kind: kinds.plan, namespace, name: 'gold' }, { type: 'merge', body: { spec: { roles: ['a'] } } })
  await alice.create(secretKind, { metadata: { name: 'mine', namespace } })
  await alice.delete({ kind: secretKind, namespace, name: 'mine' })
  for (const kind of [resourceQuotaKind, core('Event', 'events'), podKind]) await alice.list(kind, { namespace })
})

async function quotaThatRefuses(work: () => Promise<unknown>): Promise<string | undefined> {
  return work().then(() => undefined, fullQuota)
}

const oneOfEach: readonly (readonly [KubeKind, object])[] = [
  [kinds.tool, tool('x').spec],
  [kinds.toolSet, { hostname: 'tiny.gw.test', tools: ['x'] }],
  [kinds.plan, {}],
  [
    kinds.subscription,
    {
      ...{ toolSetRef: { name: 'x' }, planRef: { name: 'x' }, application: { displayName: 'X' } },
      credentials: { type: 'OAuth2', secretName: 'x-credentials' },
    },
  ],
  [kinds.accessPolicy, { targetRef: { kind: 'ToolSet', name: 'x' }, rules: [{ roles: ['reader'] }] }],
]

test('H-05 the quota of a namespace counts every kind of ours', async () => {
  const quota = { tools: 1, toolSets: 1, plans: 1, subscriptions: 1, accessPolicies: 1 }
  const { namespace: tiny } = await cluster.furnish('tiny', { quota })
  for (const [kind, spec] of oneOfEach) {
    const create = (name: string) => cluster.admin.create(kind, { metadata: { name, namespace: tiny }, spec })
    await expect
      .poll(
        () =>
          create('first').then(
            () => true,
            () => false,
          ),
        patient,
      )
      .toBe(true)
    await expect.poll(() => quotaThatRefuses(() => create('second')), patient).toBe('bulkhead-quota')
  }
  expect(oneOfEach.map(([kind]) => kind)).toEqual(Object.values(kinds).filter((kind) => kind.namespaced))
})

const clusterResources = [
  ...[clusterWide('', 'nodes'), clusterWide('', 'persistentvolumes'), clusterWide('storage.k8s.io', 'storageclasses')],
  ...[clusterWide('apiextensions.k8s.io', 'customresourcedefinitions'), clusterRoleKind],
  clusterWide('admissionregistration.k8s.io', 'validatingadmissionpolicies'),
]

const pod = { containers: [{ name: 'main', image: 'registry.example/app:1' }] }

function creations(client: KubeClient): readonly Attack[] {
  const make = (kind: KubeKind, title: string, body: object, where = namespace): Attack => ({
    title: `create ${title}`,
    run: () =>
      client.create(kind, { metadata: { name: 'mine', ...(kind.namespaced && { namespace: where }) }, ...body }),
  })
  const roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'cluster-admin' }
  const subjects = [{ kind: 'User', apiGroup: rbacGroup, name: 'alice' }]
  return [
    make(namespaceKind, 'a namespace', {}),
    make(kinds.tenant, 'a Tenant', { spec: { displayName: 'Mine' } }),
    make({ ...roleBindingKind, plural: 'clusterrolebindings', namespaced: false }, 'a cluster role binding', {
      roleRef,
      subjects,
    }),
    make(roleBindingKind, 'a role binding', { roleRef, subjects }),
    make(podKind, 'a Pod', { spec: pod }),
    make(serviceKind, 'a Service of type NodePort', { spec: { type: 'NodePort', ports: [{ port: 80 }] } }),
    make(serviceKind, 'an ExternalName', { spec: { type: 'ExternalName', externalName: 'globex.example' } }),
    make(serviceAccountKind, 'a service account', {}),
    make(core('Endpoints', 'endpoints'), 'endpoints', {}),
    ...[kinds.plan, secretKind, core('ConfigMap', 'configmaps')].map((kind) =>
      make(kind, `${kind.kind} at another tenant's`, kind === kinds.plan ? { spec: {} } : {}, 'tenant-globex'),
    ),
  ]
}

test("H-05 S-154 a tenant's admin reaches nothing of the cluster, of the walls or of another tenant", async () => {
  const forged = { type: 'merge', body: { status: { observedGeneration: 9 } } } as const
  const own = { kind: kinds.tool, namespace, name: 'first' }
  const attacks = [
    ...adminAttacks(alice, namespace, 'tenant-globex'),
    ...clusterResources.map((kind) => ({ title: `list ${kind.plural}`, run: () => alice.list(kind) })),
    ...creations(alice),
    { title: 'read its own Tenant', run: () => alice.get({ kind: kinds.tenant, name: 'acme' }) },
    { title: "write a Tool's status", run: () => alice.patch(own, forged, { subresource: 'status' }) },
  ]
  expect(await successesOf(attacks)).toEqual([])
})

/** A value with `x` in the field of this path, like `spec.hostnames[].host`. */
function withField([first = '', ...rest]: readonly string[]): unknown {
  if (first === '') return 'x'
  const name = first.replace(/\[\]|\{key\}/, '')
  const inner = first.endsWith('{key}') ? { x: '1' } : withField(rest)
  return { [name]: first.endsWith('[]') ? [inner] : inner }
}

test.each(referencesOf('rbac'))("S-157 a tenant's admin cannot write %s", async (field) => {
  const { admin } = cluster
  const acme = { kind: kinds.tenant, name: 'acme' }
  if ((await admin.find(acme)) === undefined) {
    await admin.create(kinds.tenant, { metadata: { name: 'acme' }, spec: { displayName: 'Acme' } })
  }
  await admin.patch(acme, { type: 'merge', body: { spec: { displayName: field } } })
  const body = z.record(z.string(), z.unknown()).parse(withField(field.split('.').slice(1)))
  await expect(alice.patch(acme, { type: 'merge', body })).rejects.toSatisfy(isForbidden)
})

// PodSecurity names the rule that a Pod breaks.
const container = { name: 'main', image: 'registry.example/app:1' }
const safe = {
  allowPrivilegeEscalation: false,
  ...{ capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
}
const podOf = (security: object, more: object = {}, ofContainer: object = {}) => ({
  containers: [{ ...container, securityContext: { ...safe, ...security }, ...ofContainer }],
  ...more,
})

describe('H-05 whoever may make Pods in a tenant namespace makes restricted ones only', () => {
  test.each([
    ['privileged', podOf({ privileged: true, allowPrivilegeEscalation: true })],
    ['allowPrivilegeEscalation', podOf({ allowPrivilegeEscalation: true })],
    ['unrestricted capabilities', podOf({ capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } })],
    ['runAsNonRoot', podOf({ runAsNonRoot: false })],
    ['runAsUser=0', podOf({ runAsUser: 0 })],
    ['host namespaces', podOf({}, { hostNetwork: true })],
    ['host namespaces', podOf({}, { hostPID: true })],
    ['host namespaces', podOf({}, { hostIPC: true })],
    ['hostPort', podOf({}, {}, { ports: [{ containerPort: 80, hostPort: 80 }] })],
    ['restricted volume types', podOf({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] })],
    ['seccompProfile', podOf({ seccompProfile: { type: 'Unconfined' } })],
  ])('%s', async (rule, spec) => {
    const make = cluster.admin.create(podKind, { metadata: { name: 'bad', namespace }, spec })
    await expect(make).rejects.toThrow(rule)
  })

  test('a restricted Pod comes in, with limits that it did not name', async () => {
    const made = await cluster.admin.create(podKind, { metadata: { name: 'good', namespace }, spec: podOf({}) })
    expect(made['spec']).toMatchObject({ containers: [{ resources: { limits: { cpu: '1', memory: '512Mi' } } }] })
  })
})

test('H-05 nobody opens a port of the nodes in a tenant namespace', async () => {
  const service = (name: string, type: string) => ({
    metadata: { name, namespace },
    spec: { type, ports: [{ port: 80 }] },
  })
  await cluster.admin.create(serviceKind, service('inside', 'ClusterIP'))
  for (const type of ['NodePort', 'LoadBalancer']) {
    const refused = quotaThatRefuses(() => cluster.admin.create(serviceKind, service(type.toLowerCase(), type)))
    expect(await refused).toBe('bulkhead-quota')
  }
})

test('an invitation that the quota has no room for is told as that, not as a fault of the API server', async () => {
  const spec = { quota: { resources: { 'count/secrets': '0' } } }
  const { owner } = await cluster.furnish('crowded', spec)
  const { wanted } = wantNamespace(owner, sampleTenant({ metadata: { name: 'crowded' }, spec }), settings)
  const parts = { kubernetes: cluster.operator, clock: systemClock }
  const password = () => Promise.resolve(new Secret('p'))
  const invitation = { username: 'admin', loginUrl: 'https://id.test', password }
  const step = { wall: 'namespace', kind: 'store-invitation', object: wanted.invitation } as const
  const store = () => applyNamespaceStep({ parts, invitation }, step, AbortSignal.timeout(10_000))
  await expect.poll(() => quotaThatRefuses(store), patient).toBe('bulkhead-quota')
  const shut = alice.list(secretKind, { namespace: 'tenant-crowded' })
  await expect(
    shut.then(
      () => 'open',
      (error: unknown) => [isForbidden(error), fullQuota(error)],
    ),
  ).resolves.toEqual([true, undefined])
})

test('a foreign namespace of the name is left as it is, and one that others end is made again', async () => {
  const { admin, emergency, furnish } = cluster
  await admin.create(namespaceKind, { metadata: { name: 'tenant-initech', labels: { whose: 'mine' } } })
  const before = await admin.get({ kind: namespaceKind, name: 'tenant-initech' })
  expect(await furnish('initech')).toMatchObject({ seen: { kind: 'foreign' }, steps: [] })
  expect(await admin.get({ kind: namespaceKind, name: 'tenant-initech' })).toEqual(before)
  await furnish('hooli')
  const ref = { kind: namespaceKind, name: 'tenant-hooli' }
  const first = await admin.get(ref)
  await emergency.delete(ref)
  await expect.poll(async () => (await furnish('hooli')).seen.kind, { timeout: 60_000, interval: 500 }).toBe('own')
  const second = await admin.get(ref)
  expect(second.metadata.uid).not.toBe(first.metadata.uid)
  expect(second.metadata.labels).toEqual(first.metadata.labels)
})

const rulesShape = z.object({
  rules: z.array(z.object({ apiGroups: z.array(z.string()).default([]), verbs: z.array(z.string()) })),
})

/** What a role of the cluster may do with our kinds. */
async function verbsOf(name: string): Promise<readonly string[]> {
  const { rules } = rulesShape.parse(await cluster.admin.get({ kind: clusterRoleKind, name }))
  const ours = rules.filter(({ apiGroups }) => apiGroups.some((group) => group === 'bulkhead.dev'))
  return ours.flatMap(({ verbs }) => verbs).toSorted()
}

test("the cluster's own roles hold nothing of ours until somebody wants it", async () => {
  const names = ['view', 'edit', 'admin']
  const all = () => Promise.all(names.map(verbsOf))
  expect(await all()).toEqual([[], [], []])
  await applyManifests(cluster.admin, await readManifests(['rbac/aggregate']))
  const read = ['get', 'list', 'watch']
  const write = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']
  await expect.poll(all, patient).toEqual([read, write, write])
})
