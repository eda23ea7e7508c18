import type { SeenDatabase } from '@bulkhead/database'
import { seeObject } from '../../kubernetes/wanted-object.ts'
import type { SeenObject } from '../../kubernetes/wanted-object.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret } from '../system-secrets.ts'
import type { SchemaPlan } from './rollout.ts'
import type { WantedDatabase } from './wanted.ts'

/** Role and schema, our own Secret with the role's login, and what the rollout says of the schema's next version. */
export type SeenDatabaseWall = SeenDatabase & { readonly secret: SeenObject; readonly plan: SchemaPlan }

const nothing = { role: { kind: 'absent' }, schema: { kind: 'absent' }, retained: { kind: 'absent' } } as const

export async function observeDatabase(
  parts: Parts,
  owner: Owner,
  { tenant, secretName, placement, rollout }: WantedDatabase,
  signal: AbortSignal,
): Promise<SeenDatabaseWall> {
  if (placement.kind === 'unavailable') throw placement.error
  // Nothing of it can be anywhere that we reach.
  const plan = parts.rollouts.planFor(rollout)
  if (placement.kind !== 'placed') return { ...nothing, secret: nothing.role, plan }
  const secret = seeObject(await findSystemSecret(parts, secretName, signal), owner.uid)
  return { ...(await parts.databases.observe(tenant, signal)), secret, plan }
}
