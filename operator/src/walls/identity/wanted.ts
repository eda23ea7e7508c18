import { durationMs } from '@bulkhead/crds'
import type { Tenant } from '@bulkhead/crds'
import { audienceOf, issuerOf, realmOf, realmSecretOf } from '@bulkhead/tenancy'
import type { Settings } from '../../settings.ts'
import type { Owner } from '../owner.ts'
import { realmSettings } from './realm.ts'
import type { RealmSettings } from './realm.ts'

/** The realm that a tenant is to have. */
export interface WantedIdentity {
  readonly realm: string
  readonly issuer: string
  readonly audience: string
  readonly settings: RealmSettings
  readonly secretName: string
  readonly loginUrl: string
}

export function wantIdentity(
  owner: Owner,
  { spec }: Pick<Tenant, 'spec'>,
  { publicUrl, adminUrl }: Settings,
): WantedIdentity {
  const realm = realmOf(owner)
  const issuer = issuerOf(publicUrl, owner)
  return {
    realm,
    issuer,
    audience: audienceOf(owner.id),
    settings: realmSettings({
      ownerUid: owner.uid,
      displayName: spec.displayName,
      enabled: !spec.suspended,
      accessTokenLifespanSeconds: Math.floor(durationMs(spec.identity.realm.accessTokenLifetime) / 1000),
    }),
    secretName: realmSecretOf(owner.id),
    loginUrl: adminUrl === undefined ? `${issuer}/account/` : `${adminUrl.replace(/\/$/, '')}/admin/${realm}/console/`,
  }
}
