import type { KubeKind, KubeObject, KubePatch } from '@bulkhead/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster } from '../testing/cluster.ts'
import type { Cluster } from '../testing/cluster.ts'
import {
  limitRangeKind,
  namespaceKind,
  networkPolicyKind,
  rbacGroup,
  resourceQuotaKind,
  roleBindingKind,
  roleKind,
} from './kinds.ts'
import { mendObject } from './mend.ts'

// One tenant's namespace, built by the operator's account. Somebody who passes every policy changes an object of it in
// one way; the next pass must find that and put the object back as it was, with what is not ours left as it is.
let cluster: Cluster
const namespace = 'tenant-acme'
const admins = [{ kind: 'User', name: 'alice' }]
const spec = { admins, quota: { resources: { 'requests.cpu': '2' } } }

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.furnish('acme', spec)
  await cluster.furnish('empty')
}, 300_000)

afterAll(() => cluster.stop())

const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
const eve = { kind: 'User', apiGroup: rbacGroup, name: 'eve' }
const merge = (body: Readonly<Record<string, unknown>>): KubePatch => ({ type: 'merge', body })
const append = (path: string, value: unknown): KubePatch => ({ type: 'json', body: [{ op: 'add', path, value }] })
const remove = (path: string): KubePatch => ({ type: 'json', body: [{ op: 'remove', path }] })

interface Drift {
  readonly title: string
  readonly kind: KubeKind
  readonly name: string
  readonly patch: KubePatch
}

const policy = { kind: networkPolicyKind, name: 'bulkhead-default-deny' }
const allowing = { kind: networkPolicyKind, name: 'bulkhead-allow' }
const role = { kind: roleKind, name: 'tenant-admin' }
const binding = { kind: roleBindingKind, name: 'tenant-admins' }
const quota = { kind: resourceQuotaKind, name: 'bulkhead-quota' }
const place = { kind: namespaceKind, name: namespace }

const drifts: readonly Drift[] = [
  { ...policy, title: 'an ingress rule where there is none', patch: merge({ spec: { ingress: [{}] } }) },
  { ...policy, title: 'an egress rule where there is none', patch: merge({ spec: { egress: [{}] } }) },
  {
    ...{ ...policy, title: 'a selector that spares some Pods' },
    patch: merge({ spec: { podSelector: { matchLabels: { app: 'x' } } } }),
  },
  { ...policy, title: 'one direction taken out', patch: merge({ spec: { policyTypes: ['Ingress'] } }) },
  { ...allowing, title: 'one more ingress rule', patch: append('/spec/ingress/-', {}) },
  { ...allowing, title: 'one more egress rule', patch: append('/spec/egress/-', {}) },
  { ...role, title: 'one more rule', patch: append('/rules/-', everything) },
  { ...role, title: 'one more verb', patch: append('/rules/1/verbs/-', 'patch') },
  { ...role, title: 'all rules gone', patch: merge({ rules: null }) },
  { ...binding, title: 'one more subject', patch: append('/subjects/-', eve) },
  { ...binding, title: 'another subject', patch: merge({ subjects: [eve] }) },
  { ...quota, title: 'a raised limit', patch: merge({ spec: { hard: { 'count/tools.bulkhead.dev': '9999' } } }) },
  { ...quota, title: 'one limit less', patch: merge({ spec: { hard: { 'count/secrets': null } } }) },
  { ...quota, title: 'one limit more', patch: merge({ spec: { hard: { 'count/services': '0' } } }) },
  {
    ...{ kind: limitRangeKind, name: 'bulkhead-defaults', title: 'another default' },
    patch: merge({ spec: { limits: [{ type: 'Container', default: { cpu: '64' } }] } }),
  },
  {
    ...{ ...place, title: 'looser Pod Security' },
    patch: merge({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }),
  },
  { ...place, title: 'a label less', patch: remove('/metadata/labels/bulkhead.dev~1tenant-id') },
  { ...policy, title: 'a label less', patch: remove('/metadata/labels/bulkhead.dev~1tenant') },
]

