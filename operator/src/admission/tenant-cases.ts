import { kinds } from '@bulkhead/crds'
import type { KubeKind } from '@bulkhead/runtime'
import { namespaceKind, networkPolicyKind, secretKind } from '../kubernetes/kinds.ts'
import { labelled, ours, plainNamespace } from './case.ts'
import type { Case } from './case.ts'

export const endpointSliceKind: KubeKind = {
  ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice', namespaced: true },
}
const endpointsKind: KubeKind = { ...secretKind, plural: 'endpoints', kind: 'Endpoints' }
export const configMapKind: KubeKind = { ...secretKind, plural: 'configmaps', kind: 'ConfigMap' }

const finalizers = (names: readonly string[] | null) =>
  ({ type: 'merge', body: { metadata: { finalizers: names } } }) as const

const namespaces: readonly Case[] = [
  {
    title: 'an administrator makes a namespace a tenant by its labels',
    policy: 'bulkhead-tenant-namespaces',
    message: "a namespace is a tenant's from its birth or never",
    prepare: async ({ admin }, run) => {
      const ref = await plainNamespace(admin, run)
      return {
        allowed: () => admin.patch(ref, labelled({ team: 'b' })),
        attack: () => admin.patch(ref, labelled({ 'bulkhead.dev/tenant-uid': 'forged' })),
      }
    },
  },
  {
    title: 'an administrator does so through the status',
    policy: 'bulkhead-tenant-namespaces',
    message: "a namespace is a tenant's from its birth or never",
    prepare: async ({ admin }, run) => {
      const ref = await plainNamespace(admin, run)
      const write = (labels: object) =>
        admin.patch(ref, { type: 'merge', body: { metadata: { labels } } }, { subresource: 'status' })
      return { allowed: () => write({ team: 'b' }), attack: () => write({ 'bulkhead.dev/tenant-uid': 'forged' }) }
    },
  },
  {
    title: "an administrator makes a namespace with a tenant's labels",
    policy: 'bulkhead-tenant-namespaces',
    message: "only Bulkhead's operator writes the label",
    prepare: ({ admin }, run) =>
      Promise.resolve({
        allowed: () => admin.create(namespaceKind, { metadata: { name: `tenant-${run}`, labels: { team: 'a' } } }),
        attack: () => admin.create(namespaceKind, { metadata: { name: `tenant-${run}-x`, labels: ours } }),
      }),
  },
  {
    title: 'an administrator takes the tenant off a namespace',
    policy: 'bulkhead-tenant-namespaces',
    message: "a namespace is a tenant's from its birth or never",
    prepare: async ({ admin, furnish }, run) => {
      const ref = { kind: namespaceKind, name: (await furnish(run)).namespace }
      return {
        allowed: () => admin.patch(ref, labelled({ team: 'b' })),
        attack: () => admin.patch(ref, labelled({ 'bulkhead.dev/tenant-uid': null })),
      }
    },
  },
  {
    title: "an administrator loosens the Pod Security of a tenant's namespace",
    policy: 'bulkhead-tenant-namespaces',
    message: "only Bulkhead's operator writes the label pod-security.kubernetes.io/enforce",
    prepare: async ({ admin, furnish }, run) => {
      const other = await plainNamespace(admin, run)
      const ref = { kind: namespaceKind, name: (await furnish(run)).namespace }
      const privileged = labelled({ 'pod-security.kubernetes.io/enforce': 'privileged' })
      return { allowed: () => admin.patch(other, privileged), attack: () => admin.patch(ref, privileged) }
    },
  },
]

const labels: readonly Case[] = [
  {
    title: "a tenant's admin claims that a Secret is the operator's",
    policy: 'bulkhead-reserved-labels',
    message: "only Bulkhead's operator writes the label",
    prepare: async ({ person, furnish }, run) => {
      const { namespace } = await furnish(run, { admins: [{ kind: 'User', name: 'alice' }] })
      const alice = await person('alice')
      return {
        allowed: () => alice.create(secretKind, { metadata: { name: 'mine', namespace, labels: { team: 'a' } } }),
        attack: () => alice.create(secretKind, { metadata: { name: 'forged', namespace, labels: ours } }),
      }
    },
  },
  {
    title: "an administrator claims that a ConfigMap is the operator's",
    policy: 'bulkhead-reserved-labels',
    message: 'app.kubernetes.io/managed-by',
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      const claim = { 'app.kubernetes.io/managed-by': 'bulkhead' }
      const make = (where: string) =>
        admin.create(configMapKind, { metadata: { name: `claim-${run}`, namespace: where, labels: claim } })
      return { allowed: () => make('default'), attack: () => make(namespace) }
    },
  },
  {
    title: "an administrator takes the operator's labels off a NetworkPolicy",
    policy: 'bulkhead-reserved-labels',
    message: "only Bulkhead's operator writes the label",
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      const ref = { kind: networkPolicyKind, namespace, name: 'bulkhead-default-deny' }
      return {
        allowed: () => admin.patch(ref, labelled({ team: 'b' })),
        attack: () => admin.patch(ref, labelled({ 'bulkhead.dev/tenant-uid': null })),
      }
    },
  },
]

