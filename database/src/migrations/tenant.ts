import type { Migration } from './migration.ts'

/** The history of every tenant's schema. Statements run with that schema as the only one on the search path. */
export const tenantMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'first tables',
    statements: [
      `CREATE TABLE subscription_history (
         id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
         subscription_uid text NOT NULL,
         name text NOT NULL,
         event text NOT NULL,
         at timestamptz NOT NULL DEFAULT now())`,
      `CREATE INDEX subscription_history_by_subscription ON subscription_history (subscription_uid, at)`,
      `CREATE TABLE credential_hashes (
         sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
         subscription_uid text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT now(),
         expires_at timestamptz)`,
      `CREATE TABLE usage_windows (
         window_start timestamptz NOT NULL,
         subscription_uid text NOT NULL,
         toolset_uid text NOT NULL,
         tool_uid text NOT NULL,
         status_class smallint NOT NULL,
         requests bigint NOT NULL CHECK (requests >= 0),
         PRIMARY KEY (window_start, subscription_uid, toolset_uid, tool_uid, status_class))`,
      `CREATE TABLE audit (
         id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
         actor text NOT NULL,
         action text NOT NULL,
         detail jsonb NOT NULL DEFAULT '{}',
         at timestamptz NOT NULL DEFAULT now())`,
    ],
  },
]
