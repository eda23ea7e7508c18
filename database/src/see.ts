import { sql } from 'kysely'
import type { Tx } from './database.ts'
import type { DatabaseTenant, RoleSettings, SeenDatabase, SeenRole, SeenSchema } from './tenant-database.ts'

/** The owner stands in the comment of the role and of the schema; names are opaque, and so is this. */
export const commentOf = (uid: string): string => `bulkhead.dev/tenant-uid=${uid}`

interface Commented {
  readonly comment: string | null
}
type RoleRow = Commented & Omit<Extract<SeenRole, { kind: 'own' }>, 'kind'> & RoleSettings
type SchemaRow = Commented & { readonly version: number }

interface Row {
  readonly role: RoleRow | null
  readonly schema: SchemaRow | null
  readonly retained: SchemaRow | null
}

/** What there is of a tenant: one statement, for every tenant is looked at again and again. */
export async function see(tx: Tx, { uid, role, schema, retainedSchema }: DatabaseTenant): Promise<SeenDatabase> {
  const { rows } = await sql<Row>`
    SELECT
      (SELECT json_build_object('comment', shobj_description(oid, 'pg_authid'),
          'canLogin', rolcanlogin, 'connectionLimit', rolconnlimit, 'config', coalesce(rolconfig, '{}'),
          'isPlain', NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
            AND NOT EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid),
          'hasSessions', EXISTS (SELECT FROM pg_stat_activity WHERE usename = rolname))
        FROM pg_roles WHERE rolname = ${role}) AS role,
      ${schemaNamed(schema)} AS schema,
      ${schemaNamed(retainedSchema)} AS retained`.execute(tx)
  const [row] = rows
  if (row === undefined) throw new Error(`Cannot look at schema "${schema}": Postgres gave no row`)
  return { role: roleOf(row.role, uid), schema: schemaOf(row.schema, uid), retained: schemaOf(row.retained, uid) }
}

function schemaNamed(name: string) {
  return sql`(SELECT json_build_object('comment', obj_description(oid, 'pg_namespace'),
      'version', (SELECT coalesce(max(version), 0) FROM public.migrations WHERE scope = ${name}))
    FROM pg_namespace WHERE nspname = ${name})`
}

function roleOf(row: RoleRow | null, uid: string): SeenRole {
  if (row === null) return { kind: 'absent' }
  const { comment, config, ...facts } = row
  return comment === commentOf(uid) ? { kind: 'own', ...facts, config: config.toSorted() } : { kind: 'foreign' }
}

function schemaOf(row: SchemaRow | null, uid: string): SeenSchema {
  if (row === null) return { kind: 'absent' }
  return row.comment === commentOf(uid) ? { kind: 'own', version: row.version } : { kind: 'foreign' }
}
