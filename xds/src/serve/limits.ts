// How much one connection and one identity may ask of us, so that no client can make the server work for itself alone.

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** The bounds of one server; each has its own error. */
export interface Limits {
  readonly maxMessageBytes: number
  readonly maxNamesPerRequest: number
  readonly maxNamesPerStream: number
  /** Of a stream of certificates, of which Envoy opens one for each. */
  readonly maxNamesPerSecretStream: number
  /** Of one identity, which all Envoys of a fleet share. */
  readonly maxAggregatedStreams: number
  readonly maxAggregatedStreamsPerConnection: number
  readonly maxSecretStreams: number
  readonly maxSecretStreamsPerConnection: number
  readonly aggregatedRequests: Rate
  /** For names that exist; names that nobody has, of which any client can make a flood, have as much for themselves. */
  readonly secretRequests: Rate
  /** Bytes that wait in the write buffers of all streams together. */
  readonly maxBufferedBytes: number
}

/** More than an Envoy that goes right asks for, narrow enough for one that went wrong. */
export const DEFAULT_LIMITS: Limits = {
  maxMessageBytes: 32 * 1024 * 1024,
  maxNamesPerRequest: 100_000,
  maxNamesPerStream: 200_000,
  maxNamesPerSecretStream: 100,
  maxAggregatedStreams: 1_000,
  maxAggregatedStreamsPerConnection: 4,
  // Envoy opens a stream for every certificate that it asks for on demand.
  maxSecretStreams: 500_000,
  maxSecretStreamsPerConnection: 20_000,
  aggregatedRequests: { perSecond: 5_000, burst: 50_000 },
  secretRequests: { perSecond: 500, burst: 20_000 },
  maxBufferedBytes: 256 * 1024 * 1024,
}

/** A rate with a burst. */
class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAtMs: number

  constructor({ perSecond, burst }: Rate, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledAtMs = nowMs
  }

  /** Takes one token, if there is one. */
  take(nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Whether it is as good as new. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#tokens === this.#burst
  }

  #fill(nowMs: number): void {
    const earned = (Math.max(0, nowMs - this.#filledAtMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
    this.#filledAtMs = nowMs
  }
}

/** A bucket for each key; a full one is forgotten, since a new one says the same. */
export class TokenBuckets {
  readonly #buckets = new Map<string, TokenBucket>()

  take(key: string, rate: Rate, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(rate, nowMs)
    this.#buckets.set(key, bucket)
    return bucket.take(nowMs)
  }

  prune(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(key)
  }
}

/** Counts what is open per key, and refuses beyond a bound. */
export class OpenCount {
  readonly #counts = new Map<string, number>()

  /** Opens one more; gives how to close it, or undefined when there are too many. */
  open(key: string, max: number): (() => void) | undefined {
    const count = this.#counts.get(key) ?? 0
    if (count >= max) return undefined
    this.#counts.set(key, count + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }
}

/** Bytes that are written but not yet taken by the network, over all streams; those beyond it wait their turn. */
export class ByteBudget {
  readonly #maxBytes: number
  readonly #waiting = new Set<() => void>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#bytes
  }

  /** Whether there is room; if not, `onRoom` is called once when there is. */
  hasRoom(onRoom: () => void): boolean {
    if (this.#bytes < this.#maxBytes) return true
    this.#waiting.add(onRoom)
    return false
  }

  /** Takes bytes; gives how to return them. */
  take(bytes: number): () => void {
    this.#bytes += bytes
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#bytes -= bytes
      this.#wake()
    }
  }

  #wake(): void {
    if (this.#bytes >= this.#maxBytes) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const onRoom of waiting) onRoom()
  }
}
