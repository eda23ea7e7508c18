import type { Tenant } from '@bulkhead/crds'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import { networkPolicyKind } from '../kubernetes/kinds.ts'
import type { OwnedMetadata } from './owned-metadata.ts'

export interface NetworkSettings {
  /** The namespace whose Pods (the Envoys) may connect to the tenant's. */
  readonly dataPlaneNamespace: string
}

type Egress = Tenant['spec']['network']['egress'][number]

const everyPod = {}
const bothWays = ['Ingress', 'Egress']
const nameLabel = 'kubernetes.io/metadata.name'
// The clouds' metadata service hands out the node's credentials: no range, however wide, reaches it.
const metadataAddress = '169.254.169.254'

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
  const except = containsAddress(cidr, metadataAddress) ? { except: [`${metadataAddress}/32`] } : {}
  return {
    to: [{ ipBlock: { cidr, ...except } }],
    ports: ports.toSorted((a, b) => a - b).map((port) => ({ protocol: 'TCP', port })),
  }
}

/** Whether an IPv4 range holds an address and more than it; IPv6 ranges never hold one. */
function containsAddress(cidr: string, address: string): boolean {
  const [base = '', bits = ''] = cidr.split('/')
  const length = Number(bits)
  if (base.includes(':') || length >= 32) return false
  const size = 2 ** (32 - length)
  return Math.floor(addressNumber(base) / size) === Math.floor(addressNumber(address) / size)
}

function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
