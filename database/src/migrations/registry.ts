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
]
