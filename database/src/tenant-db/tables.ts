import type { Generated } from 'kysely'

/** The tables of every tenant's schema, as `migrations/tenant.ts` makes them. */
export interface TenantTables {
  readonly subscription_history: {
    /** A bigint, which JavaScript keeps as text. */
    readonly id: Generated<string>
    readonly subscription_uid: string
    readonly name: string
    readonly event: string
    readonly at: Generated<Date>
  }
  readonly credential_hashes: {
    readonly sha256: Buffer
    readonly subscription_uid: string
    readonly created_at: Generated<Date>
    readonly expires_at: Date | null
  }
  readonly usage_windows: {
    readonly window_start: Date
    readonly subscription_uid: string
    readonly toolset_uid: string
    readonly tool_uid: string
    readonly status_class: number
    /** A bigint, which JavaScript keeps as text. */
    readonly requests: string
  }
  readonly audit: {
    readonly id: Generated<string>
    readonly actor: string
    readonly action: string
    readonly detail: Generated<unknown>
    readonly at: Generated<Date>
  }
}
