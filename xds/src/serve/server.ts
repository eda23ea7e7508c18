// The door of the data plane: mutual TLS decides the fleet, delta streams carry its snapshot.
import { experimental, Server } from '@grpc/grpc-js'
import type { ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { TYPE_URLS } from '@bulkhead/envoy'
import type { Fleet } from '../fleet/index.ts'
import { AGGREGATED_TYPES, ON_DEMAND_SECRETS, ownTypePolicy } from '../subscription/index.ts'
import type { CertificateFiles } from './certificates.ts'
import { ReloadingCertificates } from './certificates.ts'
import type { Call } from './discovery-call.ts'
import type { IdentityOf } from './identity.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import { memberOf } from './member.ts'
import type { Caller } from './member.ts'
import { CLIENT_STATUS, DISCOVERY_METHODS } from './services.ts'
import type { DiscoveryMethod } from './services.ts'
import { statusMethods } from './status-service.ts'
import { delay, Streams } from './streams.ts'
import type { Kind } from './streams.ts'

export interface XdsServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly certificates: CertificateFiles
  readonly identityOf: IdentityOf
  readonly fleetOf: (fleet: string) => Fleet | undefined
  /** Called with whatever a stream or a certificate file did that we cannot cope with. */
  readonly onFault: (fault: unknown) => void
  readonly limits?: Partial<Limits> | undefined
  readonly nowMs?: (() => number) | undefined
  readonly random?: (() => number) | undefined
  readonly sleep?: ((ms: number) => Promise<void>) | undefined
  readonly answerTimeoutMs?: number | undefined
}

/** A running server. */
export interface XdsServer {
  readonly port: number
  /** How many streams are open. */
  readonly streamCount: number
  /** Written to streams and not yet taken by the network. */
  readonly bufferedBytes: number
  /** Reads the certificate files again; says whether something new is in use. */
  reloadCertificates(): boolean
  /** Ends every stream with UNAVAILABLE, spread over the jitter, and then the server. */
  close(jitterMs: number): Promise<void>
}

const ANSWER_TIMEOUT_MS = 5_000
// Two of them are the longest that a change waits for an Envoy that does not answer (`TURN_MS` of the store is one).
const TICK_MS = 100
const RELOAD_MS = 10_000
const DRAIN_MS = 2_000
const HOUR_MS = 3_600_000

/** Starts serving; streams get nothing before their fleet's store is open. */
export async function startXdsServer(options: XdsServerOptions): Promise<XdsServer> {
  const { identityOf, fleetOf, onFault, nowMs = Date.now, random = Math.random, sleep = delay } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const certificates = new ReloadingCertificates(options.certificates, onFault)
  const answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
  const members = { memberOf: (call: Caller) => memberOf(call, { identityOf, fleetOf }) }
  const streams = new Streams({ ...members, onFault, limits, nowMs, random, sleep, answerTimeoutMs })
  // One object is both providers, because grpc-js takes the two in the opposite order of its own declaration.
  const credentials = experimental.createCertificateProviderServerCredentials(certificates, certificates, true)
  const running = await serveStreams(streams, { address: `${options.host}:${options.port}`, credentials, limits })
  const timer = setInterval(() => certificates.reload(), RELOAD_MS)
  return {
    port: running.port,
    get streamCount() {
      return streams.size
    },
    get bufferedBytes() {
      return streams.bufferedBytes
    },
    reloadCertificates: () => certificates.reload(),
    close: async (jitterMs) => {
      await running.close(jitterMs)
      clearInterval(timer)
    },
  }
}

/** Where and how streams are served. */
export interface Door {
  readonly address: string
  readonly credentials: ServerCredentials
  readonly limits: Limits
}

/** Serves every method of discovery with these streams, until it is closed. */
export async function serveStreams(
  streams: Streams,
  { address, credentials, limits }: Door,
): Promise<Pick<XdsServer, 'port' | 'close'>> {
  const server = makeServer(streams, limits)
  const health = new HealthImplementation({ '': 'SERVING' })
  health.addToServer(server)
  const port = await listen(server, address, credentials)
  const timer = setInterval(() => streams.tick(), TICK_MS)
  return {
    port,
    close: async (jitterMs) => {
      health.setStatus('', 'NOT_SERVING')
      await streams.end(jitterMs)
      await shutDown(server)
      clearInterval(timer)
    },
  }
}

function makeServer(streams: Streams, limits: Limits): Server {
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_connection_age_ms': 10 * HOUR_MS,
    'grpc.max_connection_age_grace_ms': 120_000,
  })
  const accept = ({ name, definition, ...method }: DiscoveryMethod): void => {
    const kind = kindOf(method, limits)
    server.addService({ [name]: definition }, { [name]: (call: Call) => streams.accept(call, kind) })
  }
  DISCOVERY_METHODS.forEach(accept)
  server.addService(CLIENT_STATUS, statusMethods(streams))
  return server
}

function kindOf({ variant, ownType }: Pick<DiscoveryMethod, 'variant' | 'ownType'>, limits: Limits): Kind {
  const kind: Kind = {
    variant,
    ownType,
    types: ownType === undefined ? AGGREGATED_TYPES : ownTypePolicy(ownType),
    isCounted: ownType === undefined,
    maxNames: limits.maxNamesPerStream,
    maxStreams: limits.maxAggregatedStreams,
    maxStreamsPerConnection: limits.maxAggregatedStreamsPerConnection,
    requests: limits.aggregatedRequests,
  }
  if (ownType !== TYPE_URLS.secret) return kind
  return {
    ...kind,
    types: ON_DEMAND_SECRETS,
    maxNames: limits.maxNamesPerSecretStream,
    maxStreams: limits.maxSecretStreams,
    maxStreamsPerConnection: limits.maxSecretStreamsPerConnection,
    requests: limits.secretRequests,
  }
}

/** Binds a server to an address; gives its port. */
export function listen(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (fault, port) => {
      if (fault === null) resolve(port)
      else reject(new Error(`Cannot listen on ${address}`, { cause: fault }))
    })
  })
}

async function shutDown(server: Server): Promise<void> {
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
  await Promise.race([drained, delay(DRAIN_MS)])
  server.forceShutdown()
}
