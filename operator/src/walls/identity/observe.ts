import { KeycloakFault, KeycloakUnreachable, checkKeys } from '@bulkhead/identity'
import type { RealmAdmin } from '@bulkhead/identity'
import type { KubeObject, Secret } from '@bulkhead/runtime'
import { secretValue } from '../../kubernetes/secrets.ts'
import { seeObject } from '../../kubernetes/wanted-object.ts'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { findSystemSecret } from '../system-secrets.ts'
import { observeFederation } from './federation/observe.ts'
import type { SeenAudience, SeenIdentity, SeenPublished, SeenRealm } from './observed.ts'
import { audienceScope, isRealmOf, tenantAdmin } from './realm.ts'
import { isAudienceScope } from './realm/audience.ts'
import { isFlow, ownFlows } from './realm/flows.ts'
import { isUnusedClientShut, unusedClient } from './realm/new-realm.ts'
import type { WantedIdentity } from './wanted.ts'

/** The keys of the operator's own Secret for a realm. */
export const realmSecretKeys = { client: 'client-secret', adminPassword: 'tenant-admin-password' } as const

export async function observeIdentity(
  parts: Parts,
  owner: Owner,
  wanted: WantedIdentity,
  signal: AbortSignal,
): Promise<SeenIdentity> {
  const { placement } = wanted
  if (placement.kind === 'unavailable') throw placement.error
  // Nothing of it can be anywhere.
  if (placement.kind !== 'placed') return { secret: { kind: 'absent' }, realm: { kind: 'unplaced' }, keys: undefined }
  const found = await findSystemSecret(parts, wanted.secretName, signal)
  const secret = seeObject(found, owner.uid)
  const realm = await observeRealm(parts, { owner, wanted, found: secret.kind === 'own' ? found : undefined }, signal)
  if (realm.kind !== 'open') return { secret, realm, keys: undefined }
  return { secret, realm, keys: await observeKeys(parts, wanted.realm, signal) }
}

// A page in place of keys, or none at all, hides nothing else of the realm.
async function observeKeys({ keycloak }: Parts, realm: string, signal: AbortSignal): Promise<SeenPublished> {
  try {
    return checkKeys(await keycloak.publishedKeys(realm, signal))
  } catch (error) {
    if (error instanceof KeycloakFault || error instanceof KeycloakUnreachable) return { ok: 'unknown' }
    throw error
  }
}

interface RealmQuestion {
  readonly owner: Owner
  readonly wanted: WantedIdentity
  /** Our own Secret. */
  readonly found: KubeObject | undefined
}

async function observeRealm(parts: Parts, question: RealmQuestion, signal: AbortSignal): Promise<SeenRealm> {
  const { keycloak } = parts
  const { owner, wanted, found } = question
  const clientSecret = secretValue(found, realmSecretKeys.client)
  if (clientSecret !== undefined) {
    const entry = await keycloak.enter(wanted.realm, clientSecret, signal)
    if (entry.kind === 'open') return lookInside(parts, entry.admin, { owner, wanted, clientSecret }, signal)
  }
  const realm = await keycloak.findRealm(wanted.realm, signal)
  if (realm === undefined) return { kind: 'absent' }
  if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
  return { kind: realm.enabled ? 'locked' : 'disabled' }
}

interface Inside {
  readonly owner: Owner
  readonly wanted: WantedIdentity
  readonly clientSecret: Secret<string>
}

async function lookInside(parts: Parts, admin: RealmAdmin, inside: Inside, signal: AbortSignal): Promise<SeenRealm> {
  const { owner, wanted } = inside
  try {
    const realm = await admin.realm()
    if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
    // A token from before the realm was disabled still opens it: that is no open realm.
    if (!realm.enabled) return { kind: 'disabled' }
    const user = await admin.findUser(tenantAdmin)
    const question = { owner, key: inside.clientSecret, ...wanted }
    return {
      ...{ kind: 'open', realm },
      audience: await observeAudience(admin, wanted.audience),
      isAdminAwaited: user?.requiredActions.includes('UPDATE_PASSWORD') === true,
      components: await admin.components(),
      driftedFlows: await driftedFlows(admin),
      openUnusedClient: await openUnusedClient(admin),
      federation: await observeFederation(parts, admin, question, signal),
      atSeconds: Math.floor(parts.clock.now() / 1000),
    }
  } catch (error) {
    // Let in, and not allowed to look: somebody took a role of our account.
    if (error instanceof KeycloakFault && error.status === 403) return { kind: 'locked' }
    throw error
  }
}

async function observeAudience(admin: RealmAdmin, audience: string): Promise<SeenAudience> {
  const scope = (await admin.clientScopes()).find((candidate) => candidate.name === audienceScope)
  if (scope === undefined) return { scope: 'absent', scopeId: undefined, isDefault: false }
  const isDefault = (await admin.defaultScopes()).includes(audienceScope)
  return { scope: isAudienceScope(scope, audience) ? 'as-wanted' : 'drifted', scopeId: scope.id, isDefault }
}

async function driftedFlows(admin: RealmAdmin): Promise<readonly string[]> {
  const looks = await Promise.all(
    ownFlows.map(async (flow) => (isFlow(flow, await admin.flow(flow.alias)) ? [] : [flow.alias])),
  )
  return looks.flat()
}

async function openUnusedClient(admin: RealmAdmin): Promise<string | undefined> {
  const client = await admin.findClient(unusedClient.clientId)
  return client === undefined || isUnusedClientShut(client) ? undefined : client.id
}
