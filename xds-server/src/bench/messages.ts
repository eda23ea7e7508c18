// What the bench asks of the control plane's process, and what that answers.
import type { CertificateFiles } from '@bulkhead/xds'

export type Asked =
  | { readonly kind: 'start'; readonly tenants: number; readonly edgePort: number; readonly backendPort: number }
  /** Gives a tenant's first tool another path. */
  | { readonly kind: 'edit'; readonly tenant: number }
  /** Edits tenants from the end, one after another, until it is told otherwise; 0 ends it. */
  | { readonly kind: 'churn'; readonly editsPerSecond: number }
  /** Builds every tenant anew, as a control plane without increments would at each edit. */
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'figures' }

export interface Figures {
  readonly cpuMs: number
  readonly rssMiB: number
  /** How often some tenant was built from its objects. */
  readonly rebuilt: number
}

/** Moments are of the monotonic clock, which all processes of a machine share, in nanoseconds. */
export type Answered =
  | {
      readonly kind: 'started'
      readonly port: number
      readonly certificates: CertificateFiles
      readonly tookMs: number
    }
  | { readonly kind: 'edited'; readonly atNs: string; readonly path: string }
  | { readonly kind: 'churned' }
  | { readonly kind: 'rebuilt' }
  | { readonly kind: 'figures'; readonly figures: Figures }
  /** Said by itself: every stream has accepted an edited tenant. */
  | { readonly kind: 'acked'; readonly tenant: number; readonly atNs: string }

export const nameOf = (tenant: number): string => `t${tenant}`
export const hostOf = (tenant: number): string => `${nameOf(tenant)}.gw.test`
