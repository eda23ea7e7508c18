import { expect, test } from 'vitest'
import { z } from 'zod'
import { readManifests } from '../testing/manifests.ts'

const ruleShape = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
})
const roleShape = z.looseObject({ metadata: z.object({ name: z.string() }), rules: z.array(ruleShape) })
const bindingShape = z.looseObject({ roleRef: z.object({ kind: z.string(), name: z.string() }) })

const documents = await readManifests(['rbac'])
const optional = await readManifests(['rbac/aggregate'])
const rolesIn = (from: typeof documents, kind: string) =>
  from.filter((document) => document.kind === kind).map((document) => roleShape.parse(document))
const everywhere = documents
  .filter(({ kind }) => kind === 'ClusterRoleBinding')
  .map((document) => bindingShape.parse(document).roleRef.name)

const linesOf = ({ rules }: z.infer<typeof roleShape>) =>
  rules.map(({ resources, verbs }) => `${resources.join(' ')}: ${verbs.join(' ')}`)
const roleNamed = (name: string) => rolesIn(documents, 'ClusterRole').find(({ metadata }) => metadata.name === name)

test('H-04 what our accounts may do in the whole cluster is exactly this', () => {
  const rights = everywhere.map((name) => [name, linesOf(roleShape.parse(roleNamed(name)))])
  expect(Object.fromEntries(rights)).toMatchInlineSnapshot(`
    {
      "bulkhead-operator": [
        "tenants subscriptions plans toolsets: get list watch",
        "tenants subscriptions: patch",
        "tenants/status subscriptions/status: patch",
        "tenants/finalizers subscriptions/finalizers: update",
        "namespaces: get create patch delete",
        "events: create",
        "rolebindings: get create patch delete",
        "clusterroles: bind",
      ],
      "bulkhead-xds-server": [
        "tenants tools toolsets plans subscriptions accesspolicies: list watch",
        "tenants/status tools/status toolsets/status plans/status subscriptions/status accesspolicies/status: patch",
        "services pods: list watch",
        "endpointslices: list watch",
        "events: create",
      ],
    }
  `)
})

test('H-04 what the person at the command line gets is exactly this, and is bound to nobody', () => {
  const roles = ['ClusterRole', 'Role'].flatMap((kind) => rolesIn(documents, kind))
  const own = roles.filter(({ metadata }) => metadata.name === 'bulkhead-cli')
  expect(own.map(linesOf)).toEqual([
    [
      'tenants: get list delete',
      'tools toolsets plans subscriptions accesspolicies: list',
      'namespaces: get list delete',
    ],
    ['secrets: get list delete'],
  ])
  const bindings = documents.filter(({ kind }) => kind.endsWith('RoleBinding'))
  expect(bindings.map((document) => bindingShape.parse(document).roleRef.name)).not.toContain('bulkhead-cli')
})

test('H-04 no role that holds everywhere reads a Secret, and none of ours can grow', () => {
  const roles = [
    ...rolesIn(documents, 'ClusterRole'),
    ...rolesIn(documents, 'Role'),
    ...rolesIn(optional, 'ClusterRole'),
  ]
  const all = roles.flatMap(({ rules }) => rules)
  for (const verb of ['*', 'escalate', 'impersonate'])
    expect(all.filter(({ verbs }) => verbs.includes(verb))).toEqual([])
  expect(all.filter(({ resources, apiGroups }) => [...resources, ...apiGroups].includes('*'))).toEqual([])
  const secretive = rolesIn(documents, 'ClusterRole').filter(({ rules }) =>
    rules.some(({ resources }) => resources.includes('secrets')),
  )
  expect(secretive.map(({ metadata }) => metadata.name)).toEqual(['bulkhead-operator-tenant'])
  expect(everywhere).not.toContain('bulkhead-operator-tenant')
})
