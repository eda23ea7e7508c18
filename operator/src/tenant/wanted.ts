import type { Problem, Tenant } from '@bulkhead/crds'
import type { Settings } from '../settings.ts'
import { knownWalls, wantedAgain } from './lost.ts'
import type { Keeper, Known } from './lost.ts'
import { wantDatabase } from '../walls/database/wanted.ts'
import type { WantedDatabase } from '../walls/database/wanted.ts'
import { wantGrants } from '../walls/grants/wanted.ts'
import type { WantedGrants } from '../walls/grants/wanted.ts'
import { wantExternal } from '../walls/identity/external/wanted.ts'
import type { WantedExternal } from '../walls/identity/external/wanted.ts'
import { wantIdentity } from '../walls/identity/wanted.ts'
import type { WantedIdentity } from '../walls/identity/wanted.ts'
import type { WantedNamespace } from '../walls/namespace/objects.ts'
import { wantNamespace } from '../walls/namespace/wanted.ts'
import { ownerOf } from '../walls/owner.ts'
import type { Owner } from '../walls/owner.ts'

/** Everything that a Tenant is to become. */
export interface Wanted {
  readonly owner: Owner
  readonly grants: WantedGrants
  readonly namespace: WantedNamespace
  readonly identity: WantedIdentity
  /** In place of the realm, where the tenant brings its own issuer. */
  readonly external: WantedExternal | undefined
  readonly database: WantedDatabase
  /** What stood before, and what of it may be made again where it is gone. */
  readonly known: Known
  readonly again: readonly Keeper[]
  /** Mistakes in all but the grants, which tell of their own. */
  readonly problems: readonly Problem[]
}

export type WantedOrNot =
  | { readonly ok: true; readonly wanted: Wanted }
  /** Nothing can be derived from such an object. */
  | { readonly ok: false; readonly problem: Problem }

function standingOn({ status }: Tenant) {
  return { identity: status?.identity?.shard, database: status?.database?.shard }
}

export function wantTenant(tenant: Tenant, settings: Settings): WantedOrNot {
  const owner = ownerOf(tenant.metadata)
  if (owner === undefined) {
    const message = `"${tenant.metadata.name}" is no tenant name: want a DNS label of at most 40 characters that starts with a letter`
    return { ok: false, problem: { reason: 'InvalidSpec', field: 'metadata.name', message } }
  }
  const namespace = wantNamespace(owner, tenant, settings)
  const external = wantExternal(tenant, settings)
  const grants = wantGrants(owner, tenant, settings)
  return {
    ok: true,
    wanted: {
      owner,
      grants: { ...grants, claim: { ...grants.claim, issuer: external?.claim, standingOn: standingOn(tenant) } },
      namespace: namespace.wanted,
      identity: wantIdentity(owner, tenant, settings),
      external,
      database: wantDatabase(owner, tenant),
      known: knownWalls(tenant),
      again: wantedAgain(tenant),
      problems: [...namespace.problems, ...(external?.problems ?? [])],
    },
  }
}
