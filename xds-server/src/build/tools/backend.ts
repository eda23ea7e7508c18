import { createHash } from 'node:crypto'
import type { Problem, Tool } from '@bulkhead/crds'
import { isIpv4Literal } from '@bulkhead/runtime'
import { canonicalHost } from '@bulkhead/tenancy'
import type { Backend, Endpoint } from '../../model/model.ts'
import { serviceKey } from '../input.ts'
import type { BuildSettings, Resolutions } from '../input.ts'

export interface BackendContext {
  readonly namespace: string
  readonly resolutions: Resolutions
  readonly settings: BuildSettings
}

export type BackendOutcome =
  { readonly ok: true; readonly backend: Backend } | { readonly ok: false; readonly problem: Problem }

type Spec = Tool['spec']
type External = NonNullable<Spec['backend']['external']>
type Service = NonNullable<Spec['backend']['service']>

const externalField = 'spec.backend.external'

const refuse = (reason: Problem['reason'], field: string, message: string): BackendOutcome => ({
  ok: false,
  problem: { reason, field, message },
})

/** The backend of a tool with the addresses that may be used, or why there is none. */
export function backendOf(spec: Spec, context: BackendContext): BackendOutcome {
  const { external, service, type } = spec.backend
  if (type === 'External' && external !== undefined && service === undefined) return externalOf(spec, external, context)
  if (type === 'Service' && service !== undefined && external === undefined) return serviceOf(spec, service, context)
  return refuse('InvalidSpec', 'spec.backend', `exactly the member for type ${type} is needed`)
}

/** The host of an External backend as it is looked up and published: a DNS name or an IPv4 address in one spelling. */
export function externalHost(text: string): string | undefined {
  return isIpv4Literal(text) ? text : canonicalHost(text)
}

function externalOf(spec: Spec, external: External, { resolutions, settings }: BackendContext): BackendOutcome {
  const host = externalHost(external.host)
  if (host === undefined) {
    return refuse('InvalidSpec', `${externalField}.host`, `"${external.host}" is no DNS name and no IPv4 address`)
  }
  const { allowedPorts, ranges } = settings.externalBackends
  if (allowedPorts?.has(external.port) === false) {
    const message = `port ${external.port} is not among those that the platform allows`
    return refuse('BackendNotAllowed', `${externalField}.port`, message)
  }
  const tls = tlsOf(external, host)
  if (tls === 'nameless') {
    return refuse('InvalidSpec', `${externalField}.tls.sni`, 'TLS needs a DNS name to verify the certificate against')
  }
  const addresses = isIpv4Literal(host) ? [host] : (resolutions.external.get(host) ?? [])
  const allowed = addresses.filter((address) => ranges.allows(address))
  return allowed.length === 0
    ? unreachable(host, addresses.length)
    : foundExternal(spec, { host, port: external.port, tls, addresses: allowed })
}

interface ReachableExternal {
  readonly host: string
  readonly port: number
  readonly tls: Backend['tls']
  readonly addresses: readonly string[]
}

function foundExternal(spec: Spec, { host, port, tls, addresses }: ReachableExternal): BackendOutcome {
  const authority = port === (tls === undefined ? 80 : 443) ? host : `${host}:${port}`
  const identity = ['External', host, port, tls?.sni ?? null]
  return found(spec, { identity, tls, authority, endpoints: addresses.map((address) => ({ address, port })) })
}

function tlsOf({ tls }: External, host: string): Backend['tls'] | 'nameless' {
  if (tls === undefined) return undefined
  const sni = canonicalHost(tls.sni ?? host)
  return sni === undefined ? 'nameless' : { sni }
}

// The addresses stay out of the message: what a name means inside the platform's network is not the tenant's to know.
function unreachable(host: string, addresses: number): BackendOutcome {
  return addresses === 0
    ? refuse('BackendNotFound', `${externalField}.host`, `"${host}" has no IPv4 address`)
    : refuse(
        'BackendNotAllowed',
        `${externalField}.host`,
        `"${host}" is outside the address ranges that the platform allows`,
      )
}

function serviceOf(spec: Spec, service: Service, { namespace, resolutions }: BackendContext): BackendOutcome {
  const { name, port } = service
  const resolution = resolutions.services.get(serviceKey(name, port))
  if (resolution === undefined) {
    return refuse('BackendNotFound', 'spec.backend.service', `Service "${name}" does not exist in this namespace`)
  }
  if (resolution.kind === 'refused') return refuse(resolution.reason, 'spec.backend.service', resolution.message)
  if (resolution.endpoints.length === 0) {
    return refuse('BackendNotFound', 'spec.backend.service', `Service "${name}" has no ready Pod on port ${port}`)
  }
  const host = `${name}.${namespace}.svc`
  const authority = port === 80 ? host : `${host}:${port}`
  const identity = ['Service', name, port]
  return found(spec, { identity, tls: undefined, authority, endpoints: resolution.endpoints })
}

interface Found extends Pick<Backend, 'tls' | 'authority'> {
  readonly identity: readonly (string | number | null)[]
  readonly endpoints: readonly Endpoint[]
}

function found(spec: Spec, { identity, tls, authority, endpoints }: Found): BackendOutcome {
  const { maxConnections, maxRequests } = spec.circuitBreaker
  const canonical = JSON.stringify([...identity, maxConnections, maxRequests])
  const digest = createHash('sha256').update(canonical).digest('hex')
  return {
    ok: true,
    backend: { digest, endpoints: distinct(endpoints), tls, authority, maxConnections, maxRequests },
  }
}

function distinct(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const known = new Map(endpoints.map((endpoint) => [`${endpoint.address}:${endpoint.port}`, endpoint]))
  return [...known.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, endpoint]) => endpoint)
}
