import { findTenants, openDatabase, readShardOptions } from '@bulkhead/database'
import type { Database, DatabaseOptions, KnownTenant } from '@bulkhead/database'
import { createMetrics } from '@bulkhead/runtime'
import { Refusal } from './command.ts'
import type { Call } from './command.ts'

/** The Postgres servers of the configuration. */
export interface Servers {
  /** The one with the registry. */
  readonly registry: Database
  /** How the server of a shard is reached; undefined: the first. Throws a `Refusal` for one that nobody configured. */
  optionsOf(shard: string | undefined): DatabaseOptions
}

/** Runs `work` with the registry open, and closes it whatever happens. */
export async function withServers<T>(
  { config, clock, signal }: Pick<Call, 'config' | 'clock' | 'signal'>,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const spec = { name: 'postgres_seconds', help: 'Told to nobody', labels: ['call'], buckets: [1] }
  const shards = await readShardOptions(config.postgres, { clock, latency: createMetrics().histogram(spec) })
  const [first] = shards.values()
  if (first === undefined) throw new Error('The configuration names no Postgres')
  const registry = openDatabase(first)
  try {
    return await work({ registry, optionsOf: (shard) => (shard === undefined ? first : shardOf(shards, shard)) })
  } finally {
    // Closing waits for the answer to every question, and whoever gave up waits for none.
    if (!signal.aborted) await registry.close()
  }
}

/** Every incarnation of that name that has rows; a fault says which server was asked. */
export async function tenantsNamed(
  servers: Servers,
  name: string,
  signal: AbortSignal,
): Promise<readonly KnownTenant[]> {
  try {
    return await Promise.race([findTenants(servers.registry, name, signal), aborted(signal)])
  } catch (cause) {
    signal.throwIfAborted()
    const { host, port, database } = servers.optionsOf(undefined)
    throw new Error(`Cannot read the registry at ${host}:${port}, database "${database}"`, { cause })
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('given up', { cause: signal.reason })), { once: true })
  })
}

function shardOf(shards: ReadonlyMap<string, DatabaseOptions>, shard: string): DatabaseOptions {
  const options = shards.get(shard)
  if (options !== undefined) return options
  const known = [...shards.keys()].map((name) => `"${name}"`).join(', ')
  throw new Refusal(
    `Cannot reach the Postgres "${shard}": the configuration names ${known}; add it under postgres.shards`,
  )
}
