// The gRPC methods that exist here. What is not listed is UNIMPLEMENTED, above all every unary fetch.
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

type Bidi = MethodDefinition<Buffer, Buffer>

function asIs(bytes: Buffer): Buffer {
  return bytes
}

function bidirectional(path: string): Bidi {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    // Requests are read where a mistake in them ends one stream with a clear status, not here.
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService'
const SDS = '/envoy.service.secret.v3.SecretDiscoveryService'
const HEALTH = '/grpc.health.v1.Health'

/** All resources of a fleet on one stream. */
export const AGGREGATED_DISCOVERY = {
  DeltaAggregatedResources: bidirectional(`${ADS}/DeltaAggregatedResources`),
  StreamAggregatedResources: bidirectional(`${ADS}/StreamAggregatedResources`),
} satisfies ServiceDefinition

/** Certificates, on streams of their own. */
export const SECRET_DISCOVERY = {
  DeltaSecrets: bidirectional(`${SDS}/DeltaSecrets`),
  StreamSecrets: bidirectional(`${SDS}/StreamSecrets`),
} satisfies ServiceDefinition

/** Whether this process serves; for probes and balancers. */
export const HEALTH_CHECK = {
  Check: { ...bidirectional(`${HEALTH}/Check`), requestStream: false, responseStream: false },
} satisfies ServiceDefinition
