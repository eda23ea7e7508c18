// CSDS: what each stream of a fleet has accepted, has not answered yet, or has refused, read from its nonces.
import { decode, encode } from '@bulkhead/envoy'
import type { ClientConfig, ClientStatusResponse, ClientConfig_GenericXdsConfig, NodeMatcher } from '@bulkhead/envoy'
import type { NodeName, TypeStatus } from '../subscription/index.ts'

/** One stream, for whoever asks. */
export interface StreamStatus {
  readonly node: NodeName
  readonly types: readonly TypeStatus[]
}

/** Which streams a request asks for; throws, naming the field, for what it cannot ask here. */
export function readStatusRequest(bytes: Uint8Array): (node: NodeName) => boolean {
  const { nodeMatchers = [] } = decode('envoy.service.status.v3.ClientStatusRequest', bytes)
  const matchers = nodeMatchers.map(matcherOf)
  return (node) => matchers.length === 0 || matchers.some((matches) => matches(node))
}

function matcherOf({ nodeId, nodeMetadatas = [] }: NodeMatcher): (node: NodeName) => boolean {
  if (nodeId === undefined || nodeMetadatas.length > 0 || nodeId.ignoreCase === true) throw new Error(wanted)
  const { exact, prefix } = nodeId
  if (exact !== undefined) return ({ id }) => id === exact
  if (prefix !== undefined) return ({ id }) => id.startsWith(prefix)
  throw new Error(wanted)
}

const wanted = 'Cannot use node_matchers: want node_id with exact or prefix'

/** The bytes of a response. */
export function writeStatusResponse(streams: readonly StreamStatus[]): Buffer {
  const message: ClientStatusResponse = { config: streams.map(configOf) }
  return Buffer.from(encode('envoy.service.status.v3.ClientStatusResponse', message))
}

function configOf({ node, types }: StreamStatus): ClientConfig {
  return { node, genericXdsConfigs: types.flatMap(ofType) }
}

// One line for the type as a whole, and one for each resource that is refused: a fleet may hold ten thousand others.
function ofType({ typeUrl, version, state, refused }: TypeStatus): readonly ClientConfig_GenericXdsConfig[] {
  const whole = { typeUrl, versionInfo: version, configStatus: state }
  const each = refused.map(({ name, message }) => ({
    ...{ typeUrl, name, configStatus: 'ERROR' as const, clientStatus: 'NACKED' as const },
    errorState: { details: message },
  }))
  return [whole, ...each]
}
