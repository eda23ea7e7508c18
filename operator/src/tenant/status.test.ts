import { findCondition } from '@bulkhead/crds'
import { kstatus } from '@bulkhead/crds/testing'
import type { Kstatus } from '@bulkhead/crds/testing'
import { expect, test } from 'vitest'
import {
  allAsWanted,
  foreign,
  grantsOf,
  jwks,
  namespaceAsWanted,
  nothingYet,
  openRealm,
  seen,
} from '../testing/observations.ts'
import { now, sampleTenant, sampleWanted } from '../testing/samples.ts'
import type { Observed } from './observed.ts'
import { buildStatus, withdrawnStatus } from './status.ts'

const programmed = [{ type: 'Programmed', status: 'True', observedGeneration: 3 }]
const away = { kind: 'unavailable', error: new Error('connect ECONNREFUSED') } as const

function statusOf(observed: Partial<Observed>, tenant = sampleTenant(), faults = new Map<keyof Observed, unknown>()) {
  const wanted = sampleWanted(tenant)
  const result = buildStatus({
    tenant,
    wanted,
    observed: { ...allAsWanted(wanted), ...observed },
    faults,
    refused: [],
    now,
  })
  const reasons = Object.fromEntries(
    (result.status.conditions ?? []).map((c) => [c.type, `${c.status}/${c.reason ?? ''}`]),
  )
  return { ...result, reasons }
}

const wanted = sampleWanted()
const walls = {
  Granted: 'True/Granted',
  NamespaceReady: 'True/NamespaceReady',
  IdentityReady: 'True/IdentityReady',
  DatabaseReady: 'True/DatabaseReady',
}

test('a tenant whose walls stand waits for the data plane', () => {
  expect(statusOf({}).reasons).toEqual({
    ...walls,
    ...{ Ready: 'False/NotProgrammed', Reconciling: 'True/Progressing' },
  })
})

test('a tenant is Ready when the data plane serves this very generation', () => {
  expect(statusOf({}, sampleTenant({ status: { conditions: programmed } })).reasons).toEqual({
    ...walls,
    Ready: 'True/Ready',
  })
  const old = sampleTenant({ status: { conditions: [{ ...programmed[0], observedGeneration: 2 }] } })
  expect(statusOf({}, old).reasons['Ready']).toBe('False/NotProgrammed')
})

test.each<readonly [string, Partial<Observed>, Record<string, string>]>([
  [
    'a new tenant is Reconciling',
    nothingYet(wanted),
    { Granted: 'False/Progressing', IdentityReady: 'False/Progressing', Reconciling: 'True/Progressing' },
  ],
  [
    'S-175 a foreign namespace is NameTaken, and a person must act',
    { namespace: seen({ kind: 'foreign' }) },
    { NamespaceReady: 'False/NameTaken', Ready: 'False/NameTaken', Stalled: 'True/NameTaken' },
  ],
  [
    'a foreign object inside the namespace is NameTaken',
    { namespace: seen({ ...namespaceAsWanted(wanted), invitation: foreign }) },
    { NamespaceReady: 'False/NameTaken', Stalled: 'True/NameTaken' },
  ],
  [
    'S-175 a foreign realm is NameTaken',
    { identity: seen({ ...openRealm(wanted), realm: { kind: 'foreign' } }) },
    { IdentityReady: 'False/NameTaken', Stalled: 'True/NameTaken' },
  ],
  [
    'F-46 a new tenant without Keycloak says so',
    { identity: away },
    { IdentityReady: 'False/IdentityProviderUnavailable', Reconciling: 'True/Progressing' },
  ],
  [
    'F-47 keys that cannot be used are told of',
    { identity: seen({ ...openRealm(wanted), keys: { ok: false, problem: 'no' } }) },
    { IdentityReady: 'False/JwksInvalid', Stalled: 'True/JwksInvalid' },
  ],
  [
    'a host that is refused is a mistake of a person',
    { grants: seen({ ...grantsOf(wanted), refusedHosts: ['api.acme.example'] }) },
    { Granted: 'False/HostnameNotGranted', Stalled: 'True/HostnameNotGranted' },
  ],
  [
    'a share that does not fit is a mistake of a person',
    { grants: seen({ ...grantsOf(wanted), missing: 5 }) },
    { Granted: 'False/CapacityExceeded', Stalled: 'True/CapacityExceeded' },
  ],
])('%s', (_title, observed, reasons) => {
  expect(statusOf(observed).reasons).toMatchObject(reasons)
})

test('F-46 a tenant that stood stays as it was while Keycloak and Postgres are away', () => {
  const before = statusOf({}, sampleTenant({ status: { conditions: programmed } })).status
  const conditions = [...(before.conditions ?? []), ...programmed]
  const standing = sampleTenant({ status: { ...before, conditions } })
  const after = statusOf({ identity: away, database: away, grants: away }, standing)
  expect(after.reasons).toEqual({ ...walls, Ready: 'True/Ready' })
  expect(after.waiting).toBe(false)
  expect(after.status.identity?.jwks).toBe(jwks)
  expect(after.status.granted).toEqual(before.granted)
})

test('F-47 the last good keys stay when new ones cannot be used', () => {
  const known = sampleTenant({ status: { identity: { jwks: 'old' } } })
  const bad = seen({ ...openRealm(wanted), keys: { ok: false, problem: 'no' } as const })
  expect(statusOf({ identity: bad }, known).status.identity?.jwks).toBe('old')
})

test("S-175 a foreign realm's keys are never published", () => {
  const foreignRealm = seen({ ...openRealm(wanted), realm: { kind: 'foreign' } as const })
  expect(statusOf({ identity: foreignRealm }).status.identity).toBeUndefined()
})

