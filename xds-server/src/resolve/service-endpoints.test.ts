import { expect, test } from 'vitest'
import { resolveService } from './service-endpoints.ts'
import type { PodObject, ServiceLookup, ServiceObject, SliceEndpoint, SliceObject } from './service-endpoints.ts'

const service: ServiceObject = {
  namespace: 'tenant-acme',
  name: 'shop',
  type: 'ClusterIP',
  hasSelector: true,
  ports: [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'admin', port: 9000, protocol: 'TCP' },
  ],
}
const pod = (name: string, podIp: string, fields: Partial<PodObject> = {}): PodObject => ({
  namespace: 'tenant-acme',
  name,
  uid: `uid-${name}`,
  podIp,
  ...fields,
})
const behind = ({ name, namespace, uid, podIp }: PodObject, fields: Partial<SliceEndpoint> = {}): SliceEndpoint => ({
  addresses: [podIp],
  isReady: true,
  target: { kind: 'Pod', namespace, name, uid },
  ...fields,
})
const one = pod('one', '10.1.0.1')
const two = pod('two', '10.1.0.2')
const slice = (endpoints: readonly SliceEndpoint[], fields: Partial<SliceObject> = {}): SliceObject => ({
  namespace: 'tenant-acme',
  name: 'shop-x',
  serviceName: 'shop',
  addressType: 'IPv4',
  ports: [
    { name: 'http', port: 8080, protocol: 'TCP' },
    { name: 'admin', port: 9001, protocol: 'TCP' },
  ],
  endpoints,
  ...fields,
})

function resolve(slices: readonly SliceObject[], fields: Partial<ServiceLookup> = {}, pods = [one, two]) {
  return resolveService({
    namespace: 'tenant-acme',
    name: 'shop',
    port: 80,
    service,
    slices,
    podNamed: (name) => pods.find((each) => each.name === name),
    ...fields,
  })
}

test('ready Pods of the namespace are the endpoints, on the port that targetPort came to', () => {
  expect(resolve([slice([behind(one)]), slice([behind(two)], { name: 'shop-y' })])).toEqual({
    kind: 'found',
    endpoints: [
      { address: '10.1.0.1', port: 8080 },
      { address: '10.1.0.2', port: 8080 },
    ],
  })
  expect(resolve([slice([behind(one)])], { port: 9000 })).toMatchObject({ endpoints: [{ port: 9001 }] })
})

test.each<[string, SliceEndpoint, PodObject?]>([
  ['S-116 an address without a targetRef', behind(one, { target: undefined })],
  ["S-116 another tenant's Pod", behind(pod('three', '10.2.0.1', { namespace: 'tenant-globex' }))],
  ['S-116 a Pod that is named, with an address that is not its own', behind(one, { addresses: ['10.2.0.1'] })],
  ['S-116 loopback behind the name of a Pod', behind(one, { addresses: ['127.0.0.1'] })],
  ['S-116 link-local behind the name of a Pod', behind(one, { addresses: ['169.254.169.254'] })],
  ['S-116 a Node as target', behind(one, { target: { kind: 'Node', namespace: 'tenant-acme', name: 'one', uid: '' } })],
  ['a Pod that does not exist', behind(pod('gone', '10.1.0.9'))],
  ['an older incarnation of a Pod', behind(pod('one', '10.1.0.1', { uid: 'older' }))],
  ['a Pod that is not ready', behind(one, { isReady: false })],
  ['a Pod without an address', behind(pod('one', '')), pod('one', '')],
])('%s is no endpoint', (_title, endpoint, only = one) => {
  expect(resolve([slice([endpoint])], {}, [only])).toEqual({ kind: 'found', endpoints: [] })
})

test.each<[string, Partial<SliceObject>]>([
  ['of another Service', { serviceName: 'other' }],
  ['of another namespace', { namespace: 'tenant-globex' }],
  ['of IPv6 addresses', { addressType: 'IPv6' }],
  ['of names', { addressType: 'FQDN' }],
])('a slice %s gives no endpoint', (_title, fields) => {
  expect(resolve([slice([behind(one)], fields)])).toEqual({ kind: 'found', endpoints: [] })
})

test.each<[string, Partial<ServiceLookup>, string]>([
  ['that does not exist', { service: undefined }, 'BackendNotFound'],
  ['of another namespace', { service: { ...service, namespace: 'tenant-globex' } }, 'BackendNotFound'],
  ['S-115 of type ExternalName', { service: { ...service, type: 'ExternalName' } }, 'BackendNotAllowed'],
  ['S-116 without a selector', { service: { ...service, hasSelector: false } }, 'BackendNotAllowed'],
  ['without that port', { port: 81 }, 'BackendNotFound'],
])('a Service %s is refused, whatever its slices hold', (_title, fields, reason) => {
  expect(resolve([slice([behind(one)])], fields)).toMatchObject({ kind: 'refused', reason })
})
