import type { Migration } from './migration.ts'

/** The history of `public`: who holds which host and how much of the fleet. */
export const registryMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'grants',
    statements: [
      `CREATE TABLE tenants (
         uid text PRIMARY KEY,
         id text NOT NULL UNIQUE,
         name text NOT NULL,
         guaranteed integer NOT NULL CHECK (guaranteed >= 0),
         registered_at timestamptz NOT NULL)`,
      // The primary key is what makes a host unique, whatever the code above it believes.
      `CREATE TABLE hostnames (
         host text PRIMARY KEY,
         tenant_uid text NOT NULL,
         granted_at timestamptz NOT NULL,
         quarantined_until timestamptz)`,
      `CREATE INDEX hostnames_by_tenant ON hostnames (tenant_uid)`,
    ],
  },
  {
    version: 2,
    name: 'leadership',
    statements: [
      // One row: whoever leads raises the epoch, and a write of an older epoch is refused.
      `CREATE TABLE leadership (
         only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
         epoch bigint NOT NULL,
         holder text NOT NULL,
         since timestamptz NOT NULL)`,
    ],
  },
  {
    version: 3,
    name: 'placements',
    statements: [
      // Where a tenant's realm and schema are; it stays for life. Null: no realm of ours, or placed before there were shards.
      `ALTER TABLE tenants ADD COLUMN identity_shard text, ADD COLUMN database_shard text`,
    ],
  },
  {
    version: 4,
    name: 'retained',
    statements: [
      // What deleted tenants left behind, so that it is found by id and purged only on purpose.
      `CREATE TABLE retained (
         id text PRIMARY KEY,
         uid text NOT NULL UNIQUE,
         name text NOT NULL,
         realm text,
         identity_shard text,
         schema text NOT NULL,
         database_shard text,
         retained_at timestamptz NOT NULL,
         adopted_by text UNIQUE,
         adopted_at timestamptz)`,
    ],
  },
  {
    version: 5,
    name: 'issuers',
    statements: [
      // The primary key is what makes an issuer one tenant's: its tokens open that tenant's door and no other.
      `CREATE TABLE issuers (
         issuer text PRIMARY KEY,
         tenant_uid text NOT NULL,
         granted_at timestamptz NOT NULL)`,
      `CREATE INDEX issuers_by_tenant ON issuers (tenant_uid)`,
    ],
  },
  {
    version: 6,
    name: 'shard',
    statements: [
      // Which shard this database is, and of which installation: a wrong address in the configuration is noticed by it.
      `CREATE TABLE shard (
         only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
         name text NOT NULL,
         installation uuid NOT NULL DEFAULT gen_random_uuid())`,
    ],
  },
  {
    version: 7,
    name: 'rollout',
    statements: [
      // The version of tenants' schemas that is on its way, and how far it has come.
      `CREATE TABLE rollout (
         only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
         version integer NOT NULL,
         checksum text NOT NULL,
         base integer NOT NULL,
         phase text NOT NULL CHECK (phase IN ('canary', 'tenth', 'rest', 'done')),
         since timestamptz NOT NULL,
         settled_at timestamptz)`,
      // Whose migration failed: while there is one, nobody else's is tried.
      `CREATE TABLE migration_failures (
         tenant_id text PRIMARY KEY,
         version integer NOT NULL,
         words text NOT NULL,
         request text,
         failed_at timestamptz NOT NULL)`,
    ],
  },
]
