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

/** Judges an object as kstatus does: the first rule that applies decides. */
// eslint-disable-next-line complexity -- the rules of kstatus in their own order
export function kstatus({ metadata, status = {} }: KstatusObject): Kstatus {
  const { generation, deletionTimestamp = '' } = metadata
  const { observedGeneration, conditions = [] } = status
  if (deletionTimestamp !== '') return 'Terminating'
  const isOutdated = generation !== undefined && observedGeneration !== undefined && observedGeneration !== generation
  if (isOutdated) return 'InProgress'
  // Whichever of the two stands first in the list.
  const standard = conditions.find(
    ({ type, status: value }) => (type === 'Reconciling' || type === 'Stalled') && value === 'True',
  )
  if (standard !== undefined) return standard.type === 'Reconciling' ? 'InProgress' : 'Failed'
  const ready = conditions.find(({ type, status: value }) => type === 'Ready' && isKnown(value))
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress'
}

function isKnown(value: string): boolean {
  return value === 'True' || value === 'False' || value === 'Unknown'
}
