// report: what became of each object, said where its author looks. This file is the pure half: what was found and how
// far it has come, as the conditions that each object is to have.
import type { Condition, ConditionType, Reason, Tenant } from '@bulkhead/crds'
import { findCondition } from '@bulkhead/crds'
import type { Finding, TenantModel } from '../model/model.ts'
import type { Blame } from './blame.ts'

/** A condition before it has a time. */
export interface WantedCondition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: Reason
  readonly message: string
  readonly observedGeneration: number
}

/** How far a tenant's publication has come. */
export interface Publication {
  readonly envoys: { readonly connected: number; readonly acked: number }
  readonly opas: { readonly connected: number; readonly holding: number }
  readonly blame: Blame | undefined
  /** Since it was published. */
  readonly ageMs: number
}

/** How long a data plane may take to answer before that is a finding of its own. */
export const noAnswerMs = 5_000
/** How long an Envoy may take to connect again. */
export const reconnectMs = 30_000

type Verdict = Pick<WantedCondition, 'status' | 'reason' | 'message'>

/** Whether every Envoy accepted the publication and every OPA decides by it. */
export function isComplete({ envoys, opas, blame }: Publication): boolean {
  return blame === undefined && envoys.acked === envoys.connected && opas.holding === opas.connected
}

/** The conditions of any object but the Tenant, of those types that are ours to write. */
export function objectConditions(
  finding: Finding,
  publication: Publication,
  previous: readonly Condition[],
): readonly WantedCondition[] {
  const { ref } = finding
  const observedGeneration = ref.generation
  const programmed = latched(programmedOf(finding, publication), ref.generation, previous)
  if (ref.kind === 'Subscription') return [{ type: 'Programmed', ...programmed, observedGeneration }]
  const accepted = problemVerdict(finding) ?? { status: 'True', reason: 'Accepted', message: 'the object is valid' }
  const ready = readyOf(accepted, programmed)
  return [
    { type: 'Accepted', ...accepted, observedGeneration },
    { type: 'Programmed', ...programmed, observedGeneration },
    { type: 'Ready', ...ready, observedGeneration },
    ...progressOf(finding, programmed, ready).map((condition) => ({ ...condition, observedGeneration })),
  ]
}

// What comes and goes without anybody's edit, like the Pods of a Service.
const mendsItself: ReadonlySet<Reason> = new Set(['BackendNotFound'])

// What kstatus reads: one of the two while the object is not ready, and neither once it is.
function progressOf(
  { problems }: Finding,
  programmed: Verdict,
  { status, reason, message }: Verdict,
): readonly Omit<WantedCondition, 'observedGeneration'>[] {
  if (status === 'True') return []
  const needsPerson = programmed.reason === 'EnvoyRejected' || problems.some((each) => !mendsItself.has(each.reason))
  if (needsPerson) return [{ type: 'Stalled', status: 'True', reason, message }]
  return [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message }]
}

/** The condition `Programmed` of a Tenant. */
export function tenantCondition(
  tenant: Tenant,
  { model, finding }: { readonly model: TenantModel; readonly finding: Finding | undefined },
  publication: Publication,
): WantedCondition {
  const observedGeneration = model.ref.generation
  const previous = tenant.status?.conditions ?? []
  const verdict = tenantVerdict(tenant, model, publication) ?? (finding && problemVerdict(finding))
  const wanted = verdict ?? latched(planeVerdict(publication, model.ref.uid, true), observedGeneration, previous)
  return { type: 'Programmed', ...wanted, observedGeneration }
}

function tenantVerdict(
  { metadata, status }: Tenant,
  model: TenantModel,
  publication: Publication,
): Verdict | undefined {
  if (model.hosts.length === 0 && metadata.deletionTimestamp !== undefined) return withdrawal(publication)
  const judged = ['Granted', 'IdentityReady'].every(
    (type) => findCondition(status?.conditions, type)?.observedGeneration === model.ref.generation,
  )
  if (!judged) return { status: 'Unknown', reason: 'Waiting', message: 'grants and identity are not judged yet' }
  if (model.hosts.length === 0) return { status: 'False', reason: 'Waiting', message: 'no hostname is granted' }
  return undefined
}

