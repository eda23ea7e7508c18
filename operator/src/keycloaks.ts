import type { PlacementRegistry } from '@bulkhead/database'
import { createHttp, createKeycloak, createSharded } from '@bulkhead/identity'
import type { Keycloak } from '@bulkhead/identity'
import { readSecretFile } from '@bulkhead/runtime'
import type { Clock, HistogramMetric, Secret } from '@bulkhead/runtime'
import type { OperatorConfig } from './config.ts'

type KeycloakConfig = OperatorConfig['keycloak']

/** The Keycloaks of the configuration, the shard `default` first. */
export function identityShards({ shards, ...first }: KeycloakConfig) {
  return [{ name: 'default', ...first }, ...shards]
}

/** The secrets of all bootstrap accounts, by shard; throws a `ConfigProblem` that names the option. */
export async function readShardSecrets(config: KeycloakConfig): Promise<ReadonlyMap<string, Secret<string>>> {
  const secrets = new Map<string, Secret<string>>()
  for (const [index, { name, clientSecretFile }] of identityShards(config).entries()) {
    const option = index === 0 ? 'keycloak.clientSecretFile' : `keycloak.shards[${index - 1}].clientSecretFile`
    secrets.set(name, await readSecretFile(option, clientSecretFile))
  }
  return secrets
}

export interface KeycloakParts {
  readonly secrets: ReadonlyMap<string, Secret<string>>
  readonly placements: PlacementRegistry
  readonly clock: Clock
  readonly latency: HistogramMetric
  readonly beforeWrite: (doing: string) => void
}

/** All of them as one, each call going where its realm was placed. */
export function openKeycloaks(config: KeycloakConfig, parts: KeycloakParts): Keycloak {
  const { secrets, placements, clock, latency, beforeWrite } = parts
  const shards = identityShards(config).flatMap(({ name, url, clientId, concurrentCreates }) => {
    const clientSecret = secrets.get(name)
    if (clientSecret === undefined) return []
    const http = createHttp({ url, clock, latency, beforeWrite })
    const keycloak = createKeycloak({ http, bootstrap: { clientId, clientSecret }, clock, concurrentCreates })
    return [[name, keycloak] as const]
  })
  // A realm's name ends with its tenant's id.
  const placementOf = (realm: string, signal: AbortSignal) => placements.shardOf(realm.slice(-13), signal)
  return createSharded({ shards: new Map(shards), placementOf })
}
