import type { Fields } from '@bulkhead/identity'
import type { SeenAudience, SeenIdentity } from './observed.ts'
import { realmDrift } from './realm.ts'
import type { WantedIdentity } from './wanted.ts'

export type IdentityStep = { readonly wall: 'identity' } & (
  | /** Stores the account's secret first, then makes the realm with it. */ { readonly kind: 'create-realm' }
  | { readonly kind: 'set-enabled'; readonly enabled: boolean }
  | { readonly kind: 'restore-account' }
  | { readonly kind: 'update-realm'; readonly fields: Fields }
  | { readonly kind: 'create-audience' }
  | { readonly kind: 'repair-audience'; readonly scopeId: string }
  | { readonly kind: 'default-audience'; readonly scopeId: string }
)

export function planIdentity(wanted: WantedIdentity, { realm, secret }: SeenIdentity): readonly IdentityStep[] {
  if (secret.kind === 'foreign') return []
  const { enabled } = wanted.settings
  switch (realm.kind) {
    case 'external':
    case 'foreign':
      return []
    case 'absent':
      return [{ wall: 'identity', kind: 'create-realm' }]
    case 'disabled':
      return enabled ? [{ wall: 'identity', kind: 'set-enabled', enabled }] : []
    case 'locked':
      return [{ wall: 'identity', kind: 'restore-account' }]
    case 'open': {
      const drift = realmDrift(wanted.settings, realm.realm)
      const audience = planAudience(realm.audience)
      // Last, for a disabled realm lets nobody in any more, us included.
      return drift === undefined ? audience : [...audience, { wall: 'identity', kind: 'update-realm', fields: drift }]
    }
  }
}

function planAudience({ scope, scopeId, isDefault }: SeenAudience): readonly IdentityStep[] {
  if (scope === 'absent' || scopeId === undefined) return [{ wall: 'identity', kind: 'create-audience' }]
  const repaired: readonly IdentityStep[] =
    scope === 'drifted' ? [{ wall: 'identity', kind: 'repair-audience', scopeId }] : []
  return isDefault ? repaired : [...repaired, { wall: 'identity', kind: 'default-audience', scopeId }]
}
