import {
  createPlacementRegistry,
  createShardedDatabase,
  createTenantDatabase,
  databaseShards,
  fenceShard,
  fenceWrites,
  nameShard,
  openDatabase,
  prepareRegistry,
  readShardOptions,
  restAfterFailure,
  takeLeadership,
} from '@bulkhead/database'
import type {
  ConnectionParts,
  Database,
  DatabaseTenant,
  Fence,
  PlacementRegistry,
  PostgresOptions,
  Reign,
  TenantDatabase,
} from '@bulkhead/database'
import type { Logger } from '@bulkhead/runtime'

/** The servers of the configuration, by name and the one with the registry first; no connection is opened yet. */
export interface DatabaseServers {
  readonly first: DatabaseServer
  readonly further: readonly DatabaseServer[]
  close(): Promise<void>
}

export interface DatabaseServer {
  readonly name: string
  readonly database: Database
  readonly databaseName: string
}

/** Reads the secrets of all of them; throws a `ConfigProblem` that names the option. */
export async function openDatabaseServers(config: PostgresOptions, parts: ConnectionParts): Promise<DatabaseServers> {
  const options = await readShardOptions(config, parts)
  const [first, ...further] = databaseShards(config).flatMap(({ name, database: databaseName }) => {
    const found = options.get(name)
    return found === undefined ? [] : [{ name, database: openDatabase(found), databaseName }]
  })
  if (first === undefined) throw new Error('Cannot open Postgres: the configuration names none')
  const resting = further.map(({ name, database, databaseName }) => ({
    ...{ name, databaseName, database: restAfterFailure(database, { name, clock: parts.clock }) },
  }))
  return {
    ...{ first, further: resting },
    close: async () => {
      await Promise.all([first, ...further].map(({ database }) => database.close()))
    },
  }
}

export interface Term {
  readonly holder: string
  readonly demand: Fence['demand']
  readonly logger: Logger
  /** Ends when this process leads no more. */
  readonly signal: AbortSignal
}

export interface DatabasesInTerm {
  /** The first one, fenced: the registry. */
  readonly registry: Database
  readonly reign: Reign
  /** All of them as one, each call going where the schema was placed. */
  readonly tenants: TenantDatabase
  readonly placements: PlacementRegistry
}

/** Begins to lead: from here on nobody of before can write, neither into the registry nor into a shard that is looked at. */
export async function takeDatabases({ first, further }: DatabaseServers, term: Term): Promise<DatabasesInTerm> {
  const { holder, demand, logger, signal } = term
  demand('prepare registry')
  await prepareRegistry(first.database, first.databaseName, signal)
  const installation = await nameShard(first.database, { name: first.name, installation: undefined }, signal)
  const reign = await takeLeadership(first.database, holder, signal)
  const registry = fenceWrites(first.database, { ...reign, demand })
  const fenced = further.map((one) => ({
    ...one,
    database: fenceShard(one, { registry, installation, holder, demand, signal }),
  }))
  for (const { name, database } of fenced) void greet(name, database, { logger, signal })
  const placements = createPlacementRegistry(registry, 'database')
  const all = [{ ...first, database: registry }, ...fenced]
  const shards = new Map(all.map((one) => [one.name, createTenantDatabase(one.database, one.databaseName)]))
  // A schema's name ends with its tenant's id.
  const placementOf = ({ schema }: DatabaseTenant, asked: AbortSignal) => placements.shardOf(schema.slice(-13), asked)
  return { registry, reign, placements, tenants: createShardedDatabase({ shards, placementOf }) }
}

// Who cannot be used is told of at once, and keeps nobody waiting: it is tried again when it is needed.
async function greet(shard: string, database: Database, { logger, signal }: Pick<Term, 'logger' | 'signal'>) {
  try {
    await database.read('greet shard', signal, () => Promise.resolve())
    logger.info({ shard }, 'Postgres shard is ready')
  } catch (err) {
    if (!signal.aborted) logger.error({ shard, err }, 'a Postgres shard cannot be used now; its tenants wait')
  }
}
