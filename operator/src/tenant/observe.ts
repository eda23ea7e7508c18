import { isForbidden } from '@bulkhead/runtime'
import type { KubeObject, KubeRef } from '@bulkhead/runtime'
import { namespaceOf } from '@bulkhead/tenancy'
import { checkKeys } from '@bulkhead/identity'
import type { RealmAdmin } from '@bulkhead/identity'
import { secretKind } from '../kubernetes/kinds.ts'
import { secretValue } from '../kubernetes/secrets.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import type { WantedObject } from '../kubernetes/wanted-object.ts'
import type { Observed, Seen, SeenAudience, SeenIdentity, SeenNamespace, SeenRealm } from './observed.ts'
import type { Parts } from './parts.ts'
import { audienceScope, isAudienceScope, isRealmOf, tenantAdmin } from './realm.ts'
import type { Wanted } from './wanted.ts'

/** The Secret in the tenant's namespace with which its first admin comes in. */
export const invitationName = 'tenant-admin-invitation'
/** The keys of the operator's own Secret for a realm. */
export const realmSecretKeys = { client: 'client-secret', adminPassword: 'tenant-admin-password' } as const

/** Looks at all four walls at once; one that cannot be seen hides none of the others. */
export async function observe(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<Observed> {
  const [grants, namespace, identity, database] = await Promise.all([
    attempt(() => parts.registry.inspect(wanted.claim, termsOf(parts), signal)),
    attempt(() => observeNamespace(parts, wanted, signal)),
    attempt(() => observeIdentity(parts, wanted, signal)),
    attempt(() => observeDatabase(parts, wanted, signal)),
  ])
  // A wall that could not be seen because we are stopping is no news.
  signal.throwIfAborted()
  return { grants, namespace, identity, database }
}

export function termsOf({ settings, clock }: Pick<Parts, 'settings' | 'clock'>) {
  const { capacityRequestsPerSecond: capacity, quarantineMs } = settings
  return { capacity, quarantineMs, nowMs: clock.now() }
}

async function attempt<T>(look: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'seen', value: await look() }
  } catch (error) {
    return { kind: 'unavailable', error }
  }
}

async function observeNamespace(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<SeenNamespace> {
  const { owner } = wanted
  const find = (ref: KubeRef) => patiently(parts, () => parts.kubernetes.find(ref, { signal }), signal)
  const see = async (object: WantedObject) => seeObject(await find(refOf(object)), owner.uid)
  const { kubernetes } = parts
  const namespace = seeObject(await kubernetes.find(refOf(wanted.namespace.namespace), { signal }), owner.uid)
  if (namespace.kind === 'absent') return { kind: 'absent' }
  if (isTerminating(namespace)) return { kind: 'terminating', isOwn: namespace.kind === 'own' }
  if (namespace.kind === 'foreign') return { kind: 'foreign' }
  const binding = await see(wanted.namespace.binding)
  if (binding.kind !== 'own') return { kind: 'own', namespace, binding, objects: [], invitation: { kind: 'absent' } }
  const invitationRef = { kind: secretKind, namespace: namespaceOf(owner.name), name: invitationName }
  const [invitation, ...objects] = await Promise.all([
    find(invitationRef).then((found) => seeObject(found, owner.uid)),
    ...wanted.namespace.objects.map(see),
  ])
  return { kind: 'own', namespace, binding, objects, invitation }
}

function isTerminating(seen: { readonly kind: string; readonly object?: KubeObject }): boolean {
  return seen.object?.metadata.deletionTimestamp !== undefined
}

export function refOf({ kind, body }: WantedObject): KubeRef {
  return { kind, namespace: body.metadata.namespace, name: body.metadata.name }
}

const forbiddenTries = 20
const forbiddenPauseMs = 100

// The API server needs a moment to believe a new role binding; until then our own namespace is shut to us.
export async function patiently<T>({ clock }: Parts, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isForbidden(error) || attempt === forbiddenTries) throw error
      await clock.sleep(forbiddenPauseMs, signal)
    }
  }
}

export async function findSystemSecret(
  parts: Parts,
  name: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const namespace = parts.settings.systemNamespace
  return parts.kubernetes.find({ kind: secretKind, namespace, name }, { signal })
}

async function observeIdentity(parts: Parts, wanted: Wanted, signal: AbortSignal): Promise<SeenIdentity> {
  const { identity, owner } = wanted
  const found = await findSystemSecret(parts, identity.secretName, signal)
  const secret = seeObject(found, owner.uid)
  const realm = await observeRealm(parts, wanted, secret.kind === 'own' ? found : undefined, signal)
  if (realm.kind !== 'open') return { secret, realm, keys: undefined }
  const keys = checkKeys(await parts.keycloak.publishedKeys(identity.realm, signal))
  return { secret, realm, keys }
}

async function observeRealm(
  { keycloak }: Parts,
  { identity, owner }: Wanted,
  found: KubeObject | undefined,
  signal: AbortSignal,
): Promise<SeenRealm> {
  const clientSecret = secretValue(found, realmSecretKeys.client)
  if (clientSecret !== undefined) {
    const entry = await keycloak.enter(identity.realm, clientSecret, signal)
    if (entry.kind === 'open') {
      const realm = await entry.admin.realm()
      if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
      // A token from before the realm was disabled still opens it: that is no open realm.
      if (!realm.enabled) return { kind: 'disabled' }
      const audience = await observeAudience(entry.admin, identity.audience)
      const admin = await entry.admin.findUser(tenantAdmin)
      return {
        kind: 'open',
        realm,
        audience,
        isAdminAwaited: admin?.requiredActions.includes('UPDATE_PASSWORD') === true,
      }
    }
  }
  const realm = await keycloak.findRealm(identity.realm, signal)
  if (realm === undefined) return { kind: 'absent' }
  if (!isRealmOf(realm, owner.uid)) return { kind: 'foreign' }
  return { kind: realm.enabled ? 'locked' : 'disabled' }
}

async function observeAudience(admin: RealmAdmin, audience: string): Promise<SeenAudience> {
  const scope = (await admin.clientScopes()).find((candidate) => candidate.name === audienceScope)
  if (scope === undefined) return { scope: 'absent', scopeId: undefined, isDefault: false }
  const isDefault = (await admin.defaultScopes()).includes(audienceScope)
  return { scope: isAudienceScope(scope, audience) ? 'as-wanted' : 'drifted', scopeId: scope.id, isDefault }
}

async function observeDatabase(parts: Parts, { database, owner }: Wanted, signal: AbortSignal) {
  const secret = seeObject(await findSystemSecret(parts, database.secretName, signal), owner.uid)
  return { ...(await parts.databases.observe(database.tenant, signal)), secret }
}
