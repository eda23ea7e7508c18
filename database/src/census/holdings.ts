import { sql } from 'kysely'
import type { Database } from '../database.ts'
import { ownerIn } from './owner.ts'
import { demandShard } from './traces.ts'

/** One thing that is somebody's, whoever that is. */
export interface Holding {
  readonly uid: string
  /** Where a name was written down. */
  readonly name?: string | undefined
  /** In words: `role "tenant_…"`. */
  readonly what: string
}

/** Every role and schema of one server that carries a tenant's uid. */
export function listServerHoldings(
  database: Database,
  shard: string,
  signal: AbortSignal,
): Promise<readonly Holding[]> {
  return database.read('list holdings', signal, async (tx) => {
    await demandShard(tx, shard)
    const { rows } = await sql<{ what: string; comment: string | null }>`
      SELECT 'role "' || rolname || '"' AS what, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles
      UNION ALL SELECT 'schema "' || nspname || '"', obj_description(oid, 'pg_namespace') FROM pg_namespace
      ORDER BY 1`.execute(tx)
    return rows.flatMap(({ what, comment }) => {
      const uid = ownerIn(comment)
      return uid === undefined ? [] : [{ uid, what }]
    })
  })
}

/** Everything that the registry gives to somebody; hosts in quarantine are nobody's, and are left out. */
export function listRegistryHoldings(database: Database, signal: AbortSignal): Promise<readonly Holding[]> {
  return database.read('list registry holdings', signal, async (tx) => {
    const { rows } = await sql<{ uid: string; name: string | null; what: string }>`
      SELECT uid, name, 'its line in the registry, with a share of ' || guaranteed AS what FROM public.tenants
      UNION ALL SELECT tenant_uid, NULL, 'host "' || host || '"' FROM public.hostnames WHERE quarantined_until IS NULL
      UNION ALL SELECT tenant_uid, NULL, 'issuer "' || issuer || '"' FROM public.issuers
      ORDER BY 3`.execute(tx)
    return rows.map(({ uid, name, what }) => ({ uid, name: name ?? undefined, what }))
  })
}
