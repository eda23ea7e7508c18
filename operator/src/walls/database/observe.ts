import type { DatabaseTenant, SeenDatabase, SeenRole } from '@bulkhead/database'
import { secretValue } from '../../kubernetes/secrets.ts'
import { seeObject } from '../../kubernetes/wanted-object.ts'
import type { SeenObject } from '../../kubernetes/wanted-object.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret } from '../system-secrets.ts'
import { isPasswordDue } from './password.ts'
import type { SeenPassword } from './password.ts'
import type { SchemaPlan } from './rollout.ts'
import type { WantedDatabase } from './wanted.ts'

/** Role and schema, our own Secret with the role's login, and what the rollout says of the schema's next version. */
export type SeenDatabaseWall = SeenDatabase & {
  readonly secret: SeenObject
  readonly password: SeenPassword
  readonly plan: SchemaPlan
}

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
  if (placement.kind !== 'placed') return { ...nothing, secret: nothing.role, password: 'good', plan }
  const secret = seeObject(await findSystemSecret(parts, secretName, signal), owner.uid)
  const seen = await parts.databases.observe(tenant, signal)
  return { ...seen, secret, plan, password: await seePassword(parts, tenant, { secret, role: seen.role }, signal) }
}

// What is not there yet gets the stored password when it is made, and a role that is shut opens to none.
async function seePassword(
  { databases, clock, settings }: Parts,
  tenant: DatabaseTenant,
  { secret, role }: { readonly secret: SeenObject; readonly role: SeenRole },
  signal: AbortSignal,
): Promise<SeenPassword> {
  if (secret.kind !== 'own' || role.kind !== 'own' || !role.canLogin) return 'good'
  if (isPasswordDue(secret.object, clock.now(), settings.passwordMaxAgeMs)) return 'due'
  const password = secretValue(secret.object, 'password')
  if (password === undefined) return 'good'
  return (await databases.refusesPassword(tenant, password, signal)) ? 'refused' : 'good'
}
