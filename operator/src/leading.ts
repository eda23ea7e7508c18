import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createElection, openKubeClient, systemClock } from '@bulkhead/runtime'
import type { Election, KubeClient, Logger, Metrics } from '@bulkhead/runtime'
import { z } from 'zod'

const lease = z.int().min(1).max(300).default(15)
const deadline = z.number().min(0.5).max(300).default(10)
const retry = z.number().min(0.05).max(60).default(2)

/** How operators decide which one of them leads. */
export const leaderElection = z
  .strictObject({
    leaseSeconds: lease.describe('So long after the last renewal another operator takes over'),
    renewDeadlineSeconds: deadline.describe('So long after the last renewal the leader writes no more'),
    retrySeconds: retry.describe('The pause between two attempts'),
  })
  .refine(
    ({ leaseSeconds, renewDeadlineSeconds, retrySeconds }) =>
      retrySeconds * 2 <= renewDeadlineSeconds && renewDeadlineSeconds < leaseSeconds,
    'twice retrySeconds must not be above renewDeadlineSeconds, and that must be below leaseSeconds',
  )
  .prefault({})

export interface CandidateOptions {
  readonly kubeconfig: string | undefined
  readonly namespace: string
  readonly timings: z.infer<typeof leaderElection>
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

export interface Candidacy {
  readonly election: Election
  /** Everything but reads is refused with `LostLeadership` unless this process surely leads. */
  readonly kubernetes: KubeClient
  readonly close: () => void
}

/** Its RBAC names the lease, so the name is no option. */
const leaseName = 'bulkhead-operator'

/** Makes a candidate, and the client that only writes while it leads. The lease has a client of its own. */
export async function openCandidacy(options: CandidateOptions): Promise<Candidacy> {
  const { kubeconfig, namespace, timings, logger, metrics, signal } = options
  const clock = systemClock
  const leases = await openKubeClient(kubeconfig, { logger, clock })
  const election = createElection({
    ...{ client: leases, lease: { namespace, name: leaseName }, clock, random: Math.random, logger, metrics, signal },
    // A Pod that starts again keeps its name, and must not take its predecessor for itself.
    identity: `${hostname()}_${randomUUID()}`,
    timings: {
      leaseMs: timings.leaseSeconds * 1000,
      renewDeadlineMs: timings.renewDeadlineSeconds * 1000,
      retryMs: timings.retrySeconds * 1000,
    },
  })
  const beforeWrite = (doing: string): void => election.demand(doing)
  const kubernetes = await openKubeClient(kubeconfig, { logger, clock, beforeWrite })
  return {
    ...{ election, kubernetes },
    close: () => {
      kubernetes.close()
      leases.close()
    },
  }
}