test("S-175 a foreign namespace is not said to be the tenant's; a foreign object in its own changes nothing of that", () => {
  const known = sampleTenant({ status: { namespace: 'tenant-acme' } })
  const invitation = seen({ ...namespaceAsWanted(wanted), invitation: foreign })
  const namespaces = [seen({ kind: 'foreign' } as const), away, invitation].map(
    (namespace) => statusOf({ namespace }, known).status.namespace,
  )
  expect(namespaces).toEqual([undefined, 'tenant-acme', 'tenant-acme'])
})

test('what was judged and not written is not granted', () => {
  const judged = seen({ ...grantsOf(wanted), take: ['acme.gw.test'], changes: true })
  expect(statusOf({ grants: judged }).status.granted).toBeUndefined()
})

test('traffic is cut from the moment that is said, whether or not there was a grant before', () => {
  const refused = { type: 'Granted', status: 'False', reason: 'HostnameNotGranted', lastTransitionTime: now }
  const cut = withdrawnStatus(sampleTenant({ status: { conditions: [refused] } }), '2026-12-01T00:00:00Z')
  expect(cut.granted).toEqual({ hostnames: [], guaranteed: 0 })
  expect(findCondition(cut.conditions, 'Granted')).toMatchObject({
    reason: 'Deleting',
    lastTransitionTime: '2026-12-01T00:00:00Z',
  })
  expect(withdrawnStatus(sampleTenant({ status: cut }), '2026-12-01T00:00:09Z')).toEqual(cut)
})

test('a suspended tenant says so', () => {
  const tenant = sampleTenant({ spec: { suspended: true } })
  const shut = seen({ ...openRealm(wanted), realm: { kind: 'disabled' } as const, keys: undefined })
  expect(statusOf({ identity: shut }, tenant).reasons).toMatchObject({
    IdentityReady: 'False/Suspended',
    DatabaseReady: 'False/Suspended',
    Ready: 'False/Suspended',
  })
})

test("what the API server refuses to make out of the spec is the user's to mend, in its words", () => {
  const message = 'spec.hard[requests.cpu]: Invalid value: "many"'
  const refused = [{ reason: 'InvalidSpec', field: 'spec.quota.resources', message } as const]
  const result = buildStatus({
    ...{ tenant: sampleTenant(), wanted, observed: allAsWanted(wanted), faults: new Map(), refused, now },
  })
  expect(result).toMatchObject({ problems: refused, waiting: false })
  for (const type of ['NamespaceReady', 'Ready', 'Stalled']) {
    const condition = findCondition(result.status.conditions, type)
    expect(condition?.reason).toBe('InvalidSpec')
    expect(condition?.message).toContain(`spec.quota.resources: ${message}`)
  }
})

test("a message never holds a fault's own words", () => {
  const { status } = statusOf({ identity: away }, sampleTenant(), new Map([['database', new Error('password=secret')]]))
  expect(JSON.stringify(status)).not.toMatch(/ECONNREFUSED|secret/)
})

test('the same observation makes the same status, and a transition time moves only with its status', () => {
  const first = statusOf({}).status
  const later = buildStatus({
    tenant: sampleTenant({ status: first }),
    wanted,
    observed: allAsWanted(wanted),
    faults: new Map(),
    refused: [],
    now: '2027-01-01T00:00:00Z',
  })
  expect(later.status).toEqual(first)
  expect(findCondition(later.status.conditions, 'Ready')?.lastTransitionTime).toBe(now)
})

const served = { status: { conditions: programmed } }
const refusedHost = { grants: seen({ ...grantsOf(wanted), refusedHosts: ['api.acme.example'] }) }
const shutRealm = { identity: seen({ ...openRealm(wanted), realm: { kind: 'disabled' } as const, keys: undefined }) }

test.each<readonly [string, Partial<Observed>, Parameters<typeof sampleTenant>[0], Kstatus]>([
  ['stands and is served is Current', {}, served, 'Current'],
  ['stands and is not served yet is InProgress', {}, {}, 'InProgress'],
  ['is being built is InProgress', nothingYet(wanted), {}, 'InProgress'],
  ['has a mistake while it is being built is InProgress', { ...nothingYet(wanted), ...refusedHost }, {}, 'InProgress'],
  ['has a mistake and nothing left to build is Failed', refusedHost, served, 'Failed'],
  ['meets a foreign namespace is Failed', { namespace: seen({ kind: 'foreign' }) }, served, 'Failed'],
  ['waits for Keycloak is InProgress', { identity: away }, served, 'InProgress'],
  ['is suspended, and shut, is InProgress', shutRealm, { ...served, spec: { suspended: true } }, 'InProgress'],
  [
    'is suspended with a mistake is Failed',
    { ...shutRealm, ...refusedHost },
    { ...served, spec: { suspended: true } },
    'Failed',
  ],
])('to kstatus a tenant that %s', (_title, observed, sample, expected) => {
  const tenant = sampleTenant(sample)
  const { status } = statusOf(observed, tenant)
  const judge = (generation: number) =>
    kstatus({
      metadata: { generation },
      status: { ...status, conditions: [...(status.conditions ?? []), ...programmed] },
    })
  expect(judge(3)).toBe(expected)
  expect(judge(4)).toBe('InProgress')
  const progress = (status.conditions ?? []).filter(({ type }) => type === 'Reconciling' || type === 'Stalled')
  expect(progress.length).toBeLessThanOrEqual(1)
  if (tenant.spec.suspended && expected === 'InProgress') expect(progress).toEqual([])
})
