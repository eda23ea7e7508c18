import { createHash } from 'node:crypto'
import type { KubeBody, KubeKind } from '@bulkhead/runtime'
import { apiVersionOf } from '@bulkhead/runtime'
import type { ObjectRef } from '../model/model.ts'
import type { Transition } from './difference.ts'

export const eventKind: KubeKind = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true }

/** An Event about a turn; the same turn of the same generation at the same time has the same name. */
export function eventOf(ref: ObjectRef, kind: KubeKind, transition: Transition, now: string): KubeBody {
  const { type, reason, message } = transition
  const turn = JSON.stringify([ref.uid, ref.generation, type, reason, now])
  const suffix = createHash('sha256').update(turn).digest('hex').slice(0, 16)
  return {
    // Events about cluster-scoped objects stand in `default`, where kubectl looks for them.
    metadata: { name: `${ref.name.slice(0, 200)}.${suffix}`, namespace: ref.namespace ?? 'default' },
    involvedObject: {
      apiVersion: apiVersionOf(kind),
      kind: ref.kind,
      name: ref.name,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      uid: ref.uid,
    },
    type,
    reason,
    message: message.slice(0, 1000),
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    source: { component: 'bulkhead-xds-server' },
  }
}
