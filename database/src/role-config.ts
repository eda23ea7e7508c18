import { tenantMigrations } from './migrations/tenant.ts'

/** What the role runs under. It can widen these for itself; the connection limit and its grants it cannot. */
export const roleConfig = (schema: string): readonly string[] => [
  'idle_in_transaction_session_timeout=30s',
  'idle_session_timeout=10min',
  'lock_timeout=5s',
  `search_path=${schema}`,
  'statement_timeout=15s',
  'transaction_timeout=60s',
]

/** The version that a schema has when every migration ran. */
export const latestVersion = tenantMigrations.length
