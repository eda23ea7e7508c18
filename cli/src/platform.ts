import {
  createGrantRegistry,
  createPlacementRegistry,
  createRetainedRegistry,
  createShardedDatabase,
  createTenantDatabase,
  databaseShards,
  openDatabase,
  readShardOptions,
} from '@bulkhead/database'
import type { Database, GrantRegistry, RetainedRegistry, TenantDatabase } from '@bulkhead/database'
import { openKeycloaks, readKeycloakSecrets } from '@bulkhead/identity'
import type { Keycloak } from '@bulkhead/identity'
import { createMetrics, openKubeClient, silentLogger, systemClock } from '@bulkhead/runtime'
import type { Clock, KubeClient } from '@bulkhead/runtime'
import type { Call } from './command.ts'
import type { CliConfig } from './config.ts'

/** Everybody that a command talks to who looks at all places. */
export interface Platform {
  readonly kubernetes: KubeClient
  readonly keycloak: Keycloak
  /** By the name of the shard; the first one holds the registry. */
  readonly servers: ReadonlyMap<string, Database>
  readonly registry: Database
  readonly grants: GrantRegistry
  readonly retained: RetainedRegistry
  readonly tenants: TenantDatabase
  readonly systemNamespace: string
  readonly baseDomain: string
  readonly quarantineMs: number
  readonly clock: Clock
  close(): Promise<void>
}

/** Opens no connection yet; throws a `ConfigProblem` for a file that cannot be read. */
export async function openPlatform(
  { config }: Pick<Call, 'config'>,
  kubeconfig: string | undefined,
): Promise<Platform> {
  const clock = systemClock
  const spec = { name: 'call_seconds', help: 'Told to nobody', labels: ['call'], buckets: [1] }
  const latency = createMetrics().histogram(spec)
  const secrets = await readKeycloakSecrets(config.keycloak)
  const options = await readShardOptions(config.postgres, { clock, latency })
  const path = kubeconfig ?? config.kubernetes.kubeconfig
  const kubernetes = await openKubeClient(path, { logger: silentLogger, clock })
  const servers = new Map([...options].map(([name, server]) => [name, openDatabase(server)]))
  const registry = servers.get(databaseShards(config.postgres)[0].name)
  if (registry === undefined) throw new Error('Cannot open Postgres: the configuration names none')
  const placements = { identity: createPlacementRegistry(registry, 'identity') }
  const { systemNamespace, baseDomain, quarantineSeconds } = config.platform
  return {
    ...{ kubernetes, servers, registry, clock, systemNamespace, baseDomain, quarantineMs: quarantineSeconds * 1000 },
    // A realm's name ends with its tenant's id.
    keycloak: openKeycloaks(config.keycloak, {
      ...{ secrets, clock, latency },
      placementOf: (realm, signal) => placements.identity.shardOf(realm.slice(-13), signal),
    }),
    grants: createGrantRegistry(registry),
    retained: createRetainedRegistry(registry),
    tenants: openTenants(config, servers, registry),
    close: async () => {
      kubernetes.close()
      await Promise.all([...servers.values()].map((server) => server.close()))
    },
  }
}

function openTenants(config: CliConfig, servers: Platform['servers'], registry: Database): TenantDatabase {
  const placements = createPlacementRegistry(registry, 'database')
  const shards = databaseShards(config.postgres).flatMap(({ name, database }) => {
    const server = servers.get(name)
    return server === undefined ? [] : [[name, createTenantDatabase(server, database)] as const]
  })
  return createShardedDatabase({
    shards: new Map(shards),
    placementOf: ({ schema }, signal) => placements.shardOf(schema.slice(-13), signal),
  })
}
