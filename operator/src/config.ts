import { postgresOptions } from '@bulkhead/database'
import { keycloakOptions } from '@bulkhead/identity'
import { isCidr } from '@bulkhead/runtime'
import { canonicalHost } from '@bulkhead/tenancy'
import { z } from 'zod'
import { leaderElection } from './leading.ts'

const listenPort = z.int().min(0).max(65535)
const share = z.int().min(0).max(1_000_000)
const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const namespace = z.string().regex(new RegExp(`^${label}$`), 'want a DNS label of at most 63 characters in lower case')
// The longest tenant's name and a dot have to fit in front of it, into 253 characters.
const maxBaseDomainLength = 212
const baseDomain = z
  .string()
  .max(maxBaseDomainLength)
  .regex(
    new RegExp(`^${label}(\\.${label})*$`),
    `want DNS labels of at most 63 characters in lower case, ${maxBaseDomainLength} characters in all`,
  )
const platform = z
  .strictObject({
    baseDomain,
    reservedHosts: z
      .array(z.string().refine((host) => canonicalHost(host) === host, 'want a host name in lower case'))
      .max(64)
      .default([])
      .describe('Hosts that no tenant is granted'),
    systemNamespace: namespace.describe('Where the operator keeps its own Secrets'),
    capacityRequestsPerSecond: share.describe("The fleet's capacity, which guaranteed shares must fit into"),
    quarantineSeconds: z
      .int()
      .min(0)
      .default(86_400)
      .describe('How long a released hostname is granted to nobody else'),
    dataPlaneNamespace: namespace,
    defaultRequestsPerSecond: z
      .strictObject({ guaranteed: share, ceiling: share })
      .refine(({ guaranteed, ceiling }) => guaranteed <= ceiling, 'guaranteed must not be above ceiling')
      .describe("For Tenants that say nothing; the same as the xds-server's"),
  })
  .refine(
    ({ defaultRequestsPerSecond, capacityRequestsPerSecond }) =>
      defaultRequestsPerSecond.ceiling <= capacityRequestsPerSecond,
    { path: ['defaultRequestsPerSecond', 'ceiling'], error: 'must not be above capacityRequestsPerSecond' },
  )

/** The operator's configuration file. */
export const operatorConfig = z.strictObject({
  kubernetes: z
    .strictObject({ kubeconfig: z.string().min(1).optional().describe("Left out: the Pod's own account") })
    .prefault({}),
  keycloak: keycloakOptions,
  postgres: postgresOptions,
  platform,
  egress: z
    .strictObject({
      allowedCidrs: z
        .array(z.string().refine(isCidr, 'must be an address range like 10.7.0.0/16'))
        .max(64)
        .default([])
        .describe('What may be fetched besides public addresses, for issuers in a network of your own'),
      caFile: z
        .string()
        .min(1)
        .optional()
        .describe('Authorities that issuers may be certified by, besides the usual ones'),
    })
    .prefault({})
    .describe('Where issuers that tenants name may be'),
  jwks: z
    .strictObject({
      pollSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(60)
        .describe("How often the keys of tenants' own issuers are fetched"),
      timeoutMs: z.int().min(100).max(60_000).default(5000),
      concurrency: z.int().min(1).max(256).default(16).describe('Fetches at once; an issuer that hangs holds one'),
      staleSeconds: z.int().min(1).default(86_400).describe('Keys that were not fetched for so long are told of'),
      maxStaleSeconds: z.int().min(1).default(604_800).describe('And after this they verify nothing any more'),
    })
    .refine(({ staleSeconds, maxStaleSeconds }) => staleSeconds <= maxStaleSeconds, {
      path: ['maxStaleSeconds'],
      error: 'must not be below staleSeconds',
    })
    .prefault({}),
  brake: z
    .strictObject({
      share: z.number().min(0).max(1).default(0.2).describe('Of all Tenants; when more are deleted at once, they wait'),
      minimum: z.int().min(0).default(5).describe('So many are never held back'),
      windowSeconds: z.int().min(1).max(86_400).default(60).describe('What "at once" means'),
    })
    .prefault({}),
  leaderElection,
  identity: z
    .strictObject({
      realmTemplateFile: z.string().min(1).optional().describe('YAML or JSON that every new realm is made with'),
      keyRotationDays: z.int().min(1).max(3650).default(90).describe("How long a realm's key signs"),
      keyOverlapSeconds: z
        .int()
        .min(0)
        .max(86_400)
        .default(600)
        .describe('A new key is published so long before it signs'),
    })
    .prefault({}),
  database: z
    .strictObject({
      waves: z
        .strictObject({
          soakSeconds: z
            .int()
            .min(0)
            .max(604_800)
            .default(600)
            .describe('A wave of migrations stands so long before the next one opens'),
        })
        .prefault({}),
      passwordRotationDays: z
        .int()
        .min(0)
        .max(3650)
        .default(30)
        .describe("A role's password is replaced when it is older; 0: never"),
    })
    .prefault({})
    .describe("What tenants' schemas and roles are held to"),
  resyncSeconds: z.int().min(1).default(1200).describe('How often drift is looked for; jittered by a fifth'),
  concurrency: z.strictObject({ tenants: z.int().min(1).max(64), subscriptions: z.int().min(1).max(64) }).default({
    tenants: 8,
    subscriptions: 8,
  }),
  http: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: listenPort }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

export type OperatorConfig = z.infer<typeof operatorConfig>
