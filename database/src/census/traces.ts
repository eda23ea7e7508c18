// census: looks for all that Postgres holds of a tenant, or of any. It changes nothing.
import { parseTenantId, retainedSchemaOf, roleOf, schemaOf } from '@bulkhead/tenancy'
import { sql } from 'kysely'
import type { Database, Tx } from '../database.ts'
import { WrongShard } from '../shard-name.ts'
import { isUidOf, ownerIn } from './owner.ts'

/** What one server holds of a tenant. */
export interface ServerTraces {
  /** Whose what is the tenant's is, as its comment says. */
  readonly uid: string | undefined
  readonly role: TraceOfRole
  readonly schema: TraceOfSchema
  readonly retained: TraceOfSchema
  /** Lines of the migrations' ledger for either schema. */
  readonly ledger: { readonly schema: number; readonly retained: number }
}

export type TraceOfSchema = 'absent' | 'foreign' | 'own'

export type TraceOfRole =
  | { readonly kind: 'absent' | 'foreign' }
  | {
      readonly kind: 'own'
      readonly canLogin: boolean
      readonly sessions: number
      /** What it has beyond its schemas and the permission to connect, in Postgres' words. */
      readonly elsewhere: readonly string[]
    }

/** Looks for the role and the schemas that derive from a tenant's id; throws when the server is not the shard that is meant. */
export function findServerTraces(
  database: Database,
  shard: string,
  id: string,
  signal: AbortSignal,
): Promise<ServerTraces> {
  const parsed = parseTenantId(id)
  if (parsed === undefined) throw new Error(`"${id}" is no tenant id`)
  const [schema, retained] = [schemaOf(parsed), retainedSchemaOf(parsed)]
  return database.read('find traces', signal, async (tx) => {
    await demandShard(tx, shard)
    const role = roleOf(parsed)
    const comments = await commentsOn(tx, role, [schema, retained])
    const seen = (comment: string | null | undefined): TraceOfSchema => {
      if (comment === undefined) return 'absent'
      return isUidOf(ownerIn(comment), id) ? 'own' : 'foreign'
    }
    const roleSeen = seen(comments.get(role))
    return {
      uid: [...comments.values()].map(ownerIn).find((uid) => isUidOf(uid, id)),
      role: roleSeen === 'own' ? await traceRole(tx, role, [schema, retained]) : { kind: roleSeen },
      schema: seen(comments.get(`schema ${schema}`)),
      retained: seen(comments.get(`schema ${retained}`)),
      ledger: { schema: await ledgerLines(tx, schema), retained: await ledgerLines(tx, retained) },
    }
  })
}

/** With two addresses mixed up, everything would look gone. */
export async function demandShard(tx: Tx, shard: string): Promise<void> {
  const row = await tx.withSchema('public').selectFrom('shard').select('name').executeTakeFirst()
  if (row === undefined || row.name === shard) return
  throw new WrongShard(`Cannot look into Postgres shard "${shard}": the database of its address is shard "${row.name}"`)
}

// By name, schemas with their kind before it: a role and a schema of a tenant are called the same.
async function commentsOn(
  tx: Tx,
  role: string,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const { rows } = await sql<{ readonly what: string; readonly comment: string | null }>`
    SELECT rolname AS what, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = ${role}
    UNION ALL SELECT 'schema ' || nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace
      WHERE nspname = ANY (${[...schemas]})`.execute(tx)
  return new Map(rows.map(({ what, comment }) => [what, comment]))
}

async function ledgerLines(tx: Tx, scope: string): Promise<number> {
  const { rows } = await sql<{ readonly lines: string }>`
    SELECT count(*) AS lines FROM public.migrations WHERE scope = ${scope}`.execute(tx)
  return Number(rows[0]?.lines)
}

async function traceRole(tx: Tx, role: string, schemas: readonly string[]): Promise<TraceOfRole> {
  const { rows } = await sql<{ can_login: boolean; sessions: string }>`
    SELECT rolcanlogin AS can_login, (SELECT count(*) FROM pg_stat_activity WHERE usename = rolname) AS sessions
    FROM pg_roles WHERE rolname = ${role}`.execute(tx)
  const [found] = rows
  if (found === undefined) return { kind: 'absent' }
  const elsewhere = await findElsewhere(tx, role, schemas)
  return { kind: 'own', canLogin: found.can_login, sessions: Number(found.sessions), elsewhere }
}

// What a role owns or was granted stands in pg_shdepend, of every database of the server; what it is a member of does not.
async function findElsewhere(tx: Tx, role: string, schemas: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ what: string }>`
    WITH sought AS (SELECT oid FROM pg_roles WHERE rolname = ${role}),
      here AS (SELECT oid FROM pg_database WHERE datname = current_database()),
      own AS (SELECT oid FROM pg_namespace WHERE nspname = ANY (${[...schemas]}))
    SELECT CASE WHEN d.dbid IN (0, (SELECT oid FROM here)) THEN pg_describe_object(d.classid, d.objid, d.objsubid)
      ELSE 'something in database ' || coalesce((SELECT datname FROM pg_database WHERE oid = d.dbid), d.dbid::text) END AS what
    FROM pg_shdepend d
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid IN (SELECT oid FROM sought)
      AND NOT (d.classid = 'pg_database'::regclass AND d.objid IN (SELECT oid FROM here))
      AND NOT (d.dbid IN (SELECT oid FROM here) AND d.classid = 'pg_namespace'::regclass AND d.objid IN (SELECT oid FROM own))
      AND NOT (d.dbid IN (SELECT oid FROM here) AND d.classid = 'pg_class'::regclass AND EXISTS (
        SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relnamespace IN (SELECT oid FROM own)))
      AND NOT (d.classid = 'pg_auth_members'::regclass)
    UNION SELECT 'membership in role ' || g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
      WHERE m.member IN (SELECT oid FROM sought)
    ORDER BY 1 LIMIT 20`.execute(tx)
  return rows.map(({ what }) => what)
}
