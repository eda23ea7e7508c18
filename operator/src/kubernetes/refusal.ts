import type { Problem } from '@bulkhead/crds'
import { KubeFault, fullQuota, isInvalid } from '@bulkhead/runtime'
import type { WantedObject } from './wanted-object.ts'

/** Why the API server did not take an object of a Tenant, where a person must act; undefined for every other fault. */
export function refusalProblem(object: WantedObject, error: unknown): Problem | undefined {
  return invalidProblem(object, error) ?? quotaProblem(object, error)
}

// What the API server calls invalid came out of the spec: its words are the user's to read.
function invalidProblem({ madeFrom: field }: WantedObject, error: unknown): Problem | undefined {
  if (field === undefined || !(error instanceof KubeFault) || !isInvalid(error)) return undefined
  return { reason: 'InvalidSpec', field, message: error.detail.slice(0, 500) }
}

function quotaProblem({ kind, body }: WantedObject, error: unknown): Problem | undefined {
  const quota = fullQuota(error)
  if (quota === undefined) return undefined
  const message = `Cannot make ${kind.kind} "${body.metadata.name}": ResourceQuota "${quota}" of the namespace is full`
  return { reason: 'QuotaExceeded', field: 'spec.quota', message }
}
