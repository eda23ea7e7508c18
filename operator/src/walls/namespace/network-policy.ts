import { BlockList, isIP } from 'node:net'
import type { Tenant } from '@bulkhead/crds'
import type { WantedObject } from '../../kubernetes/wanted-object.ts'
import { networkPolicyKind } from '../../kubernetes/kinds.ts'
import type { OwnedMetadata } from './owned-metadata.ts'

export interface NetworkSettings {
  /** The namespace whose Pods (the Envoys) may connect to the tenant's. */
  readonly dataPlaneNamespace: string
}

type Egress = Tenant['spec']['network']['egress'][number]

const everyPod = {}
const bothWays = ['Ingress', 'Egress']
const nameLabel = 'kubernetes.io/metadata.name'
// The clouds' metadata services hand out the node's credentials: no range, however wide, reaches them.
const metadataAddresses = ['169.254.169.254/32', 'fd00:ec2::254/128', 'fd20:ce::254/128']

/** What may reach the tenant's Pods, and what they may reach: the data plane in, DNS out, and what the Tenant names. */
export function networkPolicies(
  metadata: OwnedMetadata,
  egress: readonly Egress[],
  { dataPlaneNamespace }: NetworkSettings,
): readonly WantedObject[] {
  return [
    {
      kind: networkPolicyKind,
      body: { metadata: metadata('bulkhead-default-deny'), spec: { podSelector: everyPod, policyTypes: bothWays } },
    },
    {
      kind: networkPolicyKind,
      body: {
        metadata: metadata('bulkhead-allow'),
        spec: {
          podSelector: everyPod,
          policyTypes: bothWays,
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { [nameLabel]: dataPlaneNamespace } } }] }],
          egress: [dns, ...egress.map(rangeRule)],
        },
      },
      madeFrom: 'spec.network.egress',
    },
  ]
}

const dns = {
  to: [
    {
      namespaceSelector: { matchLabels: { [nameLabel]: 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
}

function rangeRule({ cidr, ports }: Egress) {
  const except = metadataWithin(cidr)
  return {
    to: [{ ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) } }],
    ports: ports.toSorted((a, b) => a - b).map((port) => ({ protocol: 'TCP', port })),
  }
}

/** Whether it names a range at all. */
export function isRange({ cidr }: Egress): boolean {
  const [base = '', bits = '', ...more] = cidr.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(base)] ?? -1
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most
}

/** Whether a range is nothing but a metadata service: a policy can make no exception to all of its range. */
export function isMetadata({ cidr }: Egress): boolean {
  return cidr.endsWith(familyOf(cidr) === 'ipv4' ? '/32' : '/128') && metadataWithin(cidr).length > 0
}

function metadataWithin(cidr: string): readonly string[] {
  const range = new BlockList()
  const [base = '', bits = ''] = cidr.split('/')
  const family = familyOf(base)
  range.addSubnet(base, Number(bits), family)
  // By its own family: to a BlockList ::/0 holds every IPv4 address too, to a policy it does not.
  const candidates = metadataAddresses.filter((one) => familyOf(one) === family)
  return candidates.filter((one) => range.check(one.slice(0, one.indexOf('/')), family))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
