import { KeycloakFault } from '@bulkhead/identity'
import { Secret } from '@bulkhead/runtime'
import type { Parts } from '../../parts.ts'
import type { Owner } from '../owner.ts'
import { storedSecrets } from '../system-secrets.ts'
import { auditRestore } from './audit.ts'
import { realmSecretKeys } from './observe.ts'
import { isRealmOf } from './realm.ts'

/** Our own account in a tenant's realm. */
export interface OwnAccount {
  readonly owner: Owner
  readonly realm: string
  /** Our Secret with the keys to it. */
  readonly secretName: string
}

/** The secrets of a realm, stored before it is made. */
export async function realmSecrets(
  parts: Parts,
  { owner, secretName }: OwnAccount,
  signal: AbortSignal,
  isAwaited = false,
) {
  const { client, adminPassword } = realmSecretKeys
  const stored = { name: secretName, keys: [client, adminPassword], facts: {}, isAwaited }
  const newSecret = () => meetingAnyPolicy(parts.newSecret())
  const values = await storedSecrets({ ...parts, newSecret }, owner, stored, signal)
  return { client: values(client), adminPassword: values(adminPassword) }
}

/**
 * The same secret with four of each kind of character that a password policy can demand: Keycloak makes no realm whose
 * first admin has too weak a password. It stays below the 64 characters that Keycloak takes.
 */
export function meetingAnyPolicy(secret: Secret<string>): Secret<string> {
  return new Secret(`${secret.reveal()}Aa1-Bb2_Cc3.Dd4~`)
}

/** Whose the realm is may have changed since the look: it is compared again before each write. */
export async function demandOwn(parts: Parts, { realm, owner }: OwnAccount, signal: AbortSignal): Promise<void> {
  const found = await parts.keycloak.findRealm(realm, signal)
  if (found === undefined || !isRealmOf(found, owner.uid)) throw notOwn(realm)
}

export function notOwn(realm: string): Error {
  return new Error(`Cannot change realm "${realm}": it is not this tenant's`)
}

/** Gives our account back what it needs, by the bootstrap account, and tells of it. */
export async function restoreAccount(parts: Parts, account: OwnAccount, signal: AbortSignal): Promise<void> {
  await demandOwn(parts, account, signal)
  await auditRestore(parts, account, signal)
  await parts.keycloak.restoreAccount(account.realm, (await realmSecrets(parts, account, signal)).client, signal)
}

/**
 * Does something by our own account. What it is refused for want of a role restores the account, and fails all the same:
 * it is tried again after the back-off of its object, so that no realm that refuses for ever is restored over and over.
 */
export async function byOwnAccount<T>(
  parts: Parts,
  account: OwnAccount,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KeycloakFault && error.status === 403) await restoreAccount(parts, account, signal)
    throw error
  }
}
