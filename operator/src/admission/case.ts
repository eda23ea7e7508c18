// admission: the policies of manifests/admission against a real API server. Nothing here runs in the operator.
import type { KubeClient, KubeRef } from '@bulkhead/runtime'
import { namespaceKind } from '../kubernetes/kinds.ts'
import type { Cluster } from '../testing/cluster.ts'

/** What must be refused, beside what the same person may do. Every run has a name of its own, so that none meets another's. */
export interface Case {
  readonly title: string
  /** The policy that refuses it. */
  readonly policy: string
  readonly prepare: (cluster: Cluster, run: string) => Promise<Prepared>
  /** What the person reads. */
  readonly message: string
}

export interface Prepared {
  readonly allowed: () => Promise<unknown>
  readonly attack: () => Promise<unknown>
}

export const labelled = (labels: Readonly<Record<string, string | null>>) =>
  ({ type: 'merge', body: { metadata: { labels } } }) as const
export const ours = { 'bulkhead.dev/tenant-uid': 'forged', 'app.kubernetes.io/managed-by': 'bulkhead' }

export async function plainNamespace(admin: KubeClient, run: string): Promise<KubeRef> {
  await admin.create(namespaceKind, { metadata: { name: `plain-${run}`, labels: { team: 'a' } } })
  return { kind: namespaceKind, name: `plain-${run}` }
}
