import { parserOf, plan as planSchema, referencesOf, toolSet as toolSetSchema } from '@bulkhead/crds'
import { Secret } from '@bulkhead/runtime'
import { realmOf, tenantId } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { now, parsed, sampleSubscription, sampleTenant } from '../testing/samples.ts'
import { neighbours } from '../watches.ts'
import { credentialsSecret } from './secret.ts'
import { wantSubscription } from './wanted.ts'
import type { Wanted } from './wanted.ts'

// Globex has a ToolSet and a Plan called theirs; the copies that the operator keeps hold those of every tenant.
const metadata = { uid: 'x', resourceVersion: '1', generation: 1, creationTimestamp: now }
const copies = <T>(entries: readonly (readonly [string, T])[]) => ({ store: new Map(entries) })
const toolSet = parsed(
  parserOf(toolSetSchema)({ metadata: { ...metadata, name: 'n' }, spec: { hostname: 'acme.gw.test', tools: ['a'] } }),
)
const planWith = (roles: readonly string[]) =>
  parsed(parserOf(planSchema)({ metadata: { ...metadata, name: 'n' }, spec: { roles } }))
const issuer = 'https://id.test/realms/acme-x'
const tenant = sampleTenant({ status: { namespace: 'tenant-acme', identity: { issuer } } })

function want(spec: object, roles: readonly string[] = ['reader']): Wanted {
  const plan = planWith(roles)
  const watches = {
    toolSets: copies([['tenant-acme/orders', toolSet] as const, ['tenant-globex/theirs', toolSet] as const]),
    plans: copies([['tenant-acme/gold', plan] as const, ['tenant-globex/theirs', plan] as const]),
  }
  const subscription = sampleSubscription({ spec })
  const { toolSetRef, planRef } = subscription.spec
  const beside = neighbours(watches, subscription.metadata.namespace ?? '')
  const found = { toolSet: beside.toolSet(toolSetRef.name), plan: beside.plan(planRef.name) }
  const wanted = wantSubscription(subscription, { tenant, ...found, nowMs: Date.parse(now) })
  if (wanted === undefined) throw new Error('no realm')
  return wanted
}

const reasonOf = ({ verdict }: Wanted) => (verdict.kind === 'accepted' ? 'accepted' : verdict.problem.reason)
const whereOf = (wanted: Wanted) => {
  const { namespace, name } = credentialsSecret(wanted, new Secret('s')).metadata
  return `${namespace ?? ''}/${name}`
}
const realm = realmOf({ name: 'acme' as TenantName, id: tenantId('u1') })

interface Row {
  readonly write: (name: string) => Wanted
  readonly gives: (wanted: Wanted) => unknown
  readonly own: readonly [name: string, outcome: unknown]
  readonly foreign: readonly [name: string, outcome: unknown]
}

const rows: Readonly<Record<string, Row>> = {
  'Subscription.spec.toolSetRef.name': {
    write: (name) => want({ toolSetRef: { name } }),
    gives: (wanted) => [reasonOf(wanted), wanted.isEnabled],
    own: ['orders', ['accepted', true]],
    foreign: ['theirs', ['ToolSetNotFound', false]],
  },
  'Subscription.spec.planRef.name': {
    write: (name) => want({ planRef: { name } }),
    gives: (wanted) => [reasonOf(wanted), wanted.isEnabled, wanted.roles],
    own: ['gold', ['accepted', true, ['reader']]],
    foreign: ['theirs', ['PlanNotFound', false, []]],
  },
  // The Secret lands in the subscription's namespace, also under a name that a Secret of the platform has.
  'Subscription.spec.credentials.secretName': {
    write: (secretName) => want({ credentials: { secretName } }),
    gives: whereOf,
    own: ['app-credentials', 'tenant-acme/app-credentials'],
    foreign: ['realm-of-globex', 'tenant-acme/realm-of-globex'],
  },
  // A role is made, and given, in the tenant's own realm.
  'Plan.spec.roles[]': {
    write: (role) => want({}, [role]),
    gives: (wanted) => [wanted.realm, wanted.roles],
    own: ['reader', [realm, ['reader']]],
    foreign: ['globex-admin', [realm, ['globex-admin']]],
  },
}

test('every reference that is looked up here has its row', () => {
  expect(Object.keys(rows).toSorted()).toEqual([...referencesOf('operator')].toSorted())
})

test.each(Object.entries(rows))("S-157 %s: what is another tenant's gives nothing", (_field, row) => {
  expect(row.gives(row.write(row.own[0]))).toEqual(row.own[1])
  expect(row.gives(row.write(row.foreign[0]))).toEqual(row.foreign[1])
})
