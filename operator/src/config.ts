import { z } from 'zod'

const port = z.int().min(1).max(65535)
const listenPort = z.int().min(0).max(65535)
const share = z.int().min(0).max(1_000_000)
const namespace = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const httpUrl = z.url({ protocol: /^https?$/ })

/** The operator's configuration file. */
export const operatorConfig = z.strictObject({
  kubernetes: z
    .strictObject({ kubeconfig: z.string().min(1).optional().describe("Left out: the Pod's own account") })
    .prefault({}),
  keycloak: z.strictObject({
    url: httpUrl.describe('Where the operator reaches it'),
    publicUrl: httpUrl.describe('The fixed address that issuers are made of'),
    clientId: z.string().min(1).describe('The bootstrap client of the master realm'),
    clientSecretFile: z.string().min(1),
  }),
  postgres: z.strictObject({
    host: z.string().min(1),
    port: port.default(5432),
    database: z.string().min(1).max(63),
    user: z.string().min(1).max(63),
    passwordFile: z.string().min(1),
    maxConnections: z.int().min(1).max(100).default(8),
  }),
  platform: z.strictObject({
    baseDomain: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/),
    systemNamespace: namespace.describe('Where the operator keeps its own Secrets'),
    capacityRequestsPerSecond: share.describe("The fleet's capacity, which guaranteed shares must fit into"),
    quarantineSeconds: z
      .int()
      .min(0)
      .default(86_400)
      .describe('How long a released hostname is granted to nobody else'),
    dataPlaneNamespace: namespace,
    defaultRequestsPerSecond: z.strictObject({ guaranteed: share, ceiling: share }),
  }),
  resyncSeconds: z.int().min(1).default(1200).describe('How often drift is looked for; jittered by a fifth'),
  concurrency: z.strictObject({ tenants: z.int().min(1).max(64), subscriptions: z.int().min(1).max(64) }).default({
    tenants: 8,
    subscriptions: 8,
  }),
  http: z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: listenPort }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

export type OperatorConfig = z.infer<typeof operatorConfig>
