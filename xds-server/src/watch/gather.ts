import type { Tenant } from '@bulkhead/crds'
import { isIpv4Literal } from '@bulkhead/runtime'
import { externalHost } from '../build/tools/backend.ts'
import { serviceKey } from '../build/input.ts'
import type { TenantInput } from '../build/input.ts'
import type { HostCertificates } from '../certificates/host-certificates.ts'
import type { ServiceResolution } from '../model/resolution.ts'
import type { HostAddresses } from '../resolve/host-addresses.ts'
import { resolveService } from '../resolve/service-endpoints.ts'
import type { Objects } from './objects.ts'
import { namespaceOfTenant } from './objects.ts'

/** One tenant's objects with all that is known of what they refer to; `pending` names what is still looked up. */
export interface Gathered {
  readonly input: TenantInput
  readonly pending: readonly string[]
}

/** Where what is not in the local copy comes from. */
export interface LookUps {
  readonly hosts: Pick<HostAddresses, 'want' | 'get'>
  readonly hostCertificates: Pick<HostCertificates, 'want'>
}

/** Collects one tenant's input from the local copy, and asks for its backends' addresses and its hosts' certificates. */
export function gather(tenant: Tenant, objects: Objects, { hosts, hostCertificates }: LookUps): Gathered {
  const namespace = namespaceOfTenant(tenant) ?? ''
  const inNamespace = objects.inNamespace(namespace)
  const wanted = new Set<string>()
  const services = new Map<string, ServiceResolution>()
  for (const { spec } of inNamespace.tools) {
    const { external, service } = spec.backend
    const host = external === undefined ? undefined : externalHost(external.host)
    if (host !== undefined && !isIpv4Literal(host)) wanted.add(host)
    if (service !== undefined) services.set(serviceKey(service.name, service.port), lookUp(namespace, service, objects))
  }
  hosts.want(tenant.metadata.name, wanted)
  const external = new Map<string, readonly string[]>()
  const certificates = hostCertificates.want(tenant)
  const pending = [...certificates.pending]
  for (const host of wanted) {
    const state = hosts.get(host)
    if (state.kind === 'pending') pending.push(host)
    else if (state.addresses.length > 0) external.set(host, state.addresses)
  }
  const resolutions = { external, services, certificateProblems: certificates.problems }
  return { input: { tenant, ...inNamespace, resolutions }, pending }
}

function lookUp(
  namespace: string,
  { name, port }: { readonly name: string; readonly port: number },
  objects: Objects,
): ServiceResolution {
  return resolveService({
    namespace,
    name,
    port,
    service: objects.service(namespace, name),
    slices: objects.slices(namespace, name),
    podNamed: (pod) => objects.pod(namespace, pod),
  })
}
