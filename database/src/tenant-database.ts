import { randomBytes } from 'node:crypto'
import type { Secret } from '@bulkhead/runtime'
import { sql } from 'kysely'
import type { Database, Tx } from './database.ts'
import { runStatement, runStatements } from './database.ts'
import { readFigures } from './figures.ts'
import type { ServerFigures } from './figures.ts'
import { quoteIdentifier, quoteLiteral } from './identifier.ts'
import { lockScope, migrate, scopeLock } from './ledger.ts'
import { demandExpansion } from './migrations/expand-only.ts'
import type { Migration } from './migrations/migration.ts'
import { tenantMigrations } from './migrations/tenant.ts'
import { commentOf, see } from './see.ts'
import { roleConfig } from './role-config.ts'
import { scramVerifier } from './scram.ts'

/** The names of one tenant's part of the database, and whose it is. */
export interface DatabaseTenant {
  readonly uid: string
  readonly schema: string
  readonly role: string
  readonly retainedSchema: string
  /** The Postgres that holds it, where that is known already. */
  readonly shard?: string | undefined
}

export interface RoleSettings {
  readonly canLogin: boolean
  readonly connectionLimit: number
}

export interface PrepareSettings extends RoleSettings {
  readonly password: Secret<string>
  /** What a schema that is made now begins with; left out, the newest. */
  readonly version?: number
}

export type SeenRole =
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign' }
  | ({
      readonly kind: 'own'
      readonly config: readonly string[]
      /** Somebody is logged in, whether or not anybody may log in now. */
      readonly hasSessions: boolean
      /**
       * It has no power of its own and no other role's. One that somebody gave power to is not the one that we made, and
       * we could not take the power away: it is shut and removed like any other, and never opened.
       */
      readonly isPlain: boolean
    } & RoleSettings)

export type SeenSchema =
  { readonly kind: 'absent' } | { readonly kind: 'foreign' } | { readonly kind: 'own'; readonly version: number }

/** What there is of a tenant in the database. */
export interface SeenDatabase {
  readonly role: SeenRole
  readonly schema: SeenSchema
  /** What was kept of it when it was deleted. */
  readonly retained: SeenSchema
}

/** One tenant's role and schema; every write compares the owner inside its own transaction. */
export interface TenantDatabase {
  observe(tenant: DatabaseTenant, signal: AbortSignal): Promise<SeenDatabase>
  /** Makes or mends role and schema, all in one transaction. A schema that stands keeps its version. */
  prepare(tenant: DatabaseTenant, settings: PrepareSettings, signal: AbortSignal): Promise<void>
  /** Brings the schema to a version, all in one transaction. Throws `MigrationFailed` or `MigrationBusy` when it stays. */
  migrate(tenant: DatabaseTenant, version: number, signal: AbortSignal): Promise<void>
  /** Gives the role its password anew, whatever it has. */
  setPassword(tenant: DatabaseTenant, password: Secret<string>, signal: AbortSignal): Promise<void>
  /** Whether the role has another password than this one. */
  refusesPassword(tenant: DatabaseTenant, password: Secret<string>, signal: AbortSignal): Promise<boolean>
  /** What the statements of these roles came to, server by server. */
  figures(roles: readonly string[], signal: AbortSignal): Promise<readonly ServerFigures[]>
  /** Shuts or opens the door for the role, ending its connections when it shuts. */
  setLogin(tenant: DatabaseTenant, canLogin: boolean, signal: AbortSignal): Promise<void>
  /** Removes role and schema with everything in it, the retained one too. */
  drop(tenant: DatabaseTenant, signal: AbortSignal): Promise<void>
  /** Keeps the data under another name that no role can use; the role stays, without a login. */
  retain(tenant: DatabaseTenant, signal: AbortSignal): Promise<void>
  /** Makes the retained schema of one incarnation the schema of another, and removes the role of the first. */
  adopt(from: DatabaseTenant, to: DatabaseTenant, signal: AbortSignal): Promise<void>
}

/** Something of the same name exists that is not the tenant's. */
export class ForeignDatabaseObject extends Error {
  override readonly name = 'ForeignDatabaseObject'
}

