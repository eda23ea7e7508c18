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
  const question = { owner, wanted, found: secret.kind === 'own' ? found : undefined }
  return { secret, ...(await observeRealm(parts, question, signal)) }
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

type RealmAndKeys = Omit<SeenIdentity, 'secret'>

async function observeRealm(parts: Parts, question: RealmQuestion, signal: AbortSignal): Promise<RealmAndKeys> {
  const { keycloak } = parts
  const { owner, wanted, found } = question
  const clientSecret = secretValue(found, realmSecretKeys.client)
  if (clientSecret !== undefined) {
    const entry = await keycloak.enter(wanted.realm, clientSecret, signal)
    if (entry.kind === 'open') {
      const [realm, keys] = await Promise.all([
        lookInside(parts, entry.admin, { owner, wanted, clientSecret }, signal),
        observeKeys(parts, wanted.realm, signal),
      ])
      if (realm.kind !== 'open') return { realm, keys: undefined }
      return { realm, keys, admin: entry.admin }
    }
  }
  return { realm: await lookByBootstrap(parts, question, signal), keys: undefined }
}

async function lookByBootstrap(
  { keycloak }: Parts,
  { owner, wanted }: Pick<RealmQuestion, 'owner' | 'wanted'>,
  signal: AbortSignal,
): Promise<SeenRealm> {
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
  try {
    const [found, around] = await Promise.allSettled([admin.realm(), lookAround(parts, admin, inside, signal)])
    // Whose it is comes first, whatever else was seen or refused.
    if (found.status === 'rejected') throw found.reason
    const realm = found.value
    // Who lost the role for its settings is not shown whose the realm is.
    if (!isRealmOf(realm, inside.owner.uid)) return await lookByBootstrap(parts, inside, signal)
    // A token from before the realm was disabled still opens it: that is no open realm.
    if (!realm.enabled) return { kind: 'disabled' }
    if (around.status === 'rejected') throw around.reason
    return { kind: 'open', realm, ...around.value }
  } catch (error) {
    // Let in, and not allowed to look: somebody took a role of our account.
    if (error instanceof KeycloakFault && error.status === 403) return { kind: 'locked' }
    throw error
  }
}

async function lookAround(
  parts: Parts,
  admin: RealmAdmin,
  { owner, wanted, clientSecret: key }: Inside,
  signal: AbortSignal,
) {
  const atSeconds = Math.floor(parts.clock.now() / 1000)
  const [user, audience, components, drifted, unused, federation] = await Promise.all([
    admin.findUser(tenantAdmin),
    observeAudience(admin, wanted.audience),
    admin.components(),
    driftedFlows(admin),
    openUnusedClient(admin),
    observeFederation(parts, admin, { owner, key, ...wanted }, signal),
  ])
  const isAdminAwaited = user?.requiredActions.includes('UPDATE_PASSWORD') === true
  const seen = { audience, isAdminAwaited, components, federation, atSeconds }
  return { ...seen, driftedFlows: drifted, openUnusedClient: unused }
}

async function observeAudience(admin: RealmAdmin, audience: string): Promise<SeenAudience> {
  const [scopes, defaults] = await Promise.all([admin.clientScopes(), admin.defaultScopes()])
  const scope = scopes.find((candidate) => candidate.name === audienceScope)
  if (scope === undefined) return { scope: 'absent', scopeId: undefined, isDefault: false }
  const isDefault = defaults.includes(audienceScope)
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
