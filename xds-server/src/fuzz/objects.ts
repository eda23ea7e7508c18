// Whole tenants as an API server would hold them: each object by its schema, and their names and hosts drawn from few, so
// that they refer to each other, miss each other, and collide.
import { customResourceDefinitions } from '@bulkhead/crds'
import { audienceOf, parseTenantName, realmOf, tenantId } from '@bulkhead/tenancy'
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { keys } from '../translate/testing/models.ts'
import { valueOf } from './schema.ts'
import type { Overrides, Schema } from './schema.ts'

type Fields = Readonly<Record<string, unknown>>
export type Kind = 'Tenant' | 'Tool' | 'ToolSet' | 'Plan' | 'Subscription' | 'AccessPolicy'
type Namespaced = Exclude<Kind, 'Tenant'>

/** An object as it comes from the API server. */
export interface RawObject {
  readonly kind: Kind
  readonly metadata: Fields & { readonly name: string; readonly uid: string }
  readonly spec: unknown
  readonly status?: unknown
}

/** One tenant's objects, and nothing of anybody else. */
export interface RawTenant {
  readonly tenant: RawObject
  readonly objects: readonly RawObject[]
}

/** What the names of backends stand for: usable, forbidden, both, and nothing. */
export const knownHosts: ReadonlyMap<string, readonly string[]> = new Map([
  ['backend.example', ['203.0.113.7', '203.0.113.8']],
  ['xn--mnchen-3ya.example', ['203.0.113.9']],
  ['inside.example', ['169.254.169.254', '10.0.0.1']],
  ['mixed.example', ['0.0.0.0', '203.0.113.9', '127.0.0.1']],
])
export const knownServices = ['ready', 'empty', 'foreign'] as const

const names = {
  Tool: ['orders', 'order', 'pets', 'a', '0', `${'t'.repeat(62)}9`],
  ToolSet: ['api', 'web', 's'.repeat(63)],
  Plan: ['gold', 'p'.repeat(63)],
  Subscription: ['app', 'app-2', 's'.repeat(63)],
  AccessPolicy: ['readers', 'a'.repeat(63)],
} as const satisfies Readonly<Record<Namespaced, readonly string[]>>

/** The hosts that a slot's tenant may be granted: no two slots share one, as no two tenants do. */
const hostsOf = (slot: string): readonly string[] => [
  ...[`${slot}.gw.test`, `api.${slot}.example`, `xn--mnchen-3ya.${slot}.example`],
  `${'h'.repeat(63)}.${`${'l'.repeat(61)}.`.repeat(2)}${slot}.example`,
]

const rarely = fc.nat({ max: 9 }).map((turn) => turn === 9)
const mostly = (...usual: readonly string[]) => {
  return (own: Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: own })
}
const only = (...values: readonly string[]) => {
  return () => fc.constantFrom(...values)
}

const addresses = ['127.0.0.1', '169.254.169.254', '0.0.0.0', '255.255.255.255']
// Said more than once, it is drawn more often.
const good = Array.from({ length: 6 }, () => 'backend.example')
const hostnames = (slot: string) => [...hostsOf(slot), `${slot.toUpperCase()}.GW.test.`, 'other.gw.test']

// Where the schema alone would make objects that never meet.
const overrides = (slot: string): Readonly<Record<Kind, Overrides>> => ({
  Tenant: {
    'quota.resources{}': only('2', '500m', '8Gi'),
    'network.egress[].cidr': only('203.0.113.0/24'),
    suspended: () => rarely,
  },
  Tool: {
    'backend.external.host': mostly(...good, ...knownHosts.keys(), ...addresses, 'MÜNCHEN.example', 'gone.example'),
    'backend.service.name': mostly('ready', ...knownServices),
  },
  ToolSet: { hostname: mostly(...hostnames(slot)), 'tools[]': mostly(...names.Tool, 'missing') },
  Plan: {},
  Subscription: {
    'toolSetRef.name': mostly(...names.ToolSet),
    'planRef.name': mostly(...names.Plan),
    'credentials.clientID': mostly('portal', 'portal-2'),
  },
  AccessPolicy: { 'targetRef.name': mostly(...names.ToolSet, ...names.Tool) },
})

const specs = new Map<string, Schema>(
  customResourceDefinitions().map(({ spec }) => {
    const [version] = spec['versions'] as readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[]
    const properties = version?.schema.openAPIV3Schema['properties'] as Readonly<Record<string, Schema>>
    return [String((spec['names'] as Fields)['kind']), properties['spec'] ?? {}]
  }),
)

