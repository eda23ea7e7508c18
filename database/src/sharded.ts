import type { ServerFigures } from './figures.ts'
import type { DatabaseTenant, SeenDatabase, TenantDatabase } from './tenant-database.ts'

export interface ShardedOptions {
  /** By name. */
  readonly shards: ReadonlyMap<string, TenantDatabase>
  /** Where a tenant's schema was placed; undefined: nobody wrote it down. */
  readonly placementOf: (tenant: DatabaseTenant, signal: AbortSignal) => Promise<string | undefined>
}

/** A schema is where the configuration leads no more: nobody can tell what became of it. */
export class ShardNotConfigured extends Error {
  override readonly name = 'ShardNotConfigured'
}

const nothing: SeenDatabase = { role: { kind: 'absent' }, schema: { kind: 'absent' }, retained: { kind: 'absent' } }

/** Several Postgres as one: each call goes to the one that holds the schema. */
export function createShardedDatabase({ shards, placementOf }: ShardedOptions): TenantDatabase {
  const holder = async (tenant: DatabaseTenant, signal: AbortSignal): Promise<TenantDatabase | undefined> => {
    const name = tenant.shard ?? (await placementOf(tenant, signal))
    if (name === undefined) return probe(shards, tenant, signal)
    const shard = shards.get(name)
    if (shard !== undefined) return shard
    throw new ShardNotConfigured(
      `Cannot reach schema "${tenant.schema}": it is on Postgres "${name}", which the configuration does not name any more`,
    )
  }
  const need = async (tenant: DatabaseTenant, signal: AbortSignal): Promise<TenantDatabase> => {
    const found = await holder(tenant, signal)
    if (found === undefined) throw new Error(`Cannot find schema "${tenant.schema}": it is on no Postgres`)
    return found
  }
  return {
    observe: async (tenant, signal) => (await holder(tenant, signal))?.observe(tenant, signal) ?? nothing,
    prepare: async (tenant, settings, signal) => (await need(tenant, signal)).prepare(tenant, settings, signal),
    migrate: async (tenant, version, signal) => (await need(tenant, signal)).migrate(tenant, version, signal),
    setPassword: async (tenant, password, signal) => (await need(tenant, signal)).setPassword(tenant, password, signal),
    refusesPassword: async (tenant, password, signal) =>
      (await need(tenant, signal)).refusesPassword(tenant, password, signal),
    figures: (roles, signal) => figuresOf(shards, roles, signal),
    setLogin: async (tenant, canLogin, signal) => (await need(tenant, signal)).setLogin(tenant, canLogin, signal),
    drop: async (tenant, signal) => (await holder(tenant, signal))?.drop(tenant, signal),
    retain: async (tenant, signal) => (await need(tenant, signal)).retain(tenant, signal),
    // What is taken up stays where it is.
    adopt: async (from, to, signal) => (await holder(from, signal))?.adopt(from, to, signal),
  }
}

// One that is away hides none of the others' figures.
async function figuresOf(
  shards: ReadonlyMap<string, TenantDatabase>,
  roles: readonly string[],
  signal: AbortSignal,
): Promise<readonly ServerFigures[]> {
  const told = await Promise.allSettled([...shards.values()].map((shard) => shard.figures(roles, signal)))
  signal.throwIfAborted()
  return told.flatMap((one) =>
    one.status === 'fulfilled' ? one.value : [{ kind: 'untold', why: 'a server does not answer' } as const],
  )
}

// Where nobody wrote it down, like after a backup was restored: each is asked for this one schema and its role.
async function probe(
  shards: ReadonlyMap<string, TenantDatabase>,
  tenant: DatabaseTenant,
  signal: AbortSignal,
): Promise<TenantDatabase | undefined> {
  for (const shard of shards.values()) {
    const { role, schema, retained } = await shard.observe(tenant, signal)
    if ([role, schema, retained].some(({ kind }) => kind === 'own')) return shard
  }
  return undefined
}