export function createTenantDatabase(
  database: Database,
  databaseName: string,
  migrations: readonly Migration[] = tenantMigrations,
): TenantDatabase {
  demandExpansion(migrations)
  const locked = (call: string, tenant: DatabaseTenant, signal: AbortSignal, work: LockedWork) =>
    database.transaction(call, signal, async (tx) => {
      await lockScope(tx, tenant.schema)
      const seen = await see(tx, tenant)
      if (seen.role.kind === 'foreign' || seen.schema.kind === 'foreign') {
        throw new ForeignDatabaseObject(`Cannot ${call} "${tenant.schema}": it belongs to somebody else`)
      }
      await work(tx, seen)
    })
  // The door is shut for good before the sessions end: the other way round one could slip in between.
  const setLogin = async (tenant: DatabaseTenant, canLogin: boolean, signal: AbortSignal): Promise<void> => {
    const login = canLogin ? 'LOGIN' : 'NOLOGIN'
    await locked('set login', tenant, signal, async (tx, { role }) => {
      if (role.kind === 'own') await runStatement(tx, `ALTER ROLE ${quoteIdentifier(tenant.role)} ${login}`)
    })
    if (!canLogin) await locked('end sessions', tenant, signal, (tx) => endSessions(tx, tenant.role))
  }
  return {
    observe: (tenant, signal) => database.read('observe schema', signal, (tx) => see(tx, tenant)),
    prepare: (tenant, settings, signal) =>
      locked('prepare schema', tenant, signal, async (tx, seen) => {
        const history = { migrations, version: settings.version ?? migrations.length }
        await prepareAll(tx, { tenant, seen, databaseName }, settings, history)
      }),
    migrate: (tenant, version, signal) =>
      locked('migrate schema', tenant, signal, (tx, seen) =>
        migrateSchema(tx, { tenant, seen }, { migrations, version }),
      ),
    setPassword: (tenant, password, signal) =>
      locked('set password', tenant, signal, async (tx, { role }) => {
        if (role.kind !== 'own') return
        await runStatement(tx, `ALTER ROLE ${quoteIdentifier(tenant.role)} PASSWORD ${verifierOf(password)}`)
      }),
    refusesPassword: (tenant, password, signal) => database.refusesPassword({ user: tenant.role, password }, signal),
    figures: async (roles, signal) => [await readFigures(database, roles, signal)],
    setLogin,
    drop: async (tenant, signal) => {
      await setLogin(tenant, false, signal)
      await locked('drop schema', tenant, signal, (tx, seen) => dropAll(tx, { tenant, seen, databaseName }))
    },
    retain: async (tenant, signal) => {
      await setLogin(tenant, false, signal)
      await locked('retain schema', tenant, signal, (tx, seen) => retainSchema(tx, { tenant, seen }))
    },
    adopt: (from, to, signal) =>
      locked('adopt schema', to, signal, async (tx, after) => {
        await lockScope(tx, from.schema)
        if (after.schema.kind === 'absent') await adoptSchema(tx, { from, to, databaseName })
      }),
  }
}

/** What is done to a tenant's part while its lock is held, and what was seen of it under the lock. */
type LockedWork = (tx: Tx, seen: SeenDatabase) => Promise<void>

interface Held {
  readonly tenant: DatabaseTenant
  readonly seen: SeenDatabase
}
type HeldIn = Held & { readonly databaseName: string }

async function prepareAll(
  tx: Tx,
  { tenant, seen, databaseName }: HeldIn,
  settings: PrepareSettings,
  { migrations, version }: History,
): Promise<void> {
  if (seen.role.kind === 'own' && !seen.role.isPlain) {
    throw new ForeignDatabaseObject(`Cannot open role "${tenant.role}": somebody gave it power`)
  }
  const isNew = seen.schema.kind === 'absent'
  await runStatements(tx, [...preparedRole(tenant, seen.role, settings), ...(isNew ? newSchema(tenant) : [])])
  if (isNew) await migrate(tx, tenant.schema, migrations, version)
  await runStatements(tx, [...grantedRows(tenant), accessLock, grantConnect(databaseName, tenant.role)])
}

function preparedRole(tenant: DatabaseTenant, seen: SeenRole, settings: PrepareSettings): readonly string[] {
  const role = quoteIdentifier(tenant.role)
  const made = [
    `CREATE ROLE ${role}`,
    // Membership lets us end the role's sessions; it is ours in the role, never the role's in us.
    `GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET FALSE`,
    `COMMENT ON ROLE ${role} IS ${quoteLiteral(commentOf(tenant.uid))}`,
  ]
  const login = settings.canLogin ? 'LOGIN' : 'NOLOGIN'
  const limit = settings.connectionLimit
  return [
    ...(seen.kind === 'absent' ? made : []),
    `ALTER ROLE ${role} ${login} CONNECTION LIMIT ${limit} PASSWORD ${verifierOf(settings.password)}`,
    `ALTER ROLE ${role} RESET ALL`,
    ...roleConfig(tenant.schema).map((setting) => {
      const [name = '', value = ''] = setting.split('=')
      return `ALTER ROLE ${role} SET ${quoteIdentifier(name)} = ${quoteLiteral(value)}`
    }),
  ]
}

