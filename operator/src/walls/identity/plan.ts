import type { Fields } from '@bulkhead/identity'
import { planFederation } from './federation/plan.ts'
import type { FederationStep } from './federation/plan.ts'
import { signingKeysIn } from './keys/components.ts'
import { planRotation } from './keys/rotation.ts'
import type { KeyStep } from './keys/rotation.ts'
import type { SeenAudience, SeenIdentity, SeenRealm } from './observed.ts'
import { registrationDrift } from './realm/registration.ts'
import type { PolicyRepair } from './realm/registration.ts'
import { realmDrift } from './realm/settings.ts'
import type { WantedIdentity } from './wanted.ts'

export type IdentityStep = { readonly wall: 'identity' } & (
  | /** Stores the account's secret first, then makes the realm with it, and its audience. */ {
      readonly kind: 'create-realm'
    }
  | { readonly kind: 'set-enabled'; readonly enabled: boolean }
  | { readonly kind: 'restore-account' }
  | { readonly kind: 'update-realm'; readonly fields: Fields }
  | { readonly kind: 'create-audience' }
  | { readonly kind: 'repair-audience'; readonly scopeId: string }
  | { readonly kind: 'default-audience'; readonly scopeId: string }
  | { readonly kind: 'repair-flow'; readonly alias: string }
  | { readonly kind: 'repair-policy'; readonly policy: PolicyRepair }
  | { readonly kind: 'shut-unused-client'; readonly id: string }
  | KeyStep
  | FederationStep
)

export function planIdentity(wanted: WantedIdentity, seen: SeenIdentity): readonly IdentityStep[] {
  const { realm, secret } = seen
  if (secret.kind === 'foreign') return []
  const { enabled } = wanted.settings
  switch (realm.kind) {
    case 'external':
    case 'unplaced':
    case 'foreign':
      return []
    case 'absent':
      return [{ wall: 'identity', kind: 'create-realm' }]
    case 'disabled':
      return enabled ? [{ wall: 'identity', kind: 'set-enabled', enabled }] : []
    case 'locked':
      return [{ wall: 'identity', kind: 'restore-account' }]
    case 'open':
      return planInside(wanted, realm, seen)
  }
}

type OpenRealm = Extract<SeenRealm, { kind: 'open' }>

function planInside(wanted: WantedIdentity, realm: OpenRealm, seen: SeenIdentity): readonly IdentityStep[] {
  const drift = realmDrift(wanted.settings, realm.realm)
  const unused = realm.openUnusedClient
  return [
    ...planAudience(realm.audience),
    ...realm.driftedFlows.map((alias) => ({ wall: 'identity', kind: 'repair-flow', alias }) as const),
    ...registrationDrift(realm.components).map(
      (policy) => ({ wall: 'identity', kind: 'repair-policy', policy }) as const,
    ),
    ...(unused === undefined ? [] : [{ wall: 'identity', kind: 'shut-unused-client', id: unused } as const]),
    ...[...planFederation(realm.federation), ...planKeys(wanted, realm, seen)].map((step) => {
      return { wall: 'identity', ...step } as const
    }),
    // Last, for a disabled realm lets nobody in any more, us included.
    ...(drift === undefined ? [] : [{ wall: 'identity', kind: 'update-realm', fields: drift } as const]),
  ]
}

// What the realm publishes has to be known: a rotation that nobody can follow is none.
function planKeys(
  wanted: WantedIdentity,
  { components, atSeconds: now }: OpenRealm,
  seen: SeenIdentity,
): readonly KeyStep[] {
  if (seen.keys?.ok !== true) return []
  const isToldOfAll = seen.keys.jwks === wanted.toldJwks
  return planRotation(signingKeysIn(components), { ...wanted.rotation, now, isToldOfAll })
}

function planAudience({ scope, scopeId, isDefault }: SeenAudience): readonly IdentityStep[] {
  if (scope === 'absent' || scopeId === undefined) return [{ wall: 'identity', kind: 'create-audience' }]
  const repaired: readonly IdentityStep[] =
    scope === 'drifted' ? [{ wall: 'identity', kind: 'repair-audience', scopeId }] : []
  return isDefault ? repaired : [...repaired, { wall: 'identity', kind: 'default-audience', scopeId }]
}
