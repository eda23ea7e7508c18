// references: what each text field of the API can point at. No field of a tenant's object leaves the tenant.

/** How far a field can point, and why no further. */
export const reaches = {
  namespace: "A name in the object's own namespace: no field beside it could name another one",
  host: 'A host: it counts only while it is granted to this very tenant',
  identity: "A name inside the tenant's own realm or issuer",
  outside: 'An address: only what the platform allows is ever connected to',
  platform: "The platform's word: a tenant's admin can neither read nor write the kind",
} as const

/** Who looks a reference up, and proves for each in a test that nothing of another tenant is found. */
export type Judge = 'xds-server' | 'operator' | 'rbac'

export interface Reference {
  readonly reach: keyof typeof reaches
  /** What is named. */
  readonly names: string
  readonly judges: readonly Judge[]
}

const platform = (names: string): Reference => ({ reach: 'platform', names, judges: ['rbac'] })

/** Every field that names something, by its path. */
export const references: Readonly<Record<string, Reference>> = {
  'Tenant.spec.hostnames[].host': platform('a host to be granted; one that another tenant holds is refused'),
  'Tenant.spec.hostnames[].certificateRef.name': platform("a Secret of the tenant's namespace"),
  'Tenant.spec.admins[].name': platform("a user, group or service account; bound in the tenant's namespace only"),
  'Tenant.spec.admins[].namespace': platform('the namespace of a service account'),
  'Tenant.spec.identity.realm.federation[].alias': platform("an identity provider of the tenant's realm"),
  'Tenant.spec.identity.realm.federation[].issuer': platform('an issuer'),
  'Tenant.spec.identity.realm.federation[].clientID': platform('a client at that issuer'),
  'Tenant.spec.identity.realm.federation[].secretRef.name': platform("a Secret of the tenant's namespace"),
  'Tenant.spec.identity.realm.federation[].secretRef.key': platform('a key of that Secret'),
  'Tenant.spec.identity.realm.shard': platform('a Keycloak of the platform'),
  'Tenant.spec.identity.external.issuer': platform('an issuer; it belongs to one tenant'),
  'Tenant.spec.identity.external.audiences[]': platform('an audience of that issuer'),
  'Tenant.spec.identity.external.jwksURI': platform('where the keys of that issuer are'),
  'Tenant.spec.identity.external.clientClaim': platform('a claim of its tokens'),
  'Tenant.spec.identity.external.rolesClaim': platform('a claim of its tokens'),
  'Tenant.spec.database.shard': platform('a database of the platform'),
  'Tenant.spec.quota.resources{key}': platform('a resource of the ResourceQuota'),
  'Tenant.spec.network.egress[].cidr': platform("an address range that the tenant's Pods may reach"),
  'Tenant.spec.adopt.id': platform('what a deleted Tenant of the same name left'),
  'Tool.spec.backend.external.host': { reach: 'outside', names: 'a backend', judges: ['xds-server'] },
  'Tool.spec.backend.external.tls.sni': {
    reach: 'outside',
    names: 'what that backend is called in its certificate',
    judges: ['xds-server'],
  },
  'Tool.spec.backend.service.name': { reach: 'namespace', names: 'a Service', judges: ['xds-server'] },
  'ToolSet.spec.hostname': { reach: 'host', names: 'a host', judges: ['xds-server'] },
  'ToolSet.spec.tools[]': { reach: 'namespace', names: 'a Tool', judges: ['xds-server'] },
  'Plan.spec.roles[]': { reach: 'identity', names: 'a realm role', judges: ['operator'] },
  'Subscription.spec.toolSetRef.name': { reach: 'namespace', names: 'a ToolSet', judges: ['xds-server', 'operator'] },
  'Subscription.spec.planRef.name': { reach: 'namespace', names: 'a Plan', judges: ['xds-server', 'operator'] },
  'Subscription.spec.credentials.secretName': { reach: 'namespace', names: 'a Secret', judges: ['operator'] },
  'Subscription.spec.credentials.clientID': {
    reach: 'identity',
    names: "a client at the tenant's own issuer",
    judges: ['xds-server'],
  },
  'AccessPolicy.spec.targetRef.name': { reach: 'namespace', names: 'a ToolSet or Tool', judges: ['xds-server'] },
  'AccessPolicy.spec.rules[].roles[]': { reach: 'identity', names: 'a realm role', judges: ['xds-server'] },
}

/** Every other text: it names nothing. */
export const plainTexts: readonly string[] = [
  'Tenant.spec.displayName',
  'Tenant.spec.identity.realm.accessTokenLifetime',
  'Tenant.spec.identity.realm.sessionIdleTimeout',
  'Tenant.spec.identity.realm.sessionMaxLifetime',
  'Tenant.spec.identity.realm.federation[].displayName',
  'Tenant.spec.identity.external.maxTokenLifetime',
  'Tenant.spec.quota.resources{}',
  'Tool.spec.http.path',
  'Tool.spec.http.pathPrefix',
  'Tool.spec.timeout',
  'ToolSet.spec.basePath',
  'Subscription.spec.application.displayName',
  'Subscription.spec.application.owner',
  'Subscription.spec.expiresAt',
]

/** The references that one judge answers for. */
export function referencesOf(judge: Judge): readonly string[] {
  return Object.entries(references).flatMap(([field, { judges }]) => (judges.includes(judge) ? [field] : []))
}
