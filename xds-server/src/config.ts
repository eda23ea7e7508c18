import { z } from 'zod'
import { isCidr } from '@bulkhead/runtime'

const file = z.string().min(1)
const port = z.int().min(1).max(65535)
const listenPort = z.int().min(0).max(65535)
const host = z.string().min(1).max(253)
const share = z.int().min(0).max(1_000_000)
const timeoutMs = z.int().min(10).max(10_000)
const mutualTls = z.strictObject({
  host: host.default('127.0.0.1'),
  port: listenPort,
  certFile: file,
  keyFile: file,
  clientCaFile: file.describe('The authority of the clients; nobody else gets a connection'),
})

/** The xds-server's configuration file. */
export const xdsServerConfig = z.strictObject({
  kubernetes: z.strictObject({ kubeconfig: file.optional().describe("Left out: the Pod's own account") }).prefault({}),
  fleet: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/)
    .default('shared')
    .describe('The fleet that is served; client certificates name it'),
  grpc: mutualTls.extend({
    maxStreams: z.int().min(1).max(100_000).default(1_000).describe('Envoys of the fleet at once, and some to spare'),
  }),
  bundles: mutualTls,
  listener: z.strictObject({ address: z.ipv4(), port }).describe('Where the Envoys of the fleet listen'),
  platform: z
    .strictObject({
      trustedHops: z.int().min(0).max(16).default(0).describe('Proxies before Envoy that may be believed'),
      capacityRequestsPerSecond: z.int().min(1).max(10_000_000),
      sourceRequestsPerSecond: z.int().min(1).max(1_000_000),
      policyTimeoutMs: timeoutMs.default(200).describe('How long Envoy waits for policy'),
      rateLimitTimeoutMs: timeoutMs.default(100).describe("How long Envoy waits for the limits' service"),
      defaultRequestsPerSecond: z
        .strictObject({ guaranteed: share, ceiling: z.int().min(1).max(1_000_000) })
        .refine(({ guaranteed, ceiling }) => guaranteed <= ceiling, 'guaranteed must not be above ceiling'),
    })
    .refine(
      ({ defaultRequestsPerSecond, capacityRequestsPerSecond }) =>
        defaultRequestsPerSecond.ceiling <= capacityRequestsPerSecond,
      { path: ['defaultRequestsPerSecond', 'ceiling'], error: 'must not be above capacityRequestsPerSecond' },
    ),
  externalBackends: z.strictObject({
    allowedCidrs: z
      .array(z.string().refine(isCidr, 'must be an address range like 203.0.113.0/24'))
      .max(64)
      .describe('Where External backends may be; empty: nowhere'),
    allowedPorts: z.array(port).max(64).optional().describe('Left out: every port'),
    rootsFile: file
      .default('/etc/ssl/certs/ca-certificates.crt')
      .describe("On the Envoys' machines: the authorities that may vouch for a backend"),
  }),
  edgeCertificates: z
    .array(
      z.strictObject({
        hosts: z
          .array(z.string().regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/))
          .min(1)
          .max(64),
        certFile: file,
        keyFile: file,
      }),
    )
    .max(256),
  policyFile: file.optional().describe('The Rego; by default the one that comes with this program'),
  http: z.strictObject({ host: host.default('127.0.0.1'), port: listenPort }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

export type XdsServerConfig = z.infer<typeof xdsServerConfig>