// The operator waits for this before it cleans up: not one Envoy may still route to the tenant. One that is not connected
// serves on, and comes back within its longest pause, as after a start of ours.
function withdrawal({ envoys, ageMs }: Publication): Verdict {
  if (envoys.connected === 0 && ageMs < reconnectMs) return waiting(ageMs, 'an Envoy may be about to connect')
  if (envoys.acked === envoys.connected) {
    return { status: 'False', reason: 'Withdrawn', message: 'the routes were taken off the data plane' }
  }
  return waiting(ageMs, 'an Envoy still has the routes')
}

function programmedOf({ ref, problems, isReferenced }: Finding, publication: Publication): Verdict {
  const [problem] = problems
  if (problem !== undefined)
    return problemVerdict({ ref, problems, isReferenced }) ?? planeVerdict(publication, ref.uid, false)
  if (!isReferenced) {
    return { status: 'True', reason: 'NotReferenced', message: 'nothing refers to the object' }
  }
  const isDecidedByOpa = ref.kind === 'Subscription' || ref.kind === 'AccessPolicy' || ref.kind === 'Plan'
  return planeVerdict(publication, ref.uid, isDecidedByOpa)
}

function problemVerdict({ problems }: Finding): Verdict | undefined {
  const [first] = problems
  if (first === undefined) return undefined
  const sentences = problems.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
  return { status: 'False', reason: first.reason, message: sentences.join('; ').slice(0, 2000) }
}

function planeVerdict({ envoys, opas, blame, ageMs }: Publication, uid: string, needsOpa: boolean): Verdict {
  if (blame?.uids.has(uid)) return { status: 'False', reason: 'EnvoyRejected', message: blame.message }
  if (blame !== undefined) {
    const message = 'another object of this tenant was refused, so the last good configuration stays'
    return { status: 'False', reason: 'NotProgrammed', message }
  }
  if (envoys.connected === 0) return { status: 'False', reason: 'NoDataPlane', message: 'no Envoy is connected' }
  if (envoys.acked < envoys.connected) return waiting(ageMs, 'an Envoy has not answered yet')
  if (needsOpa && opas.connected === 0) {
    return { status: 'False', reason: 'NoDataPlane', message: 'no policy agent is connected' }
  }
  if (needsOpa && opas.holding < opas.connected) return waiting(ageMs, 'a policy agent has not answered yet')
  return { status: 'True', reason: 'Programmed', message: 'the data plane has accepted the object' }
}

function waiting(ageMs: number, message: string): Verdict {
  return ageMs >= noAnswerMs
    ? { status: 'False', reason: 'NoAnswer', message }
    : { status: 'Unknown', reason: 'Progressing', message }
}

// Once a generation is programmed it stays so: Envoys that come and go, and other objects of the tenant, are no news of
// this one. Only its own problems and Envoy's own refusal of it are.
function latched(verdict: Verdict, generation: number, previous: readonly Condition[]): Verdict {
  const isAboutThePlane =
    verdict.reason === 'NoDataPlane' ||
    verdict.reason === 'NoAnswer' ||
    verdict.reason === 'NotProgrammed' ||
    verdict.reason === 'Progressing'
  const before = findCondition(previous, 'Programmed')
  const wasProgrammed =
    before?.status === 'True' && before.reason === 'Programmed' && before.observedGeneration === generation
  return isAboutThePlane && wasProgrammed
    ? { status: 'True', reason: 'Programmed', message: 'the data plane has accepted the object' }
    : verdict
}

function readyOf(accepted: Verdict, programmed: Verdict): Verdict {
  if (accepted.status !== 'True') return accepted
  if (programmed.status === 'True') return { status: 'True', reason: 'Ready', message: 'the object does what it says' }
  return { ...programmed, status: 'False' }
}
