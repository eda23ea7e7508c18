import type { Clock, KubeClient, Logger, Secret } from '@bulkhead/runtime'
import type { GuardedFetch, Keycloak } from '@bulkhead/identity'
import type { GrantRegistry, PlacedWall, PlacementRegistry, RetainedRegistry, TenantDatabase } from '@bulkhead/database'
import type { Settings } from './settings.ts'
import type { Rollouts } from './walls/database/rollout.ts'
import type { KeyKeeper } from './walls/identity/external/keeper.ts'

/** Everybody that a tenant's reconcile talks to. */
export interface Parts {
  readonly kubernetes: KubeClient
  readonly keycloak: Keycloak
  readonly registry: GrantRegistry
  readonly retained: RetainedRegistry
  readonly placements: Readonly<Record<PlacedWall, PlacementRegistry>>
  readonly databases: TenantDatabase
  /** Which version a schema is to have, and what became of the attempt. */
  readonly rollouts: Rollouts
  /** The only way to an address that a person wrote. */
  readonly fetchGuarded: GuardedFetch
  /** The keys of tenants' own issuers. */
  readonly issuerKeys: KeyKeeper
  readonly settings: Settings
  /** Counts that the bootstrap account went into a realm to let our own in again. */
  readonly accountRestored: () => void
  readonly clock: Clock
  readonly logger: Logger
  /** A new random secret of 256 bits. */
  readonly newSecret: () => Secret<string>
}

/** The API server's field manager for everything that the operator writes. */
export const fieldManager = 'bulkhead-operator'