const subscription = (namespace: string, own: readonly string[]) => ({
  metadata: { name: 'app', namespace, finalizers: own },
  spec: {
    ...{ toolSetRef: { name: 'orders' }, planRef: { name: 'gold' }, application: { displayName: 'App' } },
    credentials: { type: 'OAuth2', secretName: 'app-credentials' },
  },
})

const finalizing: readonly Case[] = [
  {
    title: "S-191 a tenant's admin takes the finalizer off a Subscription",
    policy: 'bulkhead-finalizers',
    message: "only Bulkhead's operator removes the finalizer bulkhead.dev/subscription",
    prepare: async ({ person, furnish }, run) => {
      const { namespace } = await furnish(run, { admins: [{ kind: 'User', name: 'alice' }] })
      const alice = await person('alice')
      await alice.create(kinds.subscription, subscription(namespace, ['bulkhead.dev/subscription', 'theirs.dev/x']))
      const ref = { kind: kinds.subscription, namespace, name: 'app' }
      return {
        allowed: () => alice.patch(ref, finalizers(['bulkhead.dev/subscription'])),
        attack: () => alice.patch(ref, finalizers(null)),
      }
    },
  },
  {
    title: 'S-191 an administrator takes the finalizer off a Tenant',
    policy: 'bulkhead-finalizers',
    message: "only Bulkhead's operator removes the finalizer bulkhead.dev/tenant",
    prepare: async ({ admin }, run) => {
      const metadata = { name: run, finalizers: ['bulkhead.dev/tenant'] }
      await admin.create(kinds.tenant, { metadata, spec: { displayName: run } })
      const ref = { kind: kinds.tenant, name: run }
      return {
        allowed: () => admin.patch(ref, { type: 'merge', body: { spec: { suspended: true } } }),
        attack: () => admin.patch(ref, finalizers(null)),
      }
    },
  },
  {
    title: 'a Plan gets a finalizer of ours, which nobody would ever remove',
    policy: 'bulkhead-finalizers',
    message: "only Bulkhead's operator adds the finalizer bulkhead.dev/subscription: leave it out",
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      const metadata = (name: string) => ({ name, namespace })
      const stuck = { ...metadata('stuck'), finalizers: ['bulkhead.dev/subscription'] }
      return {
        allowed: () => admin.create(kinds.plan, { metadata: metadata('gold'), spec: {} }),
        attack: () => admin.create(kinds.plan, { metadata: stuck, spec: {} }),
      }
    },
  },
]

const slice = (namespace: string, run: string) => ({
  metadata: { name: `made-${run}`, namespace, labels: { 'kubernetes.io/service-name': 'orders' } },
  ...{ addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports: [{ port: 80 }] },
})

const endpoints: readonly Case[] = [
  {
    title: "D-27 an EndpointSlice of a tenant's namespace is made by hand",
    policy: 'bulkhead-endpoints',
    message: "only the cluster's controllers write endpoints in a tenant's namespace",
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      return {
        allowed: () => admin.create(endpointSliceKind, slice('default', run)),
        attack: () => admin.create(endpointSliceKind, slice(namespace, run)),
      }
    },
  },
  {
    title: "D-27 Endpoints of a tenant's namespace are made by hand, to be mirrored",
    policy: 'bulkhead-endpoints',
    message: "only the cluster's controllers write endpoints in a tenant's namespace",
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      const make = (where: string) =>
        admin.create(endpointsKind, {
          metadata: { name: `made-${run}`, namespace: where },
          subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }],
        })
      return { allowed: () => make('default'), attack: () => make(namespace) }
    },
  },
]

const objects: readonly Case[] = [
  {
    title: 'a Plan is made where no tenant is',
    policy: 'bulkhead-tenant-objects',
    message: "namespace default is no tenant's",
    prepare: async ({ admin, furnish }, run) => {
      const { namespace } = await furnish(run)
      const make = (where: string) =>
        admin.create(kinds.plan, { metadata: { name: `plan-${run}`, namespace: where }, spec: {} })
      return { allowed: () => make(namespace), attack: () => make('default') }
    },
  },
]

export const crdKind: KubeKind = {
  ...{ group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
  ...{ kind: 'CustomResourceDefinition', namespaced: false },
}

function definition(name: string, group: string) {
  const names = { plural: `${name}s`, singular: name, kind: name.toUpperCase(), listKind: `${name.toUpperCase()}List` }
  const schema = { openAPIV3Schema: { type: 'object' } }
  const versions = [{ name: 'v1', served: true, storage: true, schema }]
  return { metadata: { name: `${name}s.${group}` }, spec: { group, scope: 'Cluster', names, versions } }
}

const foundations: readonly Case[] = [
  {
    title: 'S-160 an administrator deletes the definition of a kind, and with it every object',
    policy: 'bulkhead-foundations',
    message: 'would go with it',
    prepare: async ({ admin }, run) => {
      const [ours, theirs] = [definition(run, 'bulkhead.dev'), definition(run, 'team.example')]
      await admin.create(crdKind, ours)
      await admin.create(crdKind, theirs)
      const remove = ({ metadata: { name } }: typeof ours) => admin.delete({ kind: crdKind, name })
      return { allowed: () => remove(theirs), attack: () => remove(ours) }
    },
  },
]

/** Attacks on what is a tenant's. */
export const tenantCases: readonly Case[] = [
  ...namespaces,
  ...labels,
  ...finalizing,
  ...endpoints,
  ...objects,
  ...foundations,
]
