import { z } from 'zod'
import { conditions, observedGeneration } from './condition.ts'
import { duration, hostText, label, localReference, setOf, text, whole, withRules } from './fields.ts'

const admin = withRules(
  z.object({
    kind: z.enum(['User', 'Group', 'ServiceAccount']),
    name: text(253).min(1),
    namespace: label().optional().describe('Only for a ServiceAccount, and there it is needed'),
  }),
  [
    {
      rule: "(self.kind == 'ServiceAccount') == has(self.namespace)",
      message: 'namespace is needed for a ServiceAccount and not allowed for a User or Group',
    },
  ],
)

const lifetime = (name: string, fallback: string, [min, max]: readonly [string, string]) =>
  withRules(duration.default(fallback), [
    {
      rule: `duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
      message: `${name} must be between ${min} and ${max}`,
    },
  ])

const httpsUrl = text(512).regex(/^https:\/\/[^ \t\n\f\r@#?]+$/)

const federated = z.object({
  alias: label(32).describe('The name of the provider in the realm; part of its redirect address'),
  type: z.enum(['OIDC']).default('OIDC'),
  displayName: text(128).optional().describe('What people see on the login page'),
  issuer: httpsUrl.describe(
    "The provider's issuer; its discovery document is fetched by the operator, never by Keycloak",
  ),
  clientID: text(255).min(1),
  secretRef: z
    .object({ name: label(), key: text(253).min(1).default('client-secret') })
    .describe("A Secret of the tenant's namespace that holds the client's secret"),
})

const realm = z.object({
  accessTokenLifetime: lifetime('accessTokenLifetime', '5m', ['60s', '1h']).describe('How long an access token lives'),
  sessionIdleTimeout: lifetime('sessionIdleTimeout', '30m', ['60s', '24h']).describe('Until an unused session ends'),
  sessionMaxLifetime: lifetime('sessionMaxLifetime', '10h', ['60s', '720h']).describe('Until every session ends'),
  mfa: z
    .enum(['Optional', 'Required'])
    .default('Optional')
    .describe('Whether each user must log in with a second factor, or may'),
  passwordMinLength: whole(8, 40).default(12),
  federation: z
    .array(federated)
    .max(8)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['alias'] })
    .default([])
    .describe('Other identity providers whose people may log in'),
  shard: label(32)
    .optional()
    .describe('Which Keycloak holds the realm; left out, the platform chooses. It stays for life'),
})

const external = z.object({
  issuer: httpsUrl.describe('The `iss` of its tokens, exactly; it belongs to one tenant, and is none of ours'),
  audiences: z
    .array(text(255).min(1))
    .min(1)
    .max(8)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('A token must name one of them in `aud`'),
  jwksURI: httpsUrl.describe('Where its keys are; fetched by the operator, never from a private address'),
  clientClaim: text(64)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .optional()
    .describe('The claim that names the client, like `cid` or `appid`; left out: `azp`, or `client_id` without one'),
  rolesClaim: text(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_.:/-]*$/)
    .optional()
    .describe(
      'The claim at the top of a token that lists its roles, like `roles` or `groups`; left out: `realm_access.roles`',
    ),
  maxTokenLifetime: lifetime('maxTokenLifetime', '2h', ['60s', '24h']).describe(
    'A token that lives longer than this, from `iat` to `exp`, is refused',
  ),
})

const identity = z.object({
  type: z.enum(['Realm', 'External']).default('Realm').describe('A realm of ours, or an issuer of your own'),
  realm: realm.prefault({}).describe('Only for type Realm'),
  external: external.optional(),
})

const database = z.object({
  shard: label(32)
    .optional()
    .describe('Which database holds the schema; left out, the platform chooses. It stays for life'),
  channel: z.enum(['Stable', 'Canary']).default('Stable').describe('Canary schemas are migrated before all others'),
  connectionLimit: whole(1, 1000).default(20),
})

const requestsPerSecond = withRules(
  z.object({
    guaranteed: whole(0, 1_000_000).describe('Requests a second that nobody else can take away'),
    ceiling: whole(1, 1_000_000).describe('Requests a second beyond which everything is refused'),
  }),
  [{ rule: 'self.guaranteed <= self.ceiling', message: 'guaranteed must not be above ceiling' }],
)

const quantity = withRules(text(32), [
  {
    rule: "isQuantity(self) && !quantity(self).isLessThan(quantity('0'))",
    message: 'must be a quantity like 2, 500m or 8Gi',
  },
])

const quota = z.object({
  tools: whole(0, 5000).default(200),
  toolSets: whole(0, 1000).default(50),
  plans: whole(0, 1000).default(50),
  subscriptions: whole(0, 20_000).default(1000),
  accessPolicies: whole(0, 1000).default(100),
  resources: withRules(z.record(text(128), quantity).meta({ maxProperties: 32 }), [
    // A structural schema bounds no key.
    { rule: 'self.all(key, size(key) <= 128)', message: 'a resource name has at most 128 characters' },
  ])
    .optional()
    .describe('More limits of the ResourceQuota, like requests.cpu'),
})

const cidr = withRules(text(43), [{ rule: 'isCIDR(self)', message: 'must be an address range like 203.0.113.0/24' }])

const egress = z.object({
  cidr,
  ports: z.array(whole(1, 65535)).min(1).max(16).meta({ 'x-kubernetes-list-type': 'set' }),
})

const hostname = z.object({
  host: hostText,
  certificateRef: localReference
    .optional()
    .describe(
      "A Secret of type kubernetes.io/tls in the tenant's namespace, whose certificate stands for the host; " +
        "left out, the platform's own is used",
    ),
})

export const tenantSpec = withRules(
  z.object({
    displayName: text(128).min(1),
    hostnames: z
      .array(hostname)
      .max(16)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['host'] })
      .default([])
      .describe('Hosts asked for; what is granted stands in the status. <name>.<base domain> comes by itself'),
    admins: z.array(admin).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).default([]),
    identity: identity.prefault({}),
    database: database.prefault({}),
    limits: z.object({ requestsPerSecond: requestsPerSecond.optional() }).prefault({}),
    quota: quota.prefault({}),
    network: z
      .object({ egress: z.array(egress).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).default([]) })
      .prefault({})
      .describe("Where the namespace's Pods may connect to, on top of DNS"),
    suspended: z.boolean().default(false).describe('All doors shut: every request is answered 403'),
    deletionPolicy: z
      .enum(['Retain', 'Delete'])
      .default('Retain')
      .describe('What becomes of the realm and the schema when the Tenant is deleted'),
    adopt: withRules(z.object({ id: text(13).regex(/^[a-z2-7]{13}$/) }), [
      { rule: 'self == oldSelf', message: 'adopt is immutable: make a new Tenant' },
    ])
      .optional()
      .describe('Takes up what a deleted Tenant of the same name left: the id that its status had'),
  }),
  [
    { rule: 'has(self.adopt) == has(oldSelf.adopt)', message: 'adopt is immutable: make a new Tenant' },
    // Of the whole, for a default is checked before the defaults inside it are there.
    {
      rule: "(self.identity.type == 'External') == has(self.identity.external)",
      message: 'identity.external is needed for type External and not allowed for type Realm',
    },
    {
      rule: 'self.identity.type == oldSelf.identity.type',
      message: 'identity.type is immutable: make a new Tenant',
    },
  ],
)

export const tenantStatus = z.object({
  observedGeneration: observedGeneration.optional(),
  namespace: label().optional(),
  id: text(13).optional(),
  granted: z
    .object({ hostnames: setOf(text(253), 17).optional(), guaranteed: whole(0, 1_000_000).optional() })
    .optional(),
  identity: z
    .object({
      issuer: text(512).optional(),
      audience: text(128).optional().describe('What a token of our realm must name'),
      audiences: setOf(text(255), 8).optional().describe('What a token must name one of, from an issuer of your own'),
      realm: text(63).optional(),
      shard: text(32).optional(),
      jwks: text(16_384).optional().describe('The public keys of the issuer, as JSON text'),
      jwksFailingSince: z
        .string()
        .max(40)
        .meta({ format: 'date-time' })
        .optional()
        .describe('Since when its keys cannot be fetched; absent while they can'),
    })
    .optional(),
  database: z
    .object({
      schema: text(63).optional(),
      role: text(63).optional(),
      shard: text(32).optional(),
      version: whole(0, 1_000_000).optional(),
    })
    .optional(),
  dataPlane: z.object({ programmed: whole(0, 1_000_000).optional(), total: whole(0, 1_000_000).optional() }).optional(),
  conditions: conditions.optional(),
})
