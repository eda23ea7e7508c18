import { canonicalHost } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'
import { z } from 'zod'
import { covers } from './control/edge-certificates.ts'
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

const requests = z.int().min(1).max(1_000_000)
const identityShard = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/),
  publicUrl: z
    .string()
    .max(300)
    .refine((url) => identityHost(url) !== undefined, 'must be like https://id.example.com, without a path')
    .describe("What issuers are made of; the same as the operator's"),
  host: host.describe('Where the Envoys reach it'),
  port,
  tls: z
    .strictObject({ serverName: host, rootsFile: file.default('/etc/ssl/certs/ca-certificates.crt') })
    .optional()
    .describe('Left out: plain HTTP'),
  maxConnections: z.int().min(1).max(100_000).default(256).describe('And requests at once, of one Envoy'),
})

/** The host of an identity provider's public address; undefined when it is no address that can be served. */
export function identityHost(url: string): Host | undefined {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'https:' || parsed.origin !== url.replace(/\/$/, '')) return undefined
  const found = canonicalHost(parsed.hostname)
  return found === parsed.hostname ? found : undefined
}

const identity = z.strictObject({
  realmRequestsPerSecond: requests.default(25).describe("What one tenant's realm may be asked"),
  otherRequestsPerSecond: requests.default(25).describe('What all realms together may be asked that are not known'),
  themeRequestsPerSecond: requests.default(200).describe('What files of login pages may be asked'),
  shards: z
    .array(identityShard)
    .max(64)
    .default([])
    .refine((shards) => isDistinct(shards.map(({ name }) => name)), 'each name must stand once')
    .refine(
      (shards) => isDistinct(shards.map(({ publicUrl }) => identityHost(publicUrl))),
      'each host must stand once',
    ),
})

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

const options = z.strictObject({
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
  identity: identity.prefault({}).describe('The identity provider, whose realms are served through the fleet'),
  policyFile: file.optional().describe('The Rego; by default the one that comes with this program'),
  http: z.strictObject({ host: host.default('127.0.0.1'), port: listenPort }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

/** The xds-server's configuration file. */
export const xdsServerConfig = options.superRefine(({ identity: { shards }, edgeCertificates }, context) => {
  for (const [index, { publicUrl }] of shards.entries()) {
    const served = identityHost(publicUrl)
    if (served === undefined || edgeCertificates.some(({ hosts }) => hosts.some((each) => covers(each, served))))
      continue
    const path = ['identity', 'shards', index, 'publicUrl']
    context.addIssue({ code: 'custom', path, message: 'none of edgeCertificates stands for its host' })
  }
})

export type XdsServerConfig = z.infer<typeof xdsServerConfig>
