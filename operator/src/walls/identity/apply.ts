import type { RealmAdmin } from '@bulkhead/identity'
import type { Secret } from '@bulkhead/runtime'
import { secretValue } from '../../kubernetes/secrets.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret, storedSecrets } from '../system-secrets.ts'
import { realmSecretKeys } from './observe.ts'
import type { IdentityStep } from './plan.ts'
import { audienceMapper, newAudienceScope, newRealm } from './realm.ts'
import type { WantedIdentity } from './wanted.ts'

export interface IdentityParts {
  readonly parts: Parts
  readonly owner: Owner
  readonly wanted: WantedIdentity
}

export async function applyIdentityStep(at: IdentityParts, step: IdentityStep, signal: AbortSignal): Promise<void> {
  const { parts, owner, wanted } = at
  const { keycloak } = parts
  switch (step.kind) {
    case 'create-realm': {
      const { client, adminPassword } = await realmSecrets(at, signal)
      await keycloak.createRealm(wanted.realm, newRealm(wanted.settings, client, adminPassword), signal)
      return
    }
    case 'set-enabled':
      return keycloak.setEnabled(wanted.realm, step.enabled, signal)
    case 'restore-account': {
      parts.logger.warn({ tenant: owner.name, realm: wanted.realm }, 'restoring our account by bootstrap')
      return keycloak.restoreAccount(wanted.realm, (await realmSecrets(at, signal)).client, signal)
    }
    case 'update-realm':
      return (await enter(at, signal)).updateRealm(step.fields)
    case 'create-audience': {
      const admin = await enter(at, signal)
      return admin.addDefaultScope(await admin.createClientScope(newAudienceScope(wanted.audience)))
    }
    case 'repair-audience':
      return (await enter(at, signal)).replaceMappers(step.scopeId, [audienceMapper(wanted.audience)])
    case 'default-audience':
      return (await enter(at, signal)).addDefaultScope(step.scopeId)
  }
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
  const { client } = await realmSecrets(at, signal)
  const entry = await at.parts.keycloak.enter(realm, client, signal)
  if (entry.kind === 'closed') throw new Error(`Cannot enter realm "${realm}": Keycloak lets us in no more`)
  return entry.admin
}

async function realmSecrets({ parts, owner, wanted }: IdentityParts, signal: AbortSignal) {
  const { client, adminPassword } = realmSecretKeys
  const stored = { name: wanted.secretName, keys: [client, adminPassword], facts: {} }
  const values = await storedSecrets(parts, owner, stored, signal)
  return { client: values(client), adminPassword: values(adminPassword) }
}
