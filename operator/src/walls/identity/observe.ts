import { checkKeys } from '@bulkhead/identity'
import type { RealmAdmin } from '@bulkhead/identity'
import type { KubeObject } from '@bulkhead/runtime'
import { secretValue } from '../../kubernetes/secrets.ts'
import { seeObject } from '../../kubernetes/wanted-object.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret } from '../system-secrets.ts'
import type { SeenAudience, SeenIdentity, SeenRealm } from './observed.ts'
import { audienceScope, isAudienceScope, isRealmOf, tenantAdmin } from './realm.ts'
import type { WantedIdentity } from './wanted.ts'

/** The keys of the operator's own Secret for a realm. */
export const realmSecretKeys = { client: 'client-secret', adminPassword: 'tenant-admin-password' } as const

export async function observeIdentity(
  parts: Parts,
  owner: Owner,
  wanted: WantedIdentity,
  signal: AbortSignal,
): Promise<SeenIdentity> {
  const found = await findSystemSecret(parts, wanted.secretName, signal)
  const secret = seeObject(found, owner.uid)
  const realm = await observeRealm(parts, { owner, wanted, found: secret.kind === 'own' ? found : undefined }, signal)
  if (realm.kind !== 'open') return { secret, realm, keys: undefined }
  const keys = checkKeys(await parts.keycloak.publishedKeys(wanted.realm, signal))
  return { secret, realm, keys }
}

interface RealmQuestion {
  readonly owner: Owner
  readonly wanted: WantedIdentity
  /** Our own Secret. */
  readonly found: KubeObject | undefined
}

async function observeRealm(
  { keycloak }: Parts,
  { owner, wanted, found }: RealmQuestion,
  signal: AbortSignal,
): Promise<SeenRealm> {
  const clientSecret = secretValue(found, realmSecretKeys.client)
  if (clientSecret !== undefined) {
    const entry = await keycloak.enter(wanted.realm, clientSecret, signal)
    if (entry.kind === 'open') return lookInside(entry.admin, owner, wanted)
  }
  const realm = await keycloak.findRealm(wanted.realm, signal)
  if (realm === undefined) return { kind: 'absent' }
  if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
  return { kind: realm.enabled ? 'locked' : 'disabled' }
}

async function lookInside(entry: RealmAdmin, owner: Owner, wanted: WantedIdentity): Promise<SeenRealm> {
  const realm = await entry.realm()
  if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
  // A token from before the realm was disabled still opens it: that is no open realm.
  if (!realm.enabled) return { kind: 'disabled' }
  const audience = await observeAudience(entry, wanted.audience)
  const admin = await entry.findUser(tenantAdmin)
  const isAdminAwaited = admin?.requiredActions.includes('UPDATE_PASSWORD') === true
  return { kind: 'open', realm, audience, isAdminAwaited }
}

async function observeAudience(admin: RealmAdmin, audience: string): Promise<SeenAudience> {
  const scope = (await admin.clientScopes()).find((candidate) => candidate.name === audienceScope)
  if (scope === undefined) return { scope: 'absent', scopeId: undefined, isDefault: false }
  const isDefault = (await admin.defaultScopes()).includes(audienceScope)
  return { scope: isAudienceScope(scope, audience) ? 'as-wanted' : 'drifted', scopeId: scope.id, isDefault }
}
