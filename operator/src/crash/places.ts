import { apiGroup } from '@bulkhead/tenancy'
import type { KubeKind } from '@bulkhead/runtime'
import { z } from 'zod'
import { readManifests } from '../testing/manifests.ts'

const rules = z.object({
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
})
// What stands cluster-wide is looked at by its name; Events tell, and are no state.
const elsewhere: readonly string[] = ['namespaces', 'events', 'leases']

/** Every kind that the operator may make in a tenant's namespace, as its RBAC says: nowhere else can anything of it be. */
export async function readPlaces(): Promise<readonly KubeKind[]> {
  const documents = await readManifests(['rbac'])
  const parsed = documents
    .filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.startsWith('bulkhead-operator'))
    .flatMap((document) => rules.parse(document).rules)
    .filter(({ verbs }) => verbs.includes('create'))
  const named = parsed.flatMap(({ apiGroups, resources }) =>
    apiGroups.flatMap((group) => resources.map((plural) => [group, plural] as const)),
  )
  const isPlace = ([, plural]: readonly [string, string]) => !elsewhere.includes(plural) && !plural.includes('/')
  const unique = new Map(named.filter(isPlace).map(([group, plural]) => [`${group}/${plural}`, { group, plural }]))
  return [...unique.values()].map(({ group, plural }) => {
    return { group, plural, kind: plural, version: group === apiGroup ? 'v1alpha1' : 'v1', namespaced: true }
  })
}
