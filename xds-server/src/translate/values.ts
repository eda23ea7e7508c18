import { anyOf } from '@bulkhead/envoy'
import type {
  ConfigSource,
  Duration,
  EnvoyAny,
  GrpcService,
  HeaderValueOption,
  MessageName,
  MessageOf,
  RuntimeFractionalPercent,
} from '@bulkhead/envoy'

export interface NamedConfig {
  readonly name: string
  readonly typedConfig: EnvoyAny
}

/** An extension under a name. */
export function extension<Name extends MessageName>(name: string, type: Name, config: MessageOf<Name>): NamedConfig {
  return { name, typedConfig: anyOf(type, config) }
}

/** Our streams: one aggregated delta stream per Envoy. */
export const overAds: ConfigSource = { ads: {}, resourceApiVersion: 'V3' }

/** The same, waiting for the first answer as long as it takes: an Envoy without it must not serve. */
export const overAdsWithoutTimeout: ConfigSource = { ...overAds, initialFetchTimeout: '0s' }

export function grpc(clusterName: string, timeout: Duration): GrpcService {
  return { envoyGrpc: { clusterName }, timeout }
}

export function percent(numerator: number): RuntimeFractionalPercent {
  return { defaultValue: { numerator, denominator: 'HUNDRED' } }
}

export function milliseconds(value: number): Duration {
  return `${value / 1000}s`
}

/** A header set by us whatever stood there; a value is a format for Envoy, so a literal escapes its percent signs. */
export function overwrite(key: string, format: string): HeaderValueOption {
  return { header: { key, value: format }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }
}

/** Text that Envoy's formatter gives back unchanged, whatever is in it. */
export function literal(text: string): string {
  return text.replaceAll('%', '%%')
}

/** Switches a filter off for one route. */
export const off: EnvoyAny = anyOf('envoy.config.route.v3.FilterConfig', { disabled: true })

/** A request costs an Envoy as many tokens as the fleet has Envoys, and a bucket that never holds so many refuses all. */
export const leastBucket = 64
