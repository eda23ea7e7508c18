// The words of the subscription core: what comes in, what goes out, and what it asks of the world.
import type { EncodedResource, TypeUrl } from '@bulkhead/envoy'

/** Who is at the other end, as it says itself; for display, never for decisions. */
export interface NodeName {
  readonly id: string
  readonly cluster: string
}

/** The two variants of the protocol: changes, or the state of the world. */
export type Variant = 'delta' | 'sotw'

interface AnyRequest {
  readonly typeUrl: string
  readonly node?: NodeName | undefined
  readonly responseNonce: string
  /** Present exactly when the client refused the response with this nonce. */
  readonly error?: string | undefined
}

/** One request of the delta variant, reduced to what matters here. */
export interface DeltaRequest extends AnyRequest {
  readonly subscribe: readonly string[]
  readonly unsubscribe: readonly string[]
  readonly initialVersions: ReadonlyMap<string, string>
}

/** One request of the state-of-the-world variant: it names all that its client wants of the type. */
export interface SotwRequest extends AnyRequest {
  readonly names: readonly string[]
}

export type DiscoveryRequest =
  ({ readonly variant: 'delta' } & DeltaRequest) | ({ readonly variant: 'sotw' } & SotwRequest)

/** One response; on a delta stream all its resources belong to one group, unless `group` is undefined. */
export interface DiscoveryResponse {
  readonly typeUrl: TypeUrl
  readonly nonce: string
  /** Of all that the client holds of the type; `version_info` or `system_version_info` on the wire. */
  readonly version: string
  readonly group: string | undefined
  readonly resources: readonly EncodedResource[]
  /** Names that are gone; the state of the world says so by leaving them out. */
  readonly removed: readonly string[]
  /** Names of resources that the client does not have yet, or not in this version. */
  readonly changed: readonly string[]
}

/** What a stream may be told about a name right now. */
export type Verdict =
  | { readonly kind: 'present'; readonly group: string; readonly resource: EncodedResource }
  | { readonly kind: 'absent' }
  /** Nothing may be said yet; `until` says whether progress on this stream or only a new publication ends it. */
  | { readonly kind: 'withheld'; readonly until: 'progress' | 'change' }

/** What one stream can see. */
export interface View {
  readonly isOpen: boolean
  verdictOf(typeUrl: TypeUrl, name: string, nowMs: number): Verdict
  /** The group that a name belongs to, or undefined when nobody has it. */
  groupOf(typeUrl: TypeUrl, name: string): string | undefined
  /** Every name of a type, which is what `*` stands for. */
  names(typeUrl: TypeUrl): Iterable<string>
  /** A version that whoever published a type gave it; left out, it follows from what the client holds. */
  versionOf?(typeUrl: TypeUrl): string | undefined
  /** Groups that waited too long for an answer and go on without it. */
  overdueGroups(nowMs: number): readonly string[]
}

/** A version that the client refused, and its words. */
export interface Rejection {
  readonly version: string
  readonly message: string
}

/** How far one stream has come; the view bases its order on it. */
export interface Progress {
  isSubscribed(typeUrl: TypeUrl): boolean
  wants(typeUrl: TypeUrl, name: string): boolean
  /** The version that the client has accepted last. */
  ackedVersion(typeUrl: TypeUrl, name: string): string | undefined
  rejection(typeUrl: TypeUrl, name: string): Rejection | undefined
  /** The group under which the client has a name; empty when it had it before this stream and nobody has it now. */
  heldGroup(typeUrl: TypeUrl, name: string): string | undefined
  /** Names of a group that the client has, is getting, or is being told to drop. */
  tracked(typeUrl: TypeUrl, group: string): Iterable<string>
  /** Whether everything that could be sent of a type was sent and answered at least once. */
  hasBeenIdle(typeUrl: TypeUrl): boolean
  isIdle(typeUrl: TypeUrl): boolean
}

/** What an answer of the client meant. */
export interface Settled {
  readonly typeUrl: TypeUrl
  readonly groups: readonly string[]
  readonly entries: readonly SentEntry[]
  /** Present when it was a refusal. */
  readonly error?: string | undefined
}

/** Where one type of a stream stands; a refusal goes before what is unanswered, and that before what was accepted. */
export interface TypeStatus {
  readonly typeUrl: TypeUrl
  readonly version: string
  readonly state: 'SYNCED' | 'NOT_SENT' | 'STALE' | 'ERROR'
  readonly refused: readonly { readonly name: string; readonly message: string }[]
}

/** One name in a response; no version means that it was removed. */
export interface SentEntry {
  readonly name: string
  readonly group: string
  readonly version: string | undefined
}
