import type { Problem } from '@bulkhead/crds'
import { refusalProblem } from '../kubernetes/refusal.ts'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import type { Parts } from '../parts.ts'
import { applyDatabaseStep } from '../walls/database/apply.ts'
import { applyGrants } from '../walls/grants/apply.ts'
import { applyIdentityStep, invitationPassword } from '../walls/identity/apply.ts'
import { tenantAdmin } from '../walls/identity/realm.ts'
import { applyNamespaceStep } from '../walls/namespace/apply.ts'
import type { Invitation } from '../walls/namespace/apply.ts'
import { wallNames } from './observed.ts'
import type { WallName } from './observed.ts'
import type { Step } from './step.ts'
import { turnsOf } from './turns.ts'
import type { Wanted } from './wanted.ts'

/** What went wrong, by wall. */
export type Faults = ReadonlyMap<WallName, unknown>
/** The objects that the API server calls invalid, with its words, or that a full quota shuts out: a person must act. */
export type Refusals = ReadonlyMap<WantedObject, Problem>
export interface Applied {
  readonly faults: Faults
  readonly refusals: Refusals
}

/**
 * Takes the steps: turn by turn within a wall, the walls beside each other. A wall's first fault ends that wall only, and an
 * object that is refused for the user's mistake ends nothing.
 */
export async function apply(
  parts: Parts,
  wanted: Wanted,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<Applied> {
  const faults = new Map<WallName, unknown>()
  const refusals = new Map<WantedObject, Problem>()
  const take = async (step: Step): Promise<void> => {
    try {
      await applyStep(parts, wanted, step, signal)
      parts.logger.info({ tenant: wanted.owner.name, wall: step.wall, step: step.kind }, 'step taken')
    } catch (error) {
      const refusal = refusalOf(step, error)
      if (refusal === undefined) throw error
      refusals.set(...refusal)
    }
  }
  const applyWall = async (wall: WallName): Promise<void> => {
    try {
      for (const turn of turnsOf(steps.filter((candidate) => candidate.wall === wall))) {
        signal.throwIfAborted()
        const failed = (await Promise.allSettled(turn.map(take))).find((one) => one.status === 'rejected')
        if (failed !== undefined) throw failed.reason
      }
    } catch (error) {
      faults.set(wall, error)
    }
  }
  await Promise.all(wallNames.map(applyWall))
  signal.throwIfAborted()
  return { faults, refusals }
}

function refusalOf(step: Step, error: unknown): readonly [WantedObject, Problem] | undefined {
  if (!('object' in step)) return undefined
  const problem = refusalProblem(step.object, error)
  return problem && [step.object, problem]
}

function applyStep(parts: Parts, wanted: Wanted, step: Step, signal: AbortSignal): Promise<void> {
  const { owner } = wanted
  switch (step.wall) {
    case 'grants':
      return applyGrants(parts, wanted.grants.claim, signal)
    case 'namespace':
      return applyNamespaceStep({ parts, invitation: invitationOf(parts, wanted) }, step, signal)
    case 'identity':
      return applyIdentityStep({ parts, owner, wanted: wanted.identity }, step, signal)
    case 'database':
      return applyDatabaseStep({ parts, owner, wanted: wanted.database }, step, signal)
  }
}

function invitationOf(parts: Parts, { identity }: Wanted): Invitation {
  return {
    username: tenantAdmin,
    loginUrl: identity.loginUrl,
    password: (signal) => invitationPassword(parts, identity, signal),
  }
}
