import { randomUUID } from 'node:crypto'
import { findCondition } from '@bulkhead/crds'
import type { Condition, Reason } from '@bulkhead/crds'
import { apiVersionOf } from '@bulkhead/runtime'
import type { KubeClient, KubeRef, Logger } from '@bulkhead/runtime'
import { eventKind } from './kinds.ts'

export interface Subject {
  readonly ref: KubeRef
  readonly uid: string
  readonly tenant: string
  /** RFC 3339. */
  readonly now: string
}

/** The conditions that a person wants to hear of: those whose status or reason changed. */
export function transitions(
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
): readonly Condition[] {
  return after.filter((entry) => {
    const previous = findCondition(before, entry.type)
    return previous?.status !== entry.status || previous.reason !== entry.reason
  })
}

const underWay: readonly string[] = ['Progressing', 'Waiting', 'NotProgrammed'] satisfies readonly Reason[]

/** Tells of each transition in a log line and, unless it only says that work is under way, an Event. An Event that cannot be written is logged, and no fault. */
export async function announce(
  client: Pick<KubeClient, 'create'>,
  logger: Logger,
  { ref, uid, tenant, now }: Subject,
  changed: readonly Condition[],
): Promise<void> {
  for (const { type, status, reason = '', message = '' } of changed) {
    const fields = { tenant, kind: ref.kind.kind, object: ref.name, condition: type, status, reason }
    logger.info(fields, 'condition changed')
    // Work under way is no news to its author: what comes of it is.
    if (type === 'Reconciling' || underWay.includes(reason)) continue
    const namespace = ref.namespace ?? 'default'
    const body = {
      metadata: { name: `${ref.name.slice(0, 200)}.${randomUUID()}`, namespace },
      involvedObject: {
        apiVersion: apiVersionOf(ref.kind),
        kind: ref.kind.kind,
        name: ref.name,
        namespace: ref.namespace,
        uid,
      },
      reason,
      message: `${type} is ${status}: ${message}`.slice(0, 1000),
      type: isWarning(type, status) ? 'Warning' : 'Normal',
      source: { component: 'bulkhead-operator' },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    }
    try {
      await client.create(eventKind, body, { timeoutMs: 5000 })
    } catch (error) {
      logger.warn({ ...fields, err: error }, 'cannot write an event')
    }
  }
}

function isWarning(type: string, status: string): boolean {
  return ['Stalled', 'JwksStale', 'MigrationFailed'].includes(type) ? status === 'True' : status === 'False'
}
