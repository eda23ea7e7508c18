import type { Endpoint } from '../model/model.ts'
import type { ServiceResolution } from '../model/resolution.ts'

/** What is read of a Service. */
export interface ServiceObject {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly hasSelector: boolean
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[]
}

/** What is read of an EndpointSlice. */
export interface SliceObject {
  readonly namespace: string
  readonly name: string
  /** The label kubernetes.io/service-name. */
  readonly serviceName: string
  readonly addressType: string
  readonly ports: readonly {
    readonly name: string
    readonly port: number | undefined
    readonly protocol: string
  }[]
  readonly endpoints: readonly SliceEndpoint[]
}

export interface SliceEndpoint {
  readonly addresses: readonly string[]
  readonly isReady: boolean
  readonly target:
    { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string } | undefined
}

/** What is read of a Pod. */
export interface PodObject {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly podIp: string
}

export interface ServiceLookup {
  readonly namespace: string
  readonly name: string
  readonly port: number
  readonly service: ServiceObject | undefined
  readonly slices: readonly SliceObject[]
  /** The Pod of this name in the namespace. */
  readonly podNamed: (name: string) => PodObject | undefined
}

/**
 * The addresses behind one port of a Service. An address counts only when its slice says that it is ready, that it
 * belongs to a Pod of the same namespace, and when that Pod's own status says that it has this address: a slice that
 * somebody wrote by hand leads nowhere.
 */
export function resolveService({ namespace, name, port, service, slices, podNamed }: ServiceLookup): ServiceResolution {
  if (service?.namespace !== namespace || service.name !== name) {
    return refused('BackendNotFound', `Service "${name}" does not exist in this namespace`)
  }
  if (service.type === 'ExternalName') {
    return refused('BackendNotAllowed', `Service "${name}" is of type ExternalName, which leads out of the namespace`)
  }
  if (!service.hasSelector) {
    return refused('BackendNotAllowed', `Service "${name}" selects no Pods, so anybody's address could stand behind it`)
  }
  const servicePort = service.ports.find((each) => each.port === port && each.protocol === 'TCP')
  if (servicePort === undefined) return refused('BackendNotFound', `Service "${name}" has no TCP port ${port}`)
  const own = slices.filter(
    (slice) => slice.namespace === namespace && slice.serviceName === name && slice.addressType === 'IPv4',
  )
  const endpoints = own.flatMap((slice) => endpointsOf(slice, servicePort.name, { namespace, podNamed }))
  return { kind: 'found', endpoints }
}

type Pods = Pick<ServiceLookup, 'namespace' | 'podNamed'>

// The slice's port of the Service port's name holds the number that targetPort came to, by name or number.
function endpointsOf(slice: SliceObject, portName: string, pods: Pods): readonly Endpoint[] {
  const ports = slice.ports.filter(({ name, protocol }) => name === portName && protocol === 'TCP')
  return ports.flatMap(({ port }) =>
    port === undefined
      ? []
      : slice.endpoints.filter(({ isReady }) => isReady).flatMap((endpoint) => podAddress(endpoint, port, pods)),
  )
}

function podAddress(
  { addresses, target }: SliceEndpoint,
  port: number,
  { namespace, podNamed }: Pods,
): readonly Endpoint[] {
  if (target?.kind !== 'Pod' || target.namespace !== namespace) return []
  const pod = podNamed(target.name)
  if (pod?.namespace !== namespace || pod.podIp === '') return []
  if (target.uid !== '' && target.uid !== pod.uid) return []
  return addresses.includes(pod.podIp) ? [{ address: pod.podIp, port }] : []
}

function refused(reason: 'BackendNotAllowed' | 'BackendNotFound', message: string): ServiceResolution {
  return { kind: 'refused', reason, message }
}
