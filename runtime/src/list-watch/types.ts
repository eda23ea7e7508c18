import type { Clock } from '../clock.ts'
import type { KubeClient } from '../kubernetes/kube-client.ts'
import type { KubeKind } from '../kubernetes/kind.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { IndexFunction, Store } from './store.ts'

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly object: T }
  | { readonly type: 'modified'; readonly key: string; readonly object: T; readonly old: T }
  /** `object` is the last that was seen. */
  | { readonly type: 'deleted'; readonly key: string; readonly object: T }

export interface ListWatchOptions<T> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly kind: KubeKind
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly parse: (raw: unknown) => Parsed<T>
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined
  /** Called in order, once per change. What it throws (or rejects with) is logged, counted and delivered again later. */
  readonly onChange?: ((change: Change<T>) => void | Promise<void>) | undefined
  /**
   * An object that `parse` refused. The store keeps the last version that it accepted, if any; whether that may still
   * be used is the caller's decision.
   */
  readonly onQuarantine?: ((key: string, problem: string) => void) | undefined
  /** A quarantined object was mended or deleted. */
  readonly onRelease?: ((key: string) => void) | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signal: AbortSignal
  readonly tuning?: Partial<ListWatchTuning> | undefined
}

export interface ListWatchTuning {
  readonly pageSize: number
  /** What the server is asked to end a watch after. */
  readonly watchTimeoutMs: number
  /** Without a byte for this long the connection counts as dead. Below `watchTimeoutMs`, above the bookmark interval. */
  readonly stallMs: number
  /** A full list at least this often (jittered), so that even an event that never came is noticed. */
  readonly relistMs: number
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  readonly random: () => number
}

/** A kind that is kept up to date until the signal is aborted. */
export interface ListWatch<T> {
  readonly store: Store<T>
  /** Resolves after the first complete list was stored and its changes delivered; never rejects. */
  readonly synced: Promise<void>
  isSynced(): boolean
  /** When the API server last said something useful; 0 before it ever did. */
  lastContactMs(): number
  /** Key → problem of what is quarantined now. */
  quarantined(): ReadonlyMap<string, string>
  /** Resolves when everything has ended after the signal; never rejects. */
  readonly stopped: Promise<void>
}
