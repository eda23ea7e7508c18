// The xds-server's process: makes the clients from the configuration, passes them down, and answers for health.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  addressRanges,
  certificatePair,
  createHttpServer,
  createLogger,
  createMetrics,
  healthRoutes,
  openKubeClient,
  runMain,
  systemClock,
  watchFiles,
} from '@bulkhead/runtime'
import type { Logger } from '@bulkhead/runtime'
import { Fleet, memberOfFleet, startXdsServer } from '@bulkhead/xds'
import type { XdsServer } from '@bulkhead/xds'
import type { BuildSettings } from './build/input.ts'
import { createBundleServer } from './bundles/server.ts'
import type { BundleServer } from './bundles/server.ts'
import { checkFiles } from './config-files.ts'
import { identityHost, xdsServerConfig } from './config.ts'
import type { XdsServerConfig } from './config.ts'
import type { EdgeCertificate } from './control/edge-certificates.ts'
import { createLookUp } from './resolve/look-up.ts'
import { startControlPlane } from './server.ts'
import type { FleetSettings, IdentitySettings } from './translate/translate.ts'

const clock = systemClock
// Streams end spread over this time, so that Envoys do not all reconnect at once.
const goodbyeMs = 500
const defaultPolicyFile = join(import.meta.dirname, '..', 'policy', 'authz.rego')

async function main(config: XdsServerConfig, signal: AbortSignal): Promise<void> {
  const logger = createLogger({ name: 'bulkhead-xds-server', level: config.logLevel })
  const metrics = createMetrics({ processMetrics: true })
  await checkFiles(config)
  const client = await openKubeClient(config.kubernetes.kubeconfig, { logger, clock })
  const fleet = new Fleet()
  const bundles = await startBundles(config, logger, signal)
  const edge = await watchEdge(config, logger, signal)
  const control = startControlPlane({
    ...{ client, fleet, clock, logger, metrics },
    policy: { ...bundles, onStatus: (listener) => bundles.onStatus(() => listener()) },
    lookUp: createLookUp(),
    random: Math.random,
    buildSettings: buildSettingsOf(config),
    fleetSettings: fleetSettingsOf(config),
    certificates: () => edge.map(({ current }) => current()),
  })
  const failed = new AbortController()
  control.open.catch((fault: unknown) => failed.abort(new Error('Cannot begin to serve', { cause: fault })))
  for (const { follow } of edge) follow(() => control.rebuildAll())
  const xds = await startXds(config, fleet, logger)
  const health = await createHttpServer({ ...config.http, routes: healthRoutes(control.readiness, metrics) })
  logger.info({ grpc: xds.port, bundles: bundles.port, http: health.port }, 'xds-server started')
  await aborted(AbortSignal.any([signal, failed.signal]))
  failed.signal.throwIfAborted() // nothing is served yet, so there is nothing to end in order
  logger.info({}, 'xds-server stops')
  await control.stop()
  await Promise.all([xds.close(goodbyeMs), bundles.close()])
  await health.close()
  client.close()
}

async function startBundles(config: XdsServerConfig, logger: Logger, signal: AbortSignal): Promise<BundleServer> {
  const { certFile, keyFile, clientCaFile, host, port } = config.bundles
  const { capacityRequestsPerSecond } = config.platform
  const policy = await readFile(config.policyFile ?? defaultPolicyFile, 'utf8')
  const running: { server?: BundleServer } = {}
  const files = await watchFiles({
    paths: [certFile, keyFile, clientCaFile],
    load: ([cert = '', key = '', clientCa = '']) => ({ ...certificatePair([cert, key]), clientCa }),
    onChange: (tls) => running.server?.setTls(tls),
    ...{ clock, logger, signal },
  })
  running.server = await createBundleServer({
    ...{ host, port, policy, clock, logger },
    fleet: config.fleet,
    tls: files.initial,
    pool: { requests_per_unit: capacityRequestsPerSecond, unit: 'SECOND' },
    incarnation: randomBytes(8).toString('hex'),
  })
  return running.server
}

interface EdgeFiles {
  readonly current: () => EdgeCertificate
  /** Calls back whenever the files hold another certificate. */
  readonly follow: (onChange: () => void) => void
}

function watchEdge(config: XdsServerConfig, logger: Logger, signal: AbortSignal): Promise<readonly EdgeFiles[]> {
  const watches = config.edgeCertificates.map(async ({ hosts, certFile, keyFile }): Promise<EdgeFiles> => {
    const state: { pair?: { readonly cert: string; readonly key: string }; onChange?: () => void } = {}
    const files = await watchFiles({
      paths: [certFile, keyFile],
      load: certificatePair,
      onChange: (pair) => {
        state.pair = pair
        state.onChange?.()
      },
      ...{ clock, logger, signal },
    })
    return {
      current: () => ({ hosts, ...(state.pair ?? files.initial) }),
      follow: (onChange) => {
        state.onChange = onChange
      },
    }
  })
  return Promise.all(watches)
}

function startXds(config: XdsServerConfig, fleet: Fleet, logger: Logger): Promise<XdsServer> {
  const { host, port, certFile, keyFile, clientCaFile, maxStreams } = config.grpc
  return startXdsServer({
    ...{ host, port },
    certificates: { certFile, keyFile, clientCaFile },
    limits: { maxAggregatedStreams: maxStreams },
    identityOf: memberOfFleet('bulkhead', config.fleet),
    fleetOf: (name) => (name === config.fleet ? fleet : undefined),
    onFault: (fault) => logger.error({ err: fault }, 'a stream or a certificate file failed'),
  })
}

function buildSettingsOf({ platform, externalBackends }: XdsServerConfig): BuildSettings {
  const { allowedCidrs, allowedPorts } = externalBackends
  return {
    defaultRequestsPerSecond: platform.defaultRequestsPerSecond,
    externalBackends: {
      ranges: addressRanges(allowedCidrs),
      allowedPorts: allowedPorts === undefined ? undefined : new Set(allowedPorts),
    },
  }
}

function fleetSettingsOf({ listener, platform, externalBackends, identity }: XdsServerConfig): FleetSettings {
  const { trustedHops, capacityRequestsPerSecond, sourceRequestsPerSecond } = platform
  const { policyTimeoutMs, rateLimitTimeoutMs } = platform
  return {
    ...{ listener, trustedHops, capacityRequestsPerSecond, sourceRequestsPerSecond },
    ...{ policyTimeoutMs, rateLimitTimeoutMs },
    backendRootsFile: externalBackends.rootsFile,
    identity: identitySettingsOf(identity),
  }
}

function identitySettingsOf({ shards, ...limits }: XdsServerConfig['identity']): IdentitySettings {
  return {
    ...limits,
    shards: shards.flatMap(({ name, publicUrl, tls, maxConnections, ...backend }) => {
      const host = identityHost(publicUrl)
      return host === undefined ? [] : [{ name, publicUrl, host, backend, tls, maxConnections }]
    }),
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

await runMain(
  {
    name: 'bulkhead-xds-server',
    version: '0.1.0',
    description: "Turns tenants' objects into Envoy configuration and policy data",
    schema: xdsServerConfig,
  },
  main,
)
