// What the bench asks of the server's process, and what that answers.
import type { CertificateFiles } from '../serve/index.ts'

export type Asked =
  | {
      readonly kind: 'start'
      readonly certificates: CertificateFiles
      readonly groups: number
      readonly streams: number
    }
  | { readonly kind: 'edit'; readonly group: number }
  | { readonly kind: 'figures' }
  | { readonly kind: 'encode'; readonly times: number }

export interface Figures {
  readonly cpuMs: number
  readonly rssMiB: number
  readonly bufferedBytes: number
  /** 99th percentile of how late the event loop was since it was asked for last. */
  readonly lagP99Ms: number
}

export type Answered =
  | { readonly kind: 'started'; readonly port: number }
  /** The monotonic clock, which all processes of a machine share, right before the change was published. */
  | { readonly kind: 'edited'; readonly atNs: string }
  | { readonly kind: 'figures'; readonly figures: Figures }
  | { readonly kind: 'encoded'; readonly spliceUs: number; readonly encodeUs: number }

export const nameOfGroup = (index: number): string => `group-${index}`
