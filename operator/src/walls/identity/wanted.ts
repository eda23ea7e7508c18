import { durationMs } from '@bulkhead/crds'
import type { KeysLife } from '@bulkhead/identity'
import type { Tenant } from '@bulkhead/crds'
import { apiGroup, audienceOf, issuerOf, realmOf, realmSecretOf } from '@bulkhead/tenancy'
import type { Settings } from '../../settings.ts'
import type { Owner } from '../owner.ts'
import type { WantedPlacement } from '../placement.ts'
import type { Federated } from './federation/provider.ts'
import { requestOf } from './keys/components.ts'
import type { RotationTerms } from './keys/rotation.ts'
import { realmSettings } from './realm/settings.ts'
import type { RealmSettings } from './realm/settings.ts'
import type { RealmTemplate } from './realm/template.ts'

/** On a Tenant: any new value asks for a new signing key. */
export const rotateKeysAnnotation = `${apiGroup}/rotate-keys`

/** The realm that a tenant is to have. */
export interface WantedIdentity {
  readonly realm: string
  readonly issuer: string
  readonly audience: string
  readonly settings: RealmSettings
  readonly secretName: string
  readonly loginUrl: string
  /** The Keycloak that holds it, and why there may be none. */
  readonly placement: WantedPlacement
  readonly template: RealmTemplate
  readonly federation: readonly Federated[]
  readonly isMfaRequired: boolean
  readonly rotation: Omit<RotationTerms, 'now' | 'isToldOfAll'>
  /** The keys as the Tenant's status has them. */
  readonly toldJwks: string | undefined
  /** How long keys are believed that cannot be fetched. */
  readonly keysLife: KeysLife
}

/** The same realm on the Keycloak where it is placed. */
export function locate(
  wanted: WantedIdentity,
  owner: Owner,
  { identityShards, publicUrl, adminUrl }: Pick<Settings, 'identityShards' | 'publicUrl' | 'adminUrl'>,
  placement: WantedPlacement,
): WantedIdentity {
  const name = placement.kind === 'placed' ? placement.shard : undefined
  // Each Keycloak has addresses of its own.
  const at = identityShards.find((shard) => shard.name === name) ?? { publicUrl, adminUrl }
  const issuer = issuerOf(at.publicUrl, owner)
  return { ...wanted, placement, issuer, loginUrl: loginUrlOf(at.adminUrl, wanted.realm, issuer) }
}

function loginUrlOf(adminUrl: string | undefined, realm: string, issuer: string): string {
  return adminUrl === undefined ? `${issuer}/account/` : `${adminUrl.replace(/\/$/, '')}/admin/${realm}/console/`
}

export function wantIdentity(
  owner: Owner,
  { metadata, spec, status }: Pick<Tenant, 'metadata' | 'spec' | 'status'>,
  { publicUrl, adminUrl, realms }: Settings,
): WantedIdentity {
  const realm = realmOf(owner)
  const asked = spec.identity.realm
  const lifetimes = {
    accessTokenLifespanSeconds: seconds(asked.accessTokenLifetime),
    sessionIdleSeconds: seconds(asked.sessionIdleTimeout),
    sessionMaxSeconds: seconds(asked.sessionMaxLifetime),
  }
  const isMfaRequired = asked.mfa === 'Required'
  const issuer = issuerOf(publicUrl, owner)
  return {
    realm,
    issuer,
    audience: audienceOf(owner.id),
    settings: realmSettings({
      ownerUid: owner.uid,
      displayName: spec.displayName,
      enabled: !spec.suspended,
      ...{ ...lifetimes, isMfaRequired, passwordMinLength: asked.passwordMinLength },
    }),
    secretName: realmSecretOf(owner.id),
    loginUrl: loginUrlOf(adminUrl, realm, issuer),
    placement: { kind: 'open' },
    ...{ template: realms.template, federation: asked.federation, isMfaRequired },
    rotation: {
      ...{ rotateAfter: realms.keyRotationSeconds, overlap: realms.keyOverlapSeconds },
      keep: lifetimes.accessTokenLifespanSeconds + lifetimes.sessionMaxSeconds,
      request: requestOf(metadata.annotations?.[rotateKeysAnnotation]),
    },
    ...{ toldJwks: status?.identity?.jwks, keysLife: realms.keysLife },
  }
}

function seconds(duration: string): number {
  return Math.floor(durationMs(duration) / 1000)
}
