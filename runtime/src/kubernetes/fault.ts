/** The API server answered, and the answer was no. */
export class KubeFault extends Error {
  override readonly name = 'KubeFault'
  /** HTTP status, or the `code` of an ERROR event in a watch. */
  readonly status: number
  /** `reason` of metav1.Status: `NotFound`, `Conflict`, `Invalid`… Empty when the server gave none. */
  readonly reason: string
  /** The server's own words. */
  readonly detail: string
  /** How long the server asked us to stay away. */
  readonly retryAfterMs: number | undefined

  constructor(doing: string, answer: KubeAnswer) {
    super(`Cannot ${doing}: the Kubernetes API answered ${answer.status} ${answer.reason}: ${answer.detail}`)
    this.status = answer.status
    this.reason = answer.reason
    this.detail = answer.detail
    this.retryAfterMs = answer.retryAfterMs
  }
}

export interface KubeAnswer {
  readonly status: number
  readonly reason: string
  readonly detail: string
  readonly retryAfterMs?: number | undefined
}

export type TransportProblem =
  /** No connection, a reset, a certificate that does not fit. */
  | 'connection'
  | 'timeout'
  /** The answer was longer than we are ready to hold. */
  | 'too-large'
  /** The answer was not what the protocol says: garbage, truncated JSON, a missing field. */
  | 'malformed'

/** There was no usable answer; whether the server did what we asked is unknown. */
export class TransportFault extends Error {
  override readonly name = 'TransportFault'
  readonly problem: TransportProblem

  constructor(problem: TransportProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.problem = problem
  }
}

/**
 * The object (or the whole kind) does not exist, in the API server's own word: a proxy's page with 404 is no proof that
 * something is gone.
 */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeFault && error.status === 404 && error.reason === 'NotFound'
}

/** Somebody else wrote first, or a precondition does not hold. A name that is taken is `isAlreadyExists`, not this. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeFault && error.status === 409 && error.reason === 'Conflict'
}

/** An object of this name exists. */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeFault && error.reason === 'AlreadyExists'
}

/** Our account may not do this: 403, or 401 when it is not known at all. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeFault && (error.status === 403 || error.status === 401)
}

/** The ResourceQuota that has no room for what was to be made; undefined for any other refusal. */
export function fullQuota(error: unknown): string | undefined {
  return error instanceof KubeFault && error.status === 403
    ? /exceeded quota: ([^,]+),/.exec(error.detail)?.[1]
    : undefined
}

/** The object breaks its schema or a validation rule: sending it again is pointless. */
export function isInvalid(error: unknown): boolean {
  return error instanceof KubeFault && (error.status === 422 || error.status === 400)
}

/** The resource version or continue token is too old: list again. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeFault && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone')
}
