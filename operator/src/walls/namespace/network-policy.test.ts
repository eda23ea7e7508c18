import { tenantId } from '@bulkhead/tenancy'
import type { TenantName } from '@bulkhead/tenancy'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { networkPolicies } from './network-policy.ts'
import { ownedMetadata } from './owned-metadata.ts'

// A small judge of NetworkPolicies: what any policy allows is allowed, and nothing else once one selects the Pod.
interface Pod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly address: string
}

const labelsOf = z.object({ matchLabels: z.record(z.string(), z.string()).default({}) })
const peer = z.object({
  namespaceSelector: labelsOf.optional(),
  podSelector: labelsOf.optional(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
})
const ports = z.array(z.object({ protocol: z.string(), port: z.number() })).optional()
const policySpec = z.object({
  policyTypes: z.array(z.string()),
  ingress: z.array(z.object({ from: z.array(peer), ports })).default([]),
  egress: z.array(z.object({ to: z.array(peer), ports })).default([]),
})

const owner = { name: 'acme' as TenantName, id: tenantId('u1'), uid: 'u1' }
const egress = [
  { cidr: '203.0.113.0/24', ports: [443] },
  { cidr: '0.0.0.0/0', ports: [5432] },
]
const specs = networkPolicies(ownedMetadata(owner), egress, { dataPlaneNamespace: 'bulkhead-data' }).map(({ body }) =>
  policySpec.parse(body['spec']),
)

function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function isIn(address: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(addressNumber(address) / size) === Math.floor(addressNumber(base) / size)
}

function isPeer(pod: Pod, { namespaceSelector, podSelector, ipBlock }: z.infer<typeof peer>): boolean {
  if (ipBlock !== undefined) {
    return isIn(pod.address, ipBlock.cidr) && !ipBlock.except.some((range) => isIn(pod.address, range))
  }
  const labels = { 'kubernetes.io/metadata.name': pod.namespace }
  const fits = (wanted: z.infer<typeof labelsOf> | undefined, actual: Readonly<Record<string, string>>) =>
    Object.entries(wanted?.matchLabels ?? {}).every(([key, value]) => actual[key] === value)
  return fits(namespaceSelector, labels) && fits(podSelector, pod.labels)
}

function isAllowed(direction: 'ingress' | 'egress', other: Pod, port: number, protocol: string): boolean {
  const rules = specs.flatMap((spec) =>
    direction === 'ingress'
      ? spec.ingress.map((rule) => ({ peers: rule.from, ports: rule.ports }))
      : spec.egress.map((rule) => ({ peers: rule.to, ports: rule.ports })),
  )
  return rules.some(
    (rule) =>
      rule.peers.some((candidate) => isPeer(other, candidate)) &&
      (rule.ports === undefined || rule.ports.some((one) => one.port === port && one.protocol === protocol)),
  )
}

const pod = (namespace: string, labels: Pod['labels'] = {}, address = '10.0.0.9'): Pod => ({
  namespace,
  labels,
  address,
})
const outside = (address: string): Pod => ({ namespace: '(outside)', labels: {}, address })

test('every policy selects every Pod, both ways', () => {
  expect(specs.map((spec) => spec.policyTypes)).toEqual([
    ['Ingress', 'Egress'],
    ['Ingress', 'Egress'],
  ])
})

test.each([
  ['the data plane comes in', 'ingress', pod('bulkhead-data'), 8080, 'TCP', true],
  ["another tenant's Pod does not come in", 'ingress', pod('tenant-globex'), 8080, 'TCP', false],
  ['the system namespace does not come in', 'ingress', pod('bulkhead-system'), 8080, 'TCP', false],
  [
    'a Pod that only wears the label of the data plane does not come in',
    'ingress',
    pod('tenant-globex', { 'kubernetes.io/metadata.name': 'bulkhead-data' }),
    8080,
    'TCP',
    false,
  ],
  ['the outside does not come in', 'ingress', outside('198.51.100.1'), 8080, 'TCP', false],
  ['DNS is reached over UDP', 'egress', pod('kube-system', { 'k8s-app': 'kube-dns' }), 53, 'UDP', true],
  ['DNS is reached over TCP', 'egress', pod('kube-system', { 'k8s-app': 'kube-dns' }), 53, 'TCP', true],
  ['nothing else of DNS is reached', 'egress', pod('kube-system', { 'k8s-app': 'kube-dns' }), 9153, 'TCP', false],
  ['nothing else of kube-system is reached', 'egress', pod('kube-system'), 53, 'UDP', false],
  [
    'a Pod that calls itself DNS elsewhere is not reached',
    'egress',
    pod('tenant-globex', { 'k8s-app': 'kube-dns' }),
    53,
    'UDP',
    false,
  ],
  ["another tenant's Pod is not reached", 'egress', pod('tenant-globex'), 8080, 'TCP', false],
  ['a range that was asked for is reached', 'egress', outside('203.0.113.7'), 443, 'TCP', true],
  ['on no other port', 'egress', outside('203.0.113.7'), 80, 'TCP', false],
  ['over no other protocol', 'egress', outside('203.0.113.7'), 443, 'UDP', false],
  ['what is beside the range is not reached', 'egress', outside('203.0.114.7'), 443, 'TCP', false],
  [
    'S-155 the metadata service is not reached, however wide the range',
    'egress',
    outside('169.254.169.254'),
    5432,
    'TCP',
    false,
  ],
] as const)('%s', (...row) => {
  const [, direction, other, port, protocol, allowed] = row
  expect(isAllowed(direction, other, port, protocol)).toBe(allowed)
})

test.each([
  ['0.0.0.0/0', ['169.254.169.254/32']],
  ['169.254.169.254/31', ['169.254.169.254/32']],
  ['::/0', ['fd00:ec2::254/128', 'fd20:ce::254/128']],
  ['fd00:ec2::/64', ['fd00:ec2::254/128']],
  ['203.0.113.0/24', []],
  ['2001:db8::/32', []],
])('S-155 of %s the metadata services are left out', (cidr, except) => {
  const [, allow] = networkPolicies(ownedMetadata(owner), [{ cidr, ports: [80] }], { dataPlaneNamespace: 'd' })
  expect(policySpec.parse(allow?.body['spec']).egress[1]?.to).toEqual([{ ipBlock: { cidr, except } }])
})
