import type { Problem } from '@bulkhead/crds'
import type { SeenObject, WantedObject } from '../kubernetes/wanted-object.ts'
import type { Seen } from '../walls/seen.ts'
import type { Observed } from './observed.ts'

/** What the last complete look saw, so that a change of the status alone needs no new look. */
export interface Look {
  readonly generation: number
  readonly atMs: number
  readonly observed: Observed
  readonly refusals: ReadonlyMap<WantedObject, Problem>
}

/** The same look without what is in the objects: one is kept for each tenant, and no Secret with it. */
export function withoutContents(observed: Observed): Observed {
  const { namespace, identity, database } = observed
  return {
    ...observed,
    namespace: mapSeen(namespace, (seen) => {
      if (seen.kind !== 'own') return seen
      const { binding, objects, invitation } = seen
      return {
        ...{ kind: 'own', namespace: emptied(seen.namespace), binding: emptied(binding) },
        ...{ objects: objects.map(emptied), invitation: emptied(invitation) },
      }
    }),
    identity: mapSeen(identity, ({ realm, keys, secret }) => ({ realm, keys, secret: emptied(secret) })),
    database: mapSeen(database, (seen) => ({ ...seen, secret: emptied(seen.secret) })),
  }
}

function mapSeen<T>(look: Seen<T>, change: (value: T) => T): Seen<T> {
  return look.kind === 'seen' ? { kind: 'seen', value: change(look.value) } : look
}

const own: SeenObject = { kind: 'own', object: { metadata: { name: '' } } }

function emptied(object: SeenObject): SeenObject {
  return object.kind === 'own' ? own : object
}
