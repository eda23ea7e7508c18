import type { RealmAdmin } from '@bulkhead/identity'
import type { Secret } from '@bulkhead/runtime'
import { secretValue } from '../../kubernetes/secrets.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret } from '../system-secrets.ts'
import { byOwnAccount, demandOwn, notOwn, realmSecrets, restoreAccount } from './account.ts'
import type { OwnAccount } from './account.ts'
import { applyFederationStep, isFederationStep } from './federation/apply.ts'
import type { FederationStep } from './federation/plan.ts'
import { applyKeyStep, isKeyStep } from './keys/apply.ts'
import { firstKey } from './keys/components.ts'
import type { KeyStep } from './keys/rotation.ts'
import { observeIdentity, realmSecretKeys } from './observe.ts'
import type { IdentityStep } from './plan.ts'
import { isRealmOf } from './realm.ts'
import { audienceMapper, newAudienceScope } from './realm/audience.ts'
import { ownFlows } from './realm/flows.ts'
import { newRealm, unusedClient } from './realm/new-realm.ts'
import type { PolicyRepair } from './realm/registration.ts'
import type { WantedIdentity } from './wanted.ts'

export interface IdentityParts {
  readonly parts: Parts
  readonly owner: Owner
  readonly wanted: WantedIdentity
}

export async function applyIdentityStep(at: IdentityParts, step: IdentityStep, signal: AbortSignal): Promise<void> {
  if (step.kind === 'create-realm') return createRealm(at, signal)
  if (step.kind === 'set-enabled' || step.kind === 'restore-account') return applyByBootstrap(at, step, signal)
  return byOwnAccount(at.parts, accountOf(at), signal, async () => {
    const admin = await enter(at, signal)
    if (isFederationStep(step)) return applyFederationStep(admin, step)
    if (isKeyStep(step)) return applyKeyStep(admin, step)
    return applyInside(at.wanted, admin, step)
  })
}

async function applyByBootstrap(
  at: IdentityParts,
  step: Extract<IdentityStep, { kind: 'set-enabled' | 'restore-account' }>,
  signal: AbortSignal,
): Promise<void> {
  if (step.kind === 'restore-account') return restoreLocked(at, signal)
  await demandOwn(at.parts, accountOf(at), signal)
  return at.parts.keycloak.setEnabled(at.wanted.realm, step.enabled, signal)
}

// An account that is shut out all the same is a fault, so that the next try waits for its back-off.
async function restoreLocked(at: IdentityParts, signal: AbortSignal): Promise<void> {
  await restoreAccount(at.parts, accountOf(at), signal)
  const { realm } = await observeIdentity(at.parts, at.owner, at.wanted, signal)
  if (realm.kind !== 'locked') return
  throw new Error(`Cannot use our account in realm "${at.wanted.realm}": it was restored, and is refused all the same`)
}

function accountOf({ owner, wanted: { realm, secretName } }: IdentityParts): OwnAccount {
  return { owner, realm, secretName }
}

type Elsewhere = 'create-realm' | 'set-enabled' | 'restore-account' | KeyStep['kind'] | FederationStep['kind']
type InsideStep = Exclude<IdentityStep, { kind: Elsewhere }>

async function applyInside(wanted: WantedIdentity, admin: RealmAdmin, step: InsideStep): Promise<void> {
  switch (step.kind) {
    case 'update-realm':
      return admin.updateRealm(step.fields)
    case 'create-audience':
      return admin.addDefaultScope(await admin.createClientScope(newAudienceScope(wanted.audience)))
    case 'repair-audience':
      return admin.replaceMappers(step.scopeId, [audienceMapper(wanted.audience)])
    case 'default-audience':
      return admin.addDefaultScope(step.scopeId)
    case 'repair-flow':
      return repairFlow(admin, step.alias)
    case 'repair-policy':
      return repairPolicy(admin, step.policy)
    case 'shut-unused-client':
      return admin.updateClient(step.id, unusedClient)
  }
}

async function repairFlow(admin: RealmAdmin, alias: string): Promise<void> {
  const flow = ownFlows.find((one) => one.alias === alias)
  if (flow !== undefined) await admin.replaceFlow(alias, flow.executions)
}

async function repairPolicy(admin: RealmAdmin, { id, fields }: PolicyRepair): Promise<void> {
  await (id === undefined ? admin.createComponent(fields) : admin.updateComponent(id, fields))
}

async function createRealm(at: IdentityParts, signal: AbortSignal): Promise<void> {
  const { parts, wanted } = at
  const { client: secret, adminPassword } = await realmSecrets(parts, accountOf(at), signal, true)
  const signingKey = firstKey(Math.floor(parts.clock.now() / 1000), wanted.rotation.request)
  const { settings, template } = wanted
  const fields = newRealm({ settings, template, secret, adminPassword, signingKey })
  if ((await parts.keycloak.createRealm(wanted.realm, fields, signal)) === 'taken') return
  // A scope in the realm's own fields would take the place of all that Keycloak makes by itself; of a realm that was just
  // made it is known what is missing, and no look has to find it. Nobody else's lets in whoever has the new secret.
  const admin = await enterBy(parts, wanted.realm, secret, signal)
  await applyInside(wanted, admin, { wall: 'identity', kind: 'create-audience' })
}

/** The password of the invitation, while it is stored. */
export async function invitationPassword(
  parts: Parts,
  { secretName }: WantedIdentity,
  signal: AbortSignal,
): Promise<Secret<string> | undefined> {
  return secretValue(await findSystemSecret(parts, secretName, signal), realmSecretKeys.adminPassword)
}

async function enter(at: IdentityParts, signal: AbortSignal): Promise<RealmAdmin> {
  const { realm } = at.wanted
  const { client } = await realmSecrets(at.parts, accountOf(at), signal)
  const admin = await enterBy(at.parts, realm, client, signal)
  if (!isRealmOf(await admin.realm(), at.owner.uid)) throw notOwn(realm)
  return admin
}

async function enterBy(
  { keycloak }: Parts,
  realm: string,
  secret: Secret<string>,
  signal: AbortSignal,
): Promise<RealmAdmin> {
  const entry = await keycloak.enter(realm, secret, signal)
  if (entry.kind === 'closed') throw new Error(`Cannot enter realm "${realm}": Keycloak lets us in no more`)
  return entry.admin
}
