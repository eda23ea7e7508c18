import { namespaceKind, rbacGroup, roleBindingKind } from '../kubernetes/kinds.ts'
import { operatorUser } from '../testing/manifests.ts'
import { operatorTenantRole } from '../walls/namespace/access.ts'
import { labelled, ours, plainNamespace } from './case.ts'
import type { Case } from './case.ts'

const binding = (namespace: string, run: string, user: string) => ({
  metadata: { name: `bound-${run}`, namespace },
  roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: operatorTenantRole },
  subjects: [{ kind: 'User', apiGroup: rbacGroup, name: user }],
})
const onlyTenants = "Bulkhead's operator writes in tenants' namespaces only"

/** What somebody tries who has the operator's account. */
export const operatorCases: readonly Case[] = [
  {
    title: "S-157 the operator's account binds itself where no tenant is, and reads the Secrets there",
    policy: 'bulkhead-operator-reach',
    message: onlyTenants,
    prepare: async ({ operator, furnish }, run) => {
      const { namespace } = await furnish(run)
      return {
        allowed: () => operator.create(roleBindingKind, binding(namespace, run, operatorUser)),
        attack: () => operator.create(roleBindingKind, binding('kube-system', run, operatorUser)),
      }
    },
  },
  {
    title: "S-157 the operator's account lets somebody else into a tenant's namespace",
    policy: 'bulkhead-operator-reach',
    message: "Bulkhead's operator binds a ClusterRole to nobody but itself",
    prepare: async ({ operator, furnish }, run) => {
      const { namespace } = await furnish(run)
      return {
        allowed: () => operator.create(roleBindingKind, binding(namespace, `${run}-own`, operatorUser)),
        attack: () => operator.create(roleBindingKind, binding(namespace, run, 'eve')),
      }
    },
  },
  {
    title: "S-157 the operator's account deletes a namespace that is no tenant's",
    policy: 'bulkhead-operator-reach',
    message: onlyTenants,
    prepare: async ({ admin, operator, furnish }, run) => {
      const other = await plainNamespace(admin, run)
      const { namespace } = await furnish(run)
      return {
        allowed: () => operator.delete({ kind: namespaceKind, name: namespace }),
        attack: () => operator.delete(other),
      }
    },
  },
  {
    title: "S-157 the operator's account makes a namespace of another name",
    policy: 'bulkhead-operator-reach',
    message: onlyTenants,
    prepare: ({ operator }, run) =>
      Promise.resolve({
        allowed: () => operator.create(namespaceKind, { metadata: { name: `tenant-${run}`, labels: ours } }),
        attack: () => operator.create(namespaceKind, { metadata: { name: `other-${run}`, labels: ours } }),
      }),
  },
  {
    title: "S-157 the operator's account takes over a namespace of a tenant's name",
    policy: 'bulkhead-operator-reach',
    message: onlyTenants,
    prepare: async ({ admin, operator, furnish }, run) => {
      const { namespace } = await furnish(run)
      const ref = { kind: namespaceKind, name: `tenant-${run}-theirs` }
      await admin.create(namespaceKind, { metadata: { name: ref.name } })
      const label = labelled({ team: 'b' })
      return {
        allowed: () => operator.patch({ kind: namespaceKind, name: namespace }, label),
        attack: () => operator.patch(ref, label),
      }
    },
  },
]