/** An object without what every write changes. */
function lasting({ metadata, ...fields }: KubeObject): unknown {
  const { name, uid, labels, annotations } = metadata
  const { status: _status, ...own } = fields
  return { metadata: { name, uid, labels, annotations }, ...own }
}

const theirs = merge({ metadata: { labels: { 'team.example/cost': 'a' }, annotations: { 'team.example/note': 'b' } } })

test.each(drifts)('S-176 of $kind.kind "$name" $title is put back', async ({ kind, name, patch }) => {
  const { emergency, furnish } = cluster
  const ref = { kind, name, namespace: kind.namespaced ? namespace : undefined }
  await emergency.patch(ref, theirs, { fieldManager: 'somebody' })
  const before = await emergency.get(ref)
  await emergency.patch(ref, patch, { fieldManager: 'somebody' })
  expect(lasting(await emergency.get(ref))).not.toEqual(lasting(before))
  expect((await furnish('acme', spec)).steps).toEqual([`mend ${kind.kind}`])
  expect(lasting(await emergency.get(ref))).toEqual(lasting(before))
  expect((await furnish('acme', spec)).steps).toEqual([])
})

test('S-176 a subject is taken off a binding that should have none', async () => {
  const ref = { kind: roleBindingKind, namespace: 'tenant-empty', name: 'tenant-admins' }
  await cluster.emergency.patch(ref, merge({ subjects: [eve] }))
  expect((await cluster.furnish('empty')).steps).toEqual(['mend RoleBinding'])
  expect(await cluster.emergency.get(ref)).not.toHaveProperty('subjects')
})

test('S-176 a binding to another role is made anew', async () => {
  const ref = { kind: roleBindingKind, namespace, name: 'tenant-admins' }
  const { emergency } = cluster
  const other = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'cluster-admin' }
  const { metadata, subjects } = await emergency.get(ref)
  await emergency.delete(ref)
  const forged = { metadata: { name: ref.name, namespace, labels: metadata.labels }, roleRef: other, subjects }
  await emergency.create(roleBindingKind, forged)
  expect((await cluster.furnish('acme', spec)).steps).toEqual(['delete RoleBinding', 'create RoleBinding'])
  expect(await emergency.get(ref)).toMatchObject({ roleRef: { name: 'tenant-admin' } })
})

test('what the Tenant no longer says goes, though a POST made it', async () => {
  const less = { ...spec, quota: {} }
  expect((await cluster.furnish('acme', less)).steps).toEqual(['mend ResourceQuota'])
  const found = await cluster.emergency.get({ ...quota, namespace })
  expect(found).not.toHaveProperty(['spec', 'hard', 'requests.cpu'])
  expect((await cluster.furnish('acme', less)).steps).toEqual([])
})

test("somebody's apply of a field of ours is overruled, and its own field stays", async () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline', 'team.example/owner': 'argo' }
  await cluster.emergency.apply(
    namespaceKind,
    { metadata: { name: namespace, labels } },
    { fieldManager: 'argocd', force: true },
  )
  expect((await cluster.furnish('acme', { ...spec, quota: {} })).steps).toEqual(['mend Namespace'])
  const { metadata } = await cluster.emergency.get({ kind: namespaceKind, name: namespace })
  expect(metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'team.example/owner': 'argo',
  })
})

test.each([
  ['gone', 'nothing-here'],
  ['of another incarnation', 'bulkhead-quota'],
])('an object that is %s is neither written nor made', async (_title, name) => {
  const { operator, emergency } = cluster
  const body = { metadata: { name, namespace }, spec: { hard: { pods: '1' } } }
  const before = await emergency.find({ kind: resourceQuotaKind, name, namespace })
  await mendObject(operator, { kind: resourceQuotaKind, body }, { uid: 'older' }, AbortSignal.timeout(10_000))
  const surplus = { patch: { spec: null }, resourceVersion: '1' }
  await mendObject(operator, { kind: resourceQuotaKind, body }, { uid: 'older', surplus }, AbortSignal.timeout(10_000))
  expect(await emergency.find({ kind: resourceQuotaKind, name, namespace })).toEqual(before)
})
