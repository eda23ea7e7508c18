import { z } from 'zod'
import { conditions, observedGeneration } from './condition.ts'
import { duration, hostText, label, setOf, text, whole, withRules } from './fields.ts'

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

const realm = z.object({
  accessTokenLifetime: withRules(duration.default('5m').describe('How long an access token lives'), [
    {
      rule: "duration(self) >= duration('60s') && duration(self) <= duration('1h')",
      message: 'accessTokenLifetime must be between 60s and 1h',
    },
  ]),
})

const identity = z.object({
  type: z.enum(['Realm']).default('Realm'),
  realm: realm.prefault({}),
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

export const tenantSpec = z.object({
  displayName: text(128).min(1),
  hostnames: z
    .array(z.object({ host: hostText }))
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['host'] })
    .default([])
    .describe('Hosts asked for; what is granted stands in the status. <name>.<base domain> comes by itself'),
  admins: z.array(admin).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).default([]),
  identity: identity.prefault({}),
  database: z.object({ connectionLimit: whole(1, 1000).default(20) }).prefault({}),
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
})

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
      audience: text(128).optional(),
      realm: text(63).optional(),
      jwks: text(16_384).optional().describe('The public keys of the issuer, as JSON text'),
    })
    .optional(),
  database: z
    .object({ schema: text(63).optional(), role: text(63).optional(), version: whole(0, 1_000_000).optional() })
    .optional(),
  dataPlane: z.object({ programmed: whole(0, 1_000_000).optional(), total: whole(0, 1_000_000).optional() }).optional(),
  conditions: conditions.optional(),
})
