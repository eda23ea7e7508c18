import type { Mend } from '../kubernetes/wanted-object.ts'
import { clientFields, hasClientDrifted, hasWantedScopes } from './client-fields.ts'
import type { Observed, SeenClient } from './observed.ts'
import type { Wanted } from './wanted.ts'

/** Something to be done for a subscription; each can be done again without harm. */
export type Step =
  | { readonly kind: 'create-client' }
  | { readonly kind: 'update-client'; readonly id: string }
  | { readonly kind: 'set-scopes' | 'set-roles' }
  | { readonly kind: 'create-secret' }
  | { readonly kind: 'mend-secret'; readonly mend: Mend }

/** What has to be done next; nothing when it is as wanted, or when something foreign stands in the way. */
export function plan(wanted: Wanted, { isRealmOpen, client, secret }: Observed): readonly Step[] {
  if (!isRealmOpen || client.kind === 'foreign') return []
  if (client.kind === 'absent') return wanted.isEnabled ? [{ kind: 'create-client' }] : []
  return [...planClient(wanted, client), ...planSecret(wanted, secret)]
}

function planClient(wanted: Wanted, seen: Extract<SeenClient, { kind: 'own' }>): readonly Step[] {
  const steps: Step[] = []
  const fields = clientFields(wanted, wanted.isEnabled)
  if (!hasWantedScopes(seen.client)) steps.push({ kind: 'set-scopes' })
  // A client that may not be used keeps its roles: nobody can see them, and the plan may be gone.
  if (wanted.isEnabled && !hasWantedRoles(wanted, seen)) steps.push({ kind: 'set-roles' })
  // Enabled last, so that no token is ever minted with too much.
  if (hasClientDrifted(fields, seen.client)) steps.push({ kind: 'update-client', id: seen.client.id })
  return steps
}

function hasWantedRoles(
  { roles }: Wanted,
  { accountRoles, scopeRoles }: Extract<SeenClient, { kind: 'own' }>,
): boolean {
  const isSame = (seen: readonly string[]) => seen.length === roles.length && roles.every((role) => seen.includes(role))
  return isSame(accountRoles) && isSame(scopeRoles)
}

function planSecret(wanted: Wanted, secret: Observed['secret']): readonly Step[] {
  if (!wanted.isEnabled) return []
  if (secret.kind === 'absent') return [{ kind: 'create-secret' }]
  return secret.kind === 'drifted' ? [{ kind: 'mend-secret', mend: secret.mend }] : []
}
