// Values that unit tests start from.
import { parserOf, subscription as subscriptionSchema, tenant as tenantSchema } from '@bulkhead/crds'
import type { Subscription, Tenant } from '@bulkhead/crds'
import type { Settings } from '../settings.ts'
import { wantTenant } from '../tenant/wanted.ts'
import { locate } from '../walls/identity/wanted.ts'
import type { Wanted } from '../tenant/wanted.ts'

export const settings: Settings = {
  operatorUser: 'bulkhead-operator',
  baseDomain: 'gw.test',
  systemNamespace: 'bulkhead-system',
  dataPlaneNamespace: 'bulkhead-data',
  publicUrl: 'https://id.test',
  identityShards: [{ name: 'default', publicUrl: 'https://id.test', maxRealms: 300 }],
  realms: {
    ...{ template: {}, keyRotationSeconds: 7_776_000, keyOverlapSeconds: 600 },
    keysLife: { staleAfterMs: 86_400_000, withdrawnAfterMs: 604_800_000 },
  },
  adminUrl: undefined,
  reservedHosts: new Set(['id.test', 'id.gw.test']),
  capacityRequestsPerSecond: 1000,
  quarantineMs: 60_000,
  defaultGuaranteed: 10,
  passwordMaxAgeMs: 2_592_000_000,
  databaseShards: [{ name: 'default', host: 'db.test', port: 5432, database: 'bulkhead', maxSchemas: 1000 }],
}

export const now = '2026-11-01T12:00:00Z'

interface SampleInput {
  readonly metadata?: object
  readonly spec?: object
  readonly status?: object
}

const metadata = {
  ...{ name: 'acme', uid: 'u1', resourceVersion: '1', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' },
  finalizers: ['bulkhead.dev/tenant'],
}

export function sampleTenant({ metadata: more = {}, spec = {}, status }: SampleInput = {}): Tenant {
  const raw = { metadata: { ...metadata, ...more }, spec: { displayName: 'Acme', ...spec }, ...(status && { status }) }
  return parsed(parserOf(tenantSchema)(raw))
}

export function sampleSubscription({ metadata: more = {}, spec = {}, status }: SampleInput = {}): Subscription {
  const own = {
    ...{ toolSetRef: { name: 'orders' }, planRef: { name: 'gold' }, application: { displayName: 'App' } },
    credentials: { secretName: 'app-credentials' },
  }
  const meta = { ...metadata, name: 'app', uid: 's1', namespace: 'tenant-acme', ...more }
  return parsed(parserOf(subscriptionSchema)({ metadata: meta, spec: { ...own, ...spec }, ...(status && { status }) }))
}

export function sampleWanted(tenant: Tenant = sampleTenant()): Wanted {
  const derived = wantTenant(tenant, settings)
  if (!derived.ok) throw new Error(derived.problem.message)
  return onDefaultShard(derived.wanted, settings)
}

/** The same, its realm and its schema placed where they are by default. */
export function onDefaultShard(wanted: Wanted, { identityShards, publicUrl, adminUrl }: Settings): Wanted {
  const where = { identityShards, publicUrl, adminUrl }
  const placement = { kind: 'placed', shard: 'default' } as const
  return {
    ...wanted,
    identity: locate(wanted.identity, wanted.owner, where, placement),
    database: { ...wanted.database, placement },
  }
}

export function parsed<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string },
): T {
  if (!result.ok) throw new Error(result.problem)
  return result.value
}
