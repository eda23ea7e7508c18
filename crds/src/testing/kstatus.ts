// What kstatus (flux, kpt, `kubectl apply --wait` alike) makes of an object that is none of the built-in kinds, by its
// documented rules. A contract test holds it against the real one.

/** What kstatus says of an object that exists. */
export type Kstatus = 'InProgress' | 'Failed' | 'Current' | 'Terminating'

/** As much of an object as kstatus reads. */
export interface KstatusObject {
  readonly metadata: { readonly generation?: number | undefined; readonly deletionTimestamp?: string | undefined }
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined
        readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined
      }
    | undefined
}

type Conditions = NonNullable<NonNullable<KstatusObject['status']>['conditions']>

/** Judges an object as kstatus does: the first rule that applies decides. */
export function kstatus({ metadata, status = {} }: KstatusObject): Kstatus {
  const { conditions = [], observedGeneration } = status
  if ((metadata.deletionTimestamp ?? '') !== '') return 'Terminating'
  if (isOutdated(metadata.generation, observedGeneration)) return 'InProgress'
  return standardCondition(conditions) ?? readiness(conditions)
}

function isOutdated(generation: number | undefined, observed: number | undefined): boolean {
  return generation !== undefined && observed !== undefined && observed !== generation
}

// Whichever of the two stands first in the list.
function standardCondition(conditions: Conditions): Kstatus | undefined {
  const isStandard = (type: string): boolean => type === 'Reconciling' || type === 'Stalled'
  const found = conditions.find(({ type, status }) => isStandard(type) && status === 'True')
  return found && (found.type === 'Reconciling' ? 'InProgress' : 'Failed')
}

// An object that says nothing of its readiness is taken for ready.
function readiness(conditions: Conditions): Kstatus {
  const ready = conditions.find(({ type, status }) => type === 'Ready' && isKnown(status))
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress'
}

function isKnown(value: string): boolean {
  return value === 'True' || value === 'False' || value === 'Unknown'
}
