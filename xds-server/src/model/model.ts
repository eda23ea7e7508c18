// model: what we understood of one tenant's objects. True unions, canonical values, no Kubernetes and no Envoy.
import type { LimitUnit, Problem } from '@bulkhead/crds'
import type { Host, TenantId, TenantName } from '@bulkhead/tenancy'

/** How a tool wants the path: below the tool set's base path, which the backend does not see. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string } // empty: the base path itself
  | { readonly kind: 'template'; readonly path: string } // `{name}` stands for one segment
  | { readonly kind: 'prefix'; readonly prefix: string } // on whole segments

export type Access = 'Public' | 'Authenticated' | 'Subscribed'

/** An object of the tenant, for blame and for reports. */
export interface ObjectRef {
  readonly kind: 'Tenant' | 'Tool' | 'ToolSet' | 'Plan' | 'Subscription' | 'AccessPolicy'
  readonly namespace?: string
  readonly name: string
  readonly uid: string
  readonly generation: number
}

/** An address that Envoy connects to. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** A backend with everything that makes its identity: two tools share a cluster only when all of it is equal. */
export interface Backend {
  /** Digest of the identity, never a user's string. */
  readonly digest: string
  readonly endpoints: readonly Endpoint[]
  /** The server name, which is a DNS name, and which the certificate must bear. */
  readonly tls: { readonly sni: string } | undefined
  /** What the backend sees as its host. */
  readonly authority: string
  readonly maxConnections: number
  readonly maxRequests: number
}

/** What becomes of a request that a route matches. A rule that cannot be applied is refused, never dropped. */
export type RouteAction =
  | {
      readonly kind: 'forward'
      readonly backend: Backend
      readonly timeoutMs: number
      readonly retries: number
      readonly forwardToken: boolean
    }
  | { readonly kind: 'refuse'; readonly problem: Problem }

/** One tool as one tool set publishes it. */
export interface Route {
  readonly toolSet: ObjectRef
  readonly tool: ObjectRef
  readonly host: Host
  /** Without trailing slash; empty for `/`. The backend does not see it. */
  readonly basePath: string
  /** The tool's own; `publicMatch` puts the base path before it. */
  readonly match: PathMatch
  /** Empty: all methods. */
  readonly methods: readonly string[]
  readonly access: Access
  readonly action: RouteAction
}

export interface PlanModel {
  readonly ref: ObjectRef
  readonly limits: readonly { readonly requests: number; readonly per: LimitUnit }[]
}

export interface SubscriptionModel {
  readonly ref: ObjectRef
  readonly clientId: string
  readonly toolSetUid: string
  readonly planUid: string
  readonly expiresAtSeconds: number | undefined
  readonly isSuspended: boolean
}

export interface PolicyModel {
  readonly ref: ObjectRef
  readonly targetUid: string
  readonly rules: readonly { readonly roles: readonly string[]; readonly methods: readonly string[] }[]
  /** The policy cannot be applied: its target is denied. */
  readonly isBroken: boolean
}

/** What the platform knows of the tenant's identity; undefined until the operator has fetched its keys. */
export interface IdentityModel {
  readonly issuer: string
  /** A token must name one of them. */
  readonly audiences: readonly string[]
  readonly jwks: string
  readonly maxTokenLifetimeSeconds: number
  /** The client is named by the first of these claims that a token has. */
  readonly clientClaims: readonly string[]
  /** Where the roles are in a token, from its top. */
  readonly rolesPath: readonly string[]
}

/** One tenant, understood. Everything in a fixed order, so that the same objects give the same bytes. */
export interface TenantModel {
  readonly ref: ObjectRef
  readonly name: TenantName
  readonly id: TenantId
  readonly namespace: string
  /** Granted hosts, sorted. Empty: the tenant is off the data plane. */
  readonly hosts: readonly Host[]
  readonly isSuspended: boolean
  readonly identity: IdentityModel | undefined
  readonly limits: { readonly guaranteed: number; readonly ceiling: number }
  /** In matching order is for translate to say; here sorted by host, path, tool set, tool. */
  readonly routes: readonly Route[]
  readonly plans: readonly PlanModel[]
  readonly subscriptions: readonly SubscriptionModel[]
  readonly policies: readonly PolicyModel[]
}

/** What was understood of one object, for its status. */
export interface Finding {
  readonly ref: ObjectRef
  /** Empty: the object is accepted. */
  readonly problems: readonly Problem[]
  /** Whether anything published depends on it. */
  readonly isReferenced: boolean
}

/** The outcome of building one tenant: the model is always usable, whatever the problems. */
export interface Built {
  readonly model: TenantModel
  readonly findings: readonly Finding[]
}
