// database: the registry of grants in `public`, and one schema with one role for each tenant. Everything that is said to
// Postgres is said here.
export { openDatabase } from './database.ts'
export type { Database, DatabaseAddress, DatabaseOptions } from './database.ts'
export { judgeClaim } from './grants.ts'
export type { Claim, HeldHost, HeldIssuer, IssuerJudgement, Judgement, Registry, Terms } from './grants.ts'
export { prepareRegistry } from './ledger.ts'
export { fenceWrites, takeLeadership } from './leadership.ts'
export type { Fence, Reign } from './leadership.ts'
export { databaseShards, postgresOptions, readPostgresOptions, readShardOptions } from './options.ts'
export type { ConnectionParts, DatabaseShardOptions, PostgresOptions } from './options.ts'
export { createGrantRegistry } from './registry.ts'
export type { GrantRegistry, Standing } from './registry.ts'
export { createPlacementRegistry, judgePlacement } from './placements.ts'
export type { PlacedWall, Placement, PlacementRegistry, Placing, Shard } from './placements.ts'
export { createRetainedRegistry } from './retained.ts'
export type { Retained, RetainedRecord, RetainedRegistry } from './retained.ts'
export { latestVersion, roleConfig } from './role-config.ts'
export { DatabaseAway, restAfterFailure } from './away.ts'
export { fenceShard } from './shard-fence.ts'
export type { FurtherShard, ShardTerm } from './shard-fence.ts'
export { WrongShard, nameShard } from './shard-name.ts'
export { ShardNotConfigured, createShardedDatabase } from './sharded.ts'
export { exportSchema } from './transfer/export.ts'
export type { CarriedTable, Counted, SchemaSnapshot, TakeTable } from './transfer/export.ts'
export { findTenants } from './transfer/find.ts'
export type { KnownTenant } from './transfer/find.ts'
export type { OwnedSchema } from './transfer/guard.ts'
export { importSchema } from './transfer/import.ts'
export type { LoadTable, SchemaLoad } from './transfer/import.ts'
export { TransferRefused } from './transfer/refusal.ts'
export { ForeignDatabaseObject, createTenantDatabase } from './tenant-database.ts'
export type {
  DatabaseTenant,
  RoleSettings,
  SeenDatabase,
  SeenRole,
  SeenSchema,
  TenantDatabase,
} from './tenant-database.ts'
export { createTenantDb } from './tenant-db/tenant-db.ts'
export type { TenantDb, TenantDbOptions, TenantLogin, TenantTx } from './tenant-db/tenant-db.ts'
export { QualifiedName } from './tenant-db/plain-names.ts'
export type { TenantTables } from './tenant-db/tables.ts'
