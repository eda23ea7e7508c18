import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import type { TestPostgres } from '@bulkhead/database/testing'
import pg from 'pg'
import type { Incarnation } from './incarnation.ts'

/** Looks at all of Postgres as its superuser. */
export interface PostgresEye {
  /** Everything that is of these incarnations or of a tenant of this name. */
  look(name: string, incarnations: readonly Incarnation[]): Promise<PostgresState>
  close(): Promise<void>
}

export interface PostgresState {
  readonly state: object
  /** Whether a role opens with this password. */
  opens(role: string, password: string): boolean
}

/** Opens one; what there is in `public` is found out now. */
export async function openPostgresEye(postgres: TestPostgres): Promise<PostgresEye> {
  const pool = new pg.Pool(superuserOf(postgres))
  // One that is idle when the server stops is nobody's fault.
  pool.on('error', () => undefined)
  const { rows } = await pool.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
  )
  const tables = rows.map((row) => row.table_name)
  return {
    look: async (name, incarnations) => {
      const ids = incarnations.map(({ id }) => id)
      const known = `(${[...incarnations.flatMap(({ uid, id }) => [uid, id]), name].join('|')})`
      const [catalog, registry] = await Promise.all([
        pool.query<{ state: object; verifiers: Readonly<Record<string, string>> }>(catalogQuery, [ids]),
        pool.query<{ state: object }>(registryQuery(tables), [`\\m${known}\\M`]),
      ])
      const verifiers = catalog.rows[0]?.verifiers ?? {}
      return {
        state: { ...catalog.rows[0]?.state, registry: registry.rows[0]?.state },
        opens: (role, password) => isVerifierOf(verifiers[role], password),
      }
    },
    close: () => pool.end(),
  }
}

function superuserOf({ host, port, database, superuser: { user, password } }: TestPostgres): pg.PoolConfig {
  return { ...{ host, port, database, user, password, max: 2 }, connectionTimeoutMillis: 10_000, query_timeout: 30_000 }
}

const catalogQuery = `
  WITH ids AS (SELECT unnest($1::text[]) AS id),
    roles AS (SELECT r.* FROM pg_authid r, ids WHERE strpos(r.rolname, id) > 0),
    schemas AS (SELECT n.* FROM pg_namespace n, ids WHERE strpos(n.nspname, id) > 0),
    tables AS (SELECT c.*, s.nspname FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S'))
  SELECT
    coalesce((SELECT jsonb_object_agg(rolname, rolpassword) FROM roles WHERE rolpassword IS NOT NULL), '{}') AS verifiers,
    jsonb_build_object(
    'roles', (SELECT jsonb_agg(jsonb_build_object('name', rolname, 'login', rolcanlogin, 'limit', rolconnlimit,
        'powers', ARRAY[rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit],
        'config', (SELECT setconfig FROM pg_db_role_setting WHERE setrole = roles.oid AND setdatabase = 0),
        'members', (SELECT jsonb_agg(jsonb_build_array(member::regrole, inherit_option, set_option, admin_option)
          ORDER BY member, admin_option) FROM pg_auth_members WHERE roleid = roles.oid),
        'comment', shobj_description(oid, 'pg_authid')) ORDER BY rolname) FROM roles),
    'schemas', (SELECT jsonb_agg(jsonb_build_object('name', nspname, 'acl', nspacl::text,
        'comment', obj_description(oid, 'pg_namespace')) ORDER BY nspname) FROM schemas),
    'tables', (SELECT jsonb_agg(jsonb_build_object('name', relname, 'schema', nspname, 'kind', relkind, 'acl', relacl::text,
        'rows', CASE WHEN relkind = 'r' THEN (xpath('/row/n/text()',
          query_to_xml(format('SELECT count(*) AS n FROM %I.%I', nspname, relname), false, true, '')))[1]::text END)
        ORDER BY nspname, relname) FROM tables),
    'database', (SELECT jsonb_agg(item::text ORDER BY item::text) FROM pg_database, unnest(datacl) AS item, ids
      WHERE datname = current_database() AND strpos(item::text, id) > 0)) AS state`

// Whatever table there is, now or later: the rows that name the tenant anywhere.
function registryQuery(tables: readonly string[]): string {
  const parts = tables.map(
    (table) =>
      `'${table}', (SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text) FROM public."${table}" t WHERE t::text ~ $1)`,
  )
  return `SELECT jsonb_build_object(${parts.join(', ')}) AS state`
}

/** Whether a SCRAM verifier is one of this password. */
export function isVerifierOf(verifier: string | undefined, password: string): boolean {
  const [, iterations = '0', salt = '', stored = ''] =
    /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier ?? '') ?? []
  if (stored === '') return false
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return createHash('sha256').update(clientKey).digest('base64') === stored
}
