import type { KubeKind, KubeObject, KubeRef } from './kind.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** The whole call, connection included; 30 s unless told. */
  readonly timeoutMs?: number | undefined
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly limit?: number | undefined
  readonly continue?: string | undefined
  /** Left out: the most recent state, a consistent read. */
  readonly resourceVersion?: string | undefined
}

/** One page. Items stay raw: one that breaks its schema must not take the others with it. */
export interface KubeListPage {
  readonly items: readonly unknown[]
  readonly resourceVersion: string
  readonly continue?: string | undefined
}

export interface WatchOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly resourceVersion: string
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** One line of a watch. `type` is whatever the server sent: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR. */
export interface WatchEvent {
  readonly type: string
  readonly object: unknown
}

/** What we send: `apiVersion` and `kind` are filled in from the kind. */
export type KubeBody = KubeObject

export interface ApplyOptions extends CallOptions {
  /** Constant per process, never per pod. */
  readonly fieldManager: string
  readonly force: boolean
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string | undefined
}

export type KubePatch =
  | { readonly type: 'merge'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: 'json'; readonly body: readonly JsonPatchOperation[] }

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string | undefined
}

export interface DeleteOptions extends CallOptions {
  /** Only this incarnation, only this version: else the server answers 409. */
  readonly preconditions?:
    { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined
}

/**
 * The Kubernetes API, one call per method and nothing cached. Every call ends: with an answer, with a `KubeFault` when
 * the server refused, with a `TransportFault` when there was no usable answer, or with the signal's reason.
 */
export interface KubeClient {
  get(ref: KubeRef, options?: CallOptions): Promise<KubeObject>
  /** Like `get`, but an object that does not exist is `undefined`. */
  find(ref: KubeRef, options?: CallOptions): Promise<KubeObject | undefined>
  list(kind: KubeKind, options?: ListOptions): Promise<KubeListPage>
  /** All pages of one consistent list. */
  listAll(kind: KubeKind, options?: Omit<ListOptions, 'continue'>): Promise<KubeListPage>
  /** Ends when the server ends it; throws on garbage, resets and truncated lines; knows nothing of retries. */
  watch(kind: KubeKind, options: WatchOptions): AsyncIterable<WatchEvent>
  create(kind: KubeKind, object: KubeBody, options?: WriteOptions): Promise<KubeObject>
  /** Server-side apply. */
  apply(kind: KubeKind, object: KubeBody, options: ApplyOptions): Promise<KubeObject>
  /** Server-side apply of the status subresource. */
  applyStatus(kind: KubeKind, object: KubeBody, options: ApplyOptions): Promise<KubeObject>
  patch(ref: KubeRef, patch: KubePatch, options?: PatchOptions): Promise<KubeObject>
  /** Optimistic: the server answers 409 unless `metadata.resourceVersion` is the current one. */
  replace(kind: KubeKind, object: KubeBody, options?: PatchOptions): Promise<KubeObject>
  delete(ref: KubeRef, options?: DeleteOptions): Promise<void>
  /** Closes idle connections; running calls go on. */
  close(): void
}
