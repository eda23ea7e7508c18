import { Secret } from '@bulkhead/runtime'
import type { RealmAdmin } from '@bulkhead/identity'
import { secretKind } from '../kubernetes/kinds.ts'
import { secretValue } from '../kubernetes/secrets.ts'
import { seeObject } from '../kubernetes/wanted-object.ts'
import { realmSecretKeys } from '../walls/identity/observe.ts'
import { findSystemSecret } from '../walls/system-secrets.ts'
import type { Parts } from '../parts.ts'
import { isRealmOf } from '../walls/identity/realm.ts'
import { isClientOf } from './client-fields.ts'
import type { Observed, SeenClient } from './observed.ts'
import { seeSecret } from './secret.ts'
import type { Home, Wanted } from './wanted.ts'

/** Our door into the subscription's realm, or undefined when it is shut, gone, or not the tenant's. */
export async function enterRealm(parts: Parts, home: Home, signal: AbortSignal): Promise<RealmAdmin | undefined> {
  const found = await findSystemSecret(parts, home.realmSecretName, signal)
  const secret = secretValue(found, realmSecretKeys.client)
  if (secret === undefined || seeObject(found, home.owner.uid).kind !== 'own') return undefined
  const entry = await parts.keycloak.enter(home.realm, secret, signal)
  if (entry.kind === 'closed') return undefined
  const realm = await entry.admin.realm()
  // A token from before the realm was disabled still opens it: that is no open realm.
  return realm.enabled && isRealmOf(realm, home.owner.uid) ? entry.admin : undefined
}

export async function observe(
  parts: Parts,
  wanted: Wanted,
  admin: RealmAdmin | undefined,
  signal: AbortSignal,
): Promise<Observed> {
  if (admin === undefined) return { isRealmOpen: false, client: { kind: 'absent' }, secret: { kind: 'absent' } }
  const client = await observeClient(admin, wanted)
  const ref = { kind: secretKind, namespace: wanted.subscription.namespace, name: wanted.secretName }
  const found = await parts.kubernetes.find(ref, { signal })
  // Without a client there is no secret to compare with; whose it is can be told all the same.
  const clientSecret = client.kind === 'own' ? client.secret : new Secret('')
  return { isRealmOpen: true, client, secret: seeSecret(found, wanted, clientSecret) }
}

async function observeClient(admin: RealmAdmin, { clientId, subscription }: Wanted): Promise<SeenClient> {
  const found = await admin.findClient(clientId)
  if (found === undefined) return { kind: 'absent' }
  if (!isClientOf(found, subscription.uid)) return { kind: 'foreign' }
  const { secret, ...client } = found
  const account = found.serviceAccountsEnabled ? await admin.serviceAccount(found.id) : undefined
  const accountRoles = account === undefined ? [] : await admin.rolesOfUser(account.id)
  const scopeRoles = await admin.rolesInScope(found.id)
  return {
    kind: 'own',
    client: { ...client, secret: '' },
    secret: new Secret(secret),
    accountRoles: accountRoles.map((role) => role.name),
    scopeRoles: scopeRoles.map((role) => role.name),
  }
}
