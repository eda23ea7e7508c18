import { planDatabase } from '../walls/database/plan.ts'
import { planGrants } from '../walls/grants/plan.ts'
import { planIdentity } from '../walls/identity/plan.ts'
import { planNamespace } from '../walls/namespace/plan.ts'
import { lostWalls } from './lost.ts'
import type { Observed } from './observed.ts'
import type { Step } from './step.ts'
import type { Wanted } from './wanted.ts'

/**
 * What has to be done next so that the tenant becomes what it should be; nothing when it is. What is foreign gets no
 * step, and neither does a wall that nobody could look at, nor one that held people or rows and is gone.
 */
export function plan(wanted: Wanted, observed: Observed): readonly Step[] {
  const { grants, namespace, identity, database } = observed
  const lost = lostWalls(wanted.known, observed).filter((wall) => !wanted.again.includes(wall))
  const steps: readonly Step[] = [
    ...(grants.kind === 'seen' ? planGrants(grants.value) : []),
    ...(namespace.kind === 'seen' ? planNamespace(wanted.namespace, namespace.value, isInviting(observed)) : []),
    ...(identity.kind === 'seen' ? planIdentity(wanted.identity, identity.value) : []),
    ...(database.kind === 'seen' ? planDatabase(wanted.database, database.value) : []),
  ]
  return steps.filter(({ wall }) => !lost.some((one) => one === wall))
}

// An invitation that was used and deleted is not written again.
function isInviting({ identity }: Observed): boolean {
  if (identity.kind !== 'seen' || identity.value.secret.kind !== 'own') return false
  const { realm } = identity.value
  return realm.kind === 'open' && realm.isAdminAwaited
}