const created = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')
const leaving = fc.oneof(
  { weight: 19, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant('2026-02-01T00:00:00Z') },
)
const mostOfAKind = 5
// Without tools that are published there is little to look at.
const fewest: Readonly<Record<Namespaced, number>> = { Tool: 3, ToolSet: 2, Plan: 0, Subscription: 0, AccessPolicy: 0 }

/** Any tenant for a slot; every object passes the schema and the rules of its CRD. */
export function anyTenant(slot: string): Arbitrary<RawTenant> {
  const own = overrides(slot)
  const kinds = Object.keys(names) as readonly Namespaced[]
  const objects = kinds.map((kind) => anyObjects(kind, valueOf(specs.get(kind) ?? {}, own[kind])))
  const name = fc.oneof(fc.constant(slot), fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/))
  const spec = valueOf(specs.get('Tenant') ?? {}, own.Tenant)
  return fc.record({ name, tenant: anyTenantObject(spec), objects: fc.tuple(...objects) }).map((made) => ({
    tenant: tenantOf(slot, made.name, made.tenant),
    objects: made.objects.flat().map((each) => objectOf(slot, made.name, each)),
  }))
}

interface Made {
  readonly kind: Namespaced
  readonly name: string
  readonly spec: unknown
  readonly created: string
  readonly leaving: string | undefined
}

function anyObjects(kind: Namespaced, spec: Arbitrary<unknown>): Arbitrary<readonly Made[]> {
  const one = fc.record({ kind: fc.constant(kind), name: fc.constantFrom(...names[kind]), spec, created, leaving })
  return fc.uniqueArray(one, { selector: ({ name }) => name, minLength: fewest[kind], maxLength: mostOfAKind })
}

// The operator's word of acceptance is there: without it a subscription opens nothing.
const accepted = [{ type: 'Accepted', status: 'True', observedGeneration: 1, reason: 'Accepted' }]

function objectOf(slot: string, tenant: string, { kind, name, spec, created, leaving }: Made): RawObject {
  const metadata = { ...metadataOf(name, `uid-${slot}-${kind}-${name}`), creationTimestamp: created }
  const status = kind === 'Subscription' ? { conditions: accepted } : undefined
  return { kind, metadata: { ...metadata, namespace: `tenant-${tenant}`, deletionTimestamp: leaving }, spec, status }
}

function metadataOf(name: string, uid: string) {
  return { name, uid, resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }
}

/** The uid of a slot's Tenant: always the same, so that its resources are replaced by the next case. */
export const uidOf = (slot: string): string => `uid-of-${slot}`

interface Granted {
  readonly spec: unknown
  readonly hosts: readonly number[]
  readonly guaranteed: number
  readonly isWithoutKeys: boolean
}

function anyTenantObject(spec: Arbitrary<unknown>): Arbitrary<Granted> {
  const hosts = fc.uniqueArray(fc.nat({ max: hostsOf('').length - 1 }), {
    minLength: 1,
    maxLength: hostsOf('').length,
    size: '+1',
  })
  return fc.record({ spec, hosts, guaranteed: fc.integer({ min: 0, max: 1_000_000 }), isWithoutKeys: rarely })
}

function tenantOf(slot: string, name: string, granted: Granted): RawObject {
  const metadata = metadataOf(name, uidOf(slot))
  return { kind: 'Tenant', metadata, spec: granted.spec, status: statusOf(slot, name, granted) }
}

function statusOf(slot: string, text: string, { spec, hosts, guaranteed, isWithoutKeys }: Granted): Fields {
  const [id, name] = [tenantId(uidOf(slot)), parseTenantName(text)]
  if (name === undefined) throw new Error(`"${text}" is no tenant name`)
  const realm = realmOf({ name, id })
  const { external } = ((spec as Fields)['identity'] ?? {}) as { external?: Fields }
  const ofRealm = { issuer: `https://id.gw.test/realms/${realm}`, audience: audienceOf(id), realm }
  const ofOwn = { issuer: external?.['issuer'], audiences: external?.['audiences'] }
  const hostnames = hosts.map((index) => hostsOf(slot)[index])
  const identity = { ...(external === undefined ? ofRealm : ofOwn), ...(isWithoutKeys ? {} : { jwks: keys }) }
  return { observedGeneration: 1, namespace: `tenant-${name}`, id, granted: { hostnames, guaranteed }, identity }
}
