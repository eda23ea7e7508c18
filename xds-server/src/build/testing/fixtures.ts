// Objects for tests of build/, made through the very schemas that read them from the API server.
import { accessPolicy, plan, subscription, tenant, tool, toolSet } from '@bulkhead/crds'
import type { AccessPolicy, Plan, Subscription, Tenant, Tool, ToolSet } from '@bulkhead/crds'
import { addressRanges } from '@bulkhead/runtime'
import { audienceOf, parseTenantName, realmOf, tenantId } from '@bulkhead/tenancy'
import type { BuildSettings, TenantInput } from '../input.ts'

type Fields = Readonly<Record<string, unknown>>

interface MetadataFields {
  readonly uid?: string
  readonly created?: string
  readonly namespace?: string
  readonly deletionTimestamp?: string
}

const defaultCreated = '2026-01-01T00:00:00Z'

function metadataOf(name: string, fields: MetadataFields = {}): Fields {
  const { uid = `uid-${name}`, created = defaultCreated, namespace = 'tenant-acme', deletionTimestamp } = fields
  return { name, namespace, uid, resourceVersion: '1', generation: 1, creationTimestamp: created, deletionTimestamp }
}

export const acmeUid = 'aaaaaaaa-0000-4000-8000-000000000001'
export const acmeId = tenantId(acmeUid)

// The public key of RFC 7515, appendix A.3.
const point = {
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
export const jwks = JSON.stringify({ keys: [{ kty: 'EC', kid: 'one', crv: 'P-256', ...point }] })

function statusOf(name: string, uid: string): Fields {
  const id = tenantId(uid)
  const parsed = parseTenantName(name)
  if (parsed === undefined) throw new Error(`"${name}" is no tenant name`)
  const realm = realmOf({ name: parsed, id })
  return {
    observedGeneration: 1,
    namespace: `tenant-${name}`,
    id,
    granted: { hostnames: [`${name}.gw.test`], guaranteed: 100 },
    identity: { issuer: `https://idp.test/realms/${realm}`, audience: audienceOf(id), realm, jwks },
    conditions: [
      { type: 'Granted', status: 'True', observedGeneration: 1, reason: 'Granted' },
      { type: 'IdentityReady', status: 'True', observedGeneration: 1, reason: 'IdentityReady' },
    ],
  }
}

interface TenantFields extends MetadataFields {
  readonly spec?: Fields
  readonly status?: Fields
}

export function aTenant(name = 'acme', { spec = {}, status = {}, ...fields }: TenantFields = {}): Tenant {
  const uid = fields.uid ?? (name === 'acme' ? acmeUid : `uid-of-${name}`)
  const metadata = { ...metadataOf(name, { ...fields, uid }), namespace: undefined }
  return tenant.parse({ metadata, spec: { displayName: name, ...spec }, status: { ...statusOf(name, uid), ...status } })
}

export function aTool(name: string, spec: Fields = {}, fields?: MetadataFields): Tool {
  const backend = { type: 'External', external: { host: 'backend.example', port: 8080 } }
  const http = { methods: ['GET'], path: `/${name}` }
  return tool.parse({ metadata: metadataOf(name, fields), spec: { backend, http, ...spec } })
}

export function aToolSet(name: string, tools: readonly string[], spec: Fields = {}, fields?: MetadataFields): ToolSet {
  return toolSet.parse({ metadata: metadataOf(name, fields), spec: { hostname: 'acme.gw.test', tools, ...spec } })
}

export function aPlan(name: string, limits: readonly Fields[] = [], fields?: MetadataFields): Plan {
  return plan.parse({ metadata: metadataOf(name, fields), spec: { limits } })
}

const accepted = [{ type: 'Accepted', status: 'True', observedGeneration: 1, reason: 'Accepted' }]

export function aSubscription(
  name: string,
  spec: Fields = {},
  status: Fields = { conditions: accepted },
  fields?: MetadataFields,
): Subscription {
  return subscription.parse({
    metadata: metadataOf(name, fields),
    spec: {
      toolSetRef: { name: 'api' },
      planRef: { name: 'gold' },
      application: { displayName: name },
      credentials: { type: 'OAuth2', secretName: name },
      ...spec,
    },
    status,
  })
}

export function aPolicy(name: string, target: Fields, rules: readonly Fields[], fields?: MetadataFields): AccessPolicy {
  return accessPolicy.parse({ metadata: metadataOf(name, fields), spec: { targetRef: target, rules } })
}

export function anInput(fields: Partial<TenantInput> = {}): TenantInput {
  return {
    tenant: aTenant(),
    tools: [],
    toolSets: [],
    plans: [],
    subscriptions: [],
    accessPolicies: [],
    invalid: [],
    resolutions: { external: new Map([['backend.example', ['203.0.113.7']]]), services: new Map() },
    ...fields,
  }
}

export const settings: BuildSettings = {
  defaultRequestsPerSecond: { guaranteed: 10, ceiling: 50 },
  externalBackends: { ranges: addressRanges(['203.0.113.0/24', '127.0.0.0/8']), allowedPorts: undefined },
}
