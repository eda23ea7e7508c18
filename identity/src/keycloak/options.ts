import { readSecretFile } from '@bulkhead/runtime'
import type { Clock, HistogramMetric, Secret } from '@bulkhead/runtime'
import { z } from 'zod'
import { createKeycloak } from './client.ts'
import { createHttp } from './http.ts'
import type { Keycloak } from './keycloak.ts'
import { createSharded } from './shards.ts'
import type { ShardedOptions } from './shards.ts'

const httpUrl = z.url({ protocol: /^https?$/, error: 'want a URL that begins with http:// or https://' })
const shardName = z
  .string()
  .max(32)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'want a DNS label of at most 32 characters')
const server = {
  url: httpUrl.describe('Where the operator reaches it'),
  publicUrl: httpUrl.describe('The fixed address that issuers are made of'),
  adminUrl: httpUrl
    .optional()
    .describe("Where tenants' admins manage users; left out: they are told the account pages"),
  clientId: z.string().min(1).describe('The bootstrap client of the master realm'),
  clientSecretFile: z.string().min(1),
  maxRealms: z.int().min(1).max(100_000).default(300).describe('It gets slow with more'),
  concurrentCreates: z.int().min(1).max(16).default(4).describe('Realms that are made or deleted at once'),
}

/** How the operator and the command line reach the Keycloaks. */
export const keycloakOptions = z.strictObject({
  ...server,
  shards: z
    .array(z.strictObject({ name: shardName, ...server }))
    .max(64)
    .default([])
    .refine(
      (shards) => isDistinct(['default', ...shards.map(({ name }) => name)]),
      'each name must stand once, and none is "default"',
    )
    .describe('More Keycloaks; the one above is the shard `default`'),
})

export type KeycloakOptions = z.infer<typeof keycloakOptions>

function isDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length
}

/** The Keycloaks of the configuration, the shard `default` first. */
export function keycloakShards({ shards, ...first }: KeycloakOptions) {
  return [{ name: 'default', ...first }, ...shards]
}

/** The secrets of all bootstrap accounts, by shard; throws a `ConfigProblem` that names the option. */
export async function readKeycloakSecrets(config: KeycloakOptions): Promise<ReadonlyMap<string, Secret<string>>> {
  const secrets = new Map<string, Secret<string>>()
  for (const [index, { name, clientSecretFile }] of keycloakShards(config).entries()) {
    const option = index === 0 ? 'keycloak.clientSecretFile' : `keycloak.shards[${index - 1}].clientSecretFile`
    secrets.set(name, await readSecretFile(option, clientSecretFile))
  }
  return secrets
}

export interface KeycloaksParts {
  readonly secrets: ReadonlyMap<string, Secret<string>>
  readonly placementOf: ShardedOptions['placementOf']
  readonly clock: Clock
  readonly latency: HistogramMetric
  readonly beforeWrite?: ((doing: string) => void) | undefined
}

/** All of them as one, each call going where its realm was placed. */
export function openKeycloaks(config: KeycloakOptions, parts: KeycloaksParts): Keycloak {
  const { secrets, placementOf, clock, latency, beforeWrite } = parts
  const shards = keycloakShards(config).flatMap(({ name, url, clientId, concurrentCreates }) => {
    const clientSecret = secrets.get(name)
    if (clientSecret === undefined) return []
    const http = createHttp({ url, clock, latency, beforeWrite })
    const keycloak = createKeycloak({ http, bootstrap: { clientId, clientSecret }, clock, concurrentCreates })
    return [[name, keycloak] as const]
  })
  return createSharded({ shards: new Map(shards), placementOf })
}
