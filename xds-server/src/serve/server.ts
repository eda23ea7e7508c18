// The door of the data plane: mutual TLS decides the fleet, delta streams carry its snapshot.
import { experimental, Server, status } from '@grpc/grpc-js'
import type { handleUnaryCall } from '@grpc/grpc-js'
import { TYPE_URLS } from '@bulkhead/envoy'
import type { Fleet } from '../store/index.ts'
import { AGGREGATED_TYPES, ON_DEMAND_SECRETS } from '../subscription/index.ts'
import type { CertificateFiles } from './certificates.ts'
import { ReloadingCertificates } from './certificates.ts'
import type { Call, Ending } from './delta-call.ts'
import type { IdentityOf } from './identity.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import { AGGREGATED_DISCOVERY, HEALTH_CHECK, SECRET_DISCOVERY } from './services.ts'
import { delay, refuse, Streams } from './streams.ts'
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
const TICK_MS = 250
const RELOAD_MS = 10_000
const DRAIN_MS = 2_000
const HOUR_MS = 3_600_000
// HealthCheckResponse{status: SERVING} and NOT_SERVING.
const SERVING = Buffer.from([8, 1])
const NOT_SERVING = Buffer.from([8, 2])
const DELTA_REQUIRED: Ending = {
  code: status.PERMISSION_DENIED,
  details: 'Cannot serve the state of the world to a fleet: use the delta variant of this method (api_type DELTA_GRPC)',
}

/** Starts serving; streams get nothing before their fleet's store is open. */
export async function startXdsServer(options: XdsServerOptions): Promise<XdsServer> {
  const { identityOf, fleetOf, onFault, nowMs = Date.now, random = Math.random, sleep = delay } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const certificates = new ReloadingCertificates(options.certificates, onFault)
  const answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
  const streams = new Streams({ identityOf, fleetOf, onFault, limits, nowMs, random, sleep, answerTimeoutMs })
  const server = makeServer(streams, limits)
  // One object is both providers, because grpc-js takes the two in the opposite order of its own declaration.
  const credentials = experimental.createCertificateProviderServerCredentials(certificates, certificates, true)
  const port = await bind(server, `${options.host}:${options.port}`, credentials)
  const timers = [setInterval(() => streams.tick(), TICK_MS), setInterval(() => certificates.reload(), RELOAD_MS)]
  return {
    port,
    get streamCount() {
      return streams.size
    },
    get bufferedBytes() {
      return streams.bufferedBytes
    },
    reloadCertificates: () => certificates.reload(),
    close: async (jitterMs) => {
      await streams.end(jitterMs)
      await shutDown(server)
      for (const timer of timers) clearInterval(timer)
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
  const { aggregated, secrets } = kindsOf(limits)
  const requireDelta = (call: Call): void => refuse(call, DELTA_REQUIRED)
  const check: handleUnaryCall<Buffer, Buffer> = (_call, answer) =>
    answer(null, streams.isClosing ? NOT_SERVING : SERVING)
  server.addService(AGGREGATED_DISCOVERY, {
    DeltaAggregatedResources: (call: Call) => streams.accept(call, aggregated),
    StreamAggregatedResources: requireDelta,
  })
  server.addService(SECRET_DISCOVERY, {
    DeltaSecrets: (call: Call) => streams.accept(call, secrets),
    StreamSecrets: requireDelta,
  })
  server.addService(HEALTH_CHECK, { Check: check })
  return server
}

function kindsOf(limits: Limits): { readonly aggregated: Kind; readonly secrets: Kind } {
  return {
    aggregated: {
      types: AGGREGATED_TYPES,
      isCounted: true,
      maxStreams: limits.maxAggregatedStreams,
      maxStreamsPerConnection: limits.maxAggregatedStreamsPerConnection,
      requests: limits.aggregatedRequests,
    },
    secrets: {
      types: ON_DEMAND_SECRETS,
      ownType: TYPE_URLS.secret,
      isCounted: false,
      maxStreams: limits.maxSecretStreams,
      maxStreamsPerConnection: limits.maxSecretStreamsPerConnection,
      requests: limits.secretRequests,
    },
  }
}

function bind(server: Server, address: string, credentials: Parameters<Server['bindAsync']>[1]): Promise<number> {
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
