// Tenants for the tests of translation: small, whole, and each one's to change in a single place.
import { audienceOf, namespaceOf, parseTenantName, tenantId } from '@bulkhead/tenancy'
import type { Host, TenantName } from '@bulkhead/tenancy'
import type { Backend, IdentityModel, ObjectRef, Route, TenantModel } from '../../model/model.ts'
import type { FleetSettings, IdentityShard } from '../settings.ts'

export const settings: FleetSettings = {
  listener: { address: '127.0.0.1', port: 8443 },
  trustedHops: 0,
  capacityRequestsPerSecond: 5000,
  sourceRequestsPerSecond: 200,
  policyTimeoutMs: 200,
  rateLimitTimeoutMs: 100,
  backendRootsFile: '/etc/ssl/certs/ca-certificates.crt',
  identity: { shards: [], realmRequestsPerSecond: 25, otherRequestsPerSecond: 20, themeRequestsPerSecond: 200 },
}

export function nameOf(text: string): TenantName {
  const name = parseTenantName(text)
  if (name === undefined) throw new Error(`"${text}" is no tenant name`)
  return name
}

export const hostOf = (text: string): Host => text as Host

/** An identity provider on loopback. */
export function identityShard(port: number): IdentityShard {
  return {
    ...{ name: 'default', publicUrl: 'https://id.gw.test', host: hostOf('id.gw.test') },
    ...{ backend: { host: '127.0.0.1', port }, tls: undefined, maxConnections: 256 },
  }
}

export function object(kind: ObjectRef['kind'], name: string): ObjectRef {
  return { kind, name, uid: `uid-${name}`, generation: 1 }
}

export const backend: Backend = {
  digest: 'b1',
  endpoints: [{ address: '10.0.0.1', port: 8080 }],
  tls: undefined,
  authority: 'orders.internal',
  maxConnections: 100,
  maxRequests: 200,
}

export function forwardTo(change: Partial<Backend> = {}): Extract<Route['action'], { kind: 'forward' }> {
  return { kind: 'forward', backend: { ...backend, ...change }, timeoutMs: 15_000, retries: 0, forwardToken: false }
}

export const refused: Route['action'] = {
  kind: 'refuse',
  problem: { reason: 'BackendNotFound', field: 'spec.backend', message: 'the Service "orders" has no ready Pod' },
}

/** A route of the tool set `api` at acme.gw.test, named after its tool. */
export function route(tool: string, change: Partial<Route> = {}): Route {
  return {
    toolSet: object('ToolSet', 'api'),
    tool: object('Tool', tool),
    host: hostOf('acme.gw.test'),
    basePath: '',
    match: { kind: 'exact', path: `/${tool}` },
    methods: [],
    access: 'Subscribed',
    action: forwardTo(),
    ...change,
  }
}

// The public key of RFC 7515, appendix A.3.
export const keys = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      kid: '1',
      alg: 'ES256',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
  ],
})

/** The identity of a tenant whose realm is there. */
export function identityOf(text: string): IdentityModel {
  const id = tenantId(`uid of ${text}`)
  return {
    issuer: `https://id.test/realms/${text}-${id}`,
    audiences: [audienceOf(id)],
    jwks: keys,
    maxTokenLifetimeSeconds: 3600,
    clientClaims: ['azp'],
    rolesPath: ['realm_access', 'roles'],
  }
}

/** The identity of a tenant that brings its own issuer. */
export const ownIdentity: IdentityModel = {
  issuer: 'https://idp.initech.example/oauth2',
  audiences: ['invoices', 'orders'],
  jwks: keys,
  maxTokenLifetimeSeconds: 7260,
  clientClaims: ['azp', 'client_id'],
  rolesPath: ['realm_access', 'roles'],
}

/** A tenant in good health, with one host `<name>.gw.test`. */
export function tenant(text: string, change: Partial<TenantModel> = {}): TenantModel {
  const name = nameOf(text)
  const id = tenantId(`uid of ${text}`)
  return {
    ref: object('Tenant', text),
    name,
    id,
    namespace: namespaceOf(name),
    hosts: [hostOf(`${text}.gw.test`)],
    isSuspended: false,
    identity: identityOf(text),
    limits: { guaranteed: 100, ceiling: 500 },
    routes: [],
    plans: [],
    subscriptions: [],
    policies: [],
    ...change,
  }
}