function newSchema(tenant: DatabaseTenant): readonly string[] {
  const schema = quoteIdentifier(tenant.schema)
  return [`CREATE SCHEMA ${schema}`, `COMMENT ON SCHEMA ${schema} IS ${quoteLiteral(commentOf(tenant.uid))}`]
}

function verifierOf(password: Secret<string>): string {
  return quoteLiteral(scramVerifier(password, randomBytes(16)))
}

// Who may connect stands in one row of the catalog for all tenants: Postgres fails the second that would change it.
const accessLock = scopeLock('database access')

function grantConnect(databaseName: string, role: string): string {
  return `GRANT CONNECT ON DATABASE ${quoteIdentifier(databaseName)} TO ${quoteIdentifier(role)}`
}

interface History {
  readonly migrations: readonly Migration[]
  readonly version: number
}

async function migrateSchema(tx: Tx, { tenant, seen }: Held, { migrations, version }: History): Promise<void> {
  if (seen.schema.kind !== 'own') throw new Error(`Cannot migrate schema "${tenant.schema}": it is not there`)
  await migrate(tx, tenant.schema, migrations, version)
  if (seen.role.kind === 'own') await runStatements(tx, grantedRows(tenant))
}

// The schema and its tables belong to the operator; the role gets their rows and can neither alter nor drop them.
function grantedRows(tenant: DatabaseTenant): readonly string[] {
  const [schema, role] = [quoteIdentifier(tenant.schema), quoteIdentifier(tenant.role)]
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
  ]
}

async function endSessions(tx: Tx, role: string): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`.execute(tx)
}

async function dropAll(tx: Tx, { tenant, seen, databaseName }: HeldIn): Promise<void> {
  const schemas = [
    ...(seen.schema.kind === 'own' ? [tenant.schema] : []),
    ...(seen.retained.kind === 'own' ? [tenant.retainedSchema] : []),
  ]
  for (const schema of schemas) await runStatement(tx, `DROP SCHEMA ${quoteIdentifier(schema)} CASCADE`)
  const scopes = [tenant.schema, tenant.retainedSchema]
  await tx.withSchema('public').deleteFrom('migrations').where('scope', 'in', scopes).execute()
  if (seen.role.kind === 'own') await dropRole(tx, tenant.role, databaseName)
}

async function dropRole(tx: Tx, name: string, databaseName: string): Promise<void> {
  const role = quoteIdentifier(name)
  const revoke = `REVOKE ALL ON DATABASE ${quoteIdentifier(databaseName)} FROM ${role}`
  await runStatements(tx, [accessLock, revoke, `DROP ROLE ${role}`])
}

interface Adoption {
  readonly from: DatabaseTenant
  readonly to: DatabaseTenant
  readonly databaseName: string
}

async function adoptSchema(tx: Tx, { from, to, databaseName }: Adoption): Promise<void> {
  const before = await see(tx, from)
  if (before.retained.kind !== 'own') return
  const [retained, schema] = [quoteIdentifier(from.retainedSchema), quoteIdentifier(to.schema)]
  if (before.role.kind === 'own') {
    const role = quoteIdentifier(from.role)
    for (const objects of ['ALL TABLES IN SCHEMA', 'ALL SEQUENCES IN SCHEMA', 'SCHEMA']) {
      await runStatement(tx, `REVOKE ALL ON ${objects} ${retained} FROM ${role}`)
    }
    await dropRole(tx, from.role, databaseName)
  }
  await runStatement(tx, `ALTER SCHEMA ${retained} RENAME TO ${schema}`)
  await runStatement(tx, `COMMENT ON SCHEMA ${schema} IS ${quoteLiteral(commentOf(to.uid))}`)
  await moveLedger(tx, from.retainedSchema, to.schema)
}

async function moveLedger(tx: Tx, from: string, to: string): Promise<void> {
  await tx.withSchema('public').updateTable('migrations').set({ scope: to }).where('scope', '=', from).execute()
}

async function retainSchema(tx: Tx, { tenant, seen }: Held): Promise<void> {
  if (seen.schema.kind !== 'own') return
  const schema = quoteIdentifier(tenant.schema)
  if (seen.role.kind === 'own') {
    await runStatement(tx, `REVOKE ALL ON SCHEMA ${schema} FROM ${quoteIdentifier(tenant.role)}`)
  }
  await runStatement(tx, `ALTER SCHEMA ${schema} RENAME TO ${quoteIdentifier(tenant.retainedSchema)}`)
  await moveLedger(tx, tenant.schema, tenant.retainedSchema)
}
