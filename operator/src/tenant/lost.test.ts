import { expect, test } from 'vitest'
import { allAsWanted, absent, jwks, nothingYet, seen } from '../testing/observations.ts'
import { now, sampleTenant, sampleWanted } from '../testing/samples.ts'
import { namespaceLoss, recreateAnnotation } from './lost.ts'
import { plan } from './plan.ts'
import { buildStatus } from './status.ts'
import type { Tenant } from '@bulkhead/crds'

const stood: Tenant['status'] = { identity: { jwks }, database: { version: 1 } }
const tenantWith = (status: Tenant['status'], annotations: Record<string, string> = {}): Tenant => {
  const tenant = sampleTenant()
  return { ...tenant, metadata: { ...tenant.metadata, annotations }, status }
}

function judged(tenant: Tenant) {
  const wanted = sampleWanted(tenant)
  const whole = allAsWanted(wanted)
  const identity = seen({ secret: absent, realm: { kind: 'absent' as const }, keys: undefined })
  const observed = { ...whole, identity, database: nothingYet(wanted).database }
  const kinds = plan(wanted, observed).map(({ kind }) => kind)
  const { status, isStuck } = buildStatus({ tenant, wanted, observed, faults: new Map(), refused: [], now })
  const reasons = (status.conditions ?? []).map(({ type, reason }) => [type, reason])
  return { kinds, isStuck, status, reasons: Object.fromEntries(reasons) as Record<string, string> }
}

test('a realm and a schema that were never there are made', () => {
  expect(judged(tenantWith(undefined)).kinds).toEqual(['create-realm', 'prepare-database'])
})

test('a realm and a schema that stood and are gone are told of, and never made again by themselves', () => {
  const { kinds, reasons, isStuck, status } = judged(tenantWith(stood))
  expect(kinds).toEqual([])
  expect(isStuck).toBe(true)
  expect(reasons).toMatchObject({ IdentityReady: 'RealmLost', DatabaseReady: 'SchemaLost', Stalled: 'RealmLost' })
  // By these we know in the next look, too, that there was something.
  expect(status.identity?.jwks).toBe(jwks)
  expect(status.database?.version).toBe(1)
})

test('a person may have an empty one made', () => {
  expect(judged(tenantWith(stood, { [recreateAnnotation]: 'schema' })).kinds).toEqual(['prepare-database'])
  expect(judged(tenantWith(stood, { [recreateAnnotation]: 'realm, schema' })).kinds).toEqual([
    'create-realm',
    'prepare-database',
  ])
})

test.each([
  ['stood and is gone is told of', { namespace: 'tenant-acme' }, 'absent', 'NamespaceLost'],
  ['is gone while the API server is away is not gone', { namespace: 'tenant-acme' }, 'away', undefined],
  ['never stood is none that is lost', {}, 'absent', undefined],
  [
    'was told of when its deletion began is told of once',
    {
      namespace: 'tenant-acme',
      conditions: [{ type: 'NamespaceReady', status: 'False', reason: 'NamespaceLost' }],
    },
    'absent',
    undefined,
  ],
] as const)('S-191 a namespace that %s', (_title, status, namespace, reason) => {
  const tenant = sampleTenant({ status })
  const wanted = sampleWanted(tenant)
  const unseen = { kind: 'unavailable', error: new Error('no') } as const
  const observed = {
    ...allAsWanted(wanted),
    namespace: namespace === 'away' ? unseen : seen({ kind: 'absent' as const }),
  }
  expect(namespaceLoss(tenant, wanted.owner.name, observed)?.reason).toBe(reason)
})

test('S-191 a namespace that somebody deletes is said to be made again, which goes on by itself', () => {
  const tenant = sampleTenant()
  const wanted = sampleWanted(tenant)
  const observed = { ...allAsWanted(wanted), namespace: seen({ kind: 'terminating' as const, isOwn: true }) }
  const { status, isStuck, waiting } = buildStatus({
    ...{ tenant, wanted, observed, faults: new Map(), refused: [], now },
  })
  const reasons = Object.fromEntries((status.conditions ?? []).map(({ type, reason }) => [type, reason]))
  expect(reasons).toMatchObject({ NamespaceReady: 'NamespaceLost', Reconciling: 'Progressing' })
  expect({ isStuck, waiting }).toEqual({ isStuck: false, waiting: true })
})
