import type { Clock, HistogramMetric, Secret } from '@bulkhead/runtime'
import { z } from 'zod'
import { exchange } from './exchange.ts'
import { KeycloakFault, KeycloakUnreachable } from './fault.ts'

export type HttpBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: Readonly<Record<string, string | Secret<string>>> }

export interface HttpCall {
  /** For messages and metrics: `create realm "acme-…"`; its first two words are the metric's label. */
  readonly doing: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Each one is percent-encoded, so that no name can leave its place in the path. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly token?: Secret<string>
  readonly body?: HttpBody
  readonly timeoutMs?: number
  readonly signal: AbortSignal
}

export interface HttpResult {
  readonly status: number
  readonly body: unknown
  /** The last segment of `Location`: the id of what was created. */
  readonly createdId: string | undefined
}

export type Http = (call: HttpCall) => Promise<HttpResult>

export interface HttpOptions {
  readonly url: string
  readonly clock: Clock
  readonly latency: HistogramMetric
  readonly timeoutMs?: number
  /** Asked right before every call that changes something (a login does not); what it throws is thrown instead. */
  readonly beforeWrite?: ((doing: string) => void) | undefined
}

const defaultTimeoutMs = 30_000
const maxAnswerBytes = 4 * 1024 * 1024
const errorBody = z.object({
  error: z.string().optional(),
  errorMessage: z.string().optional(),
  error_description: z.string().optional(),
})

/** One HTTP call at a time to one Keycloak: bounded in time and size, never following a redirect. */
export function createHttp(options: HttpOptions): Http {
  const { url, clock, latency, timeoutMs = defaultTimeoutMs, beforeWrite } = options
  return async (call) => {
    if (isWrite(call)) beforeWrite?.(call.doing)
    const startedMs = clock.now()
    try {
      call.signal.throwIfAborted()
      const answer = await send(url, call, call.timeoutMs ?? timeoutMs)
      if (answer.status >= 400) throw new KeycloakFault(call.doing, answer.status, detailOf(answer.body))
      return answer
    } catch (error) {
      if (error instanceof KeycloakFault) throw error
      call.signal.throwIfAborted()
      throw new KeycloakUnreachable(call.doing, error)
    } finally {
      latency.observe((clock.now() - startedMs) / 1000, { call: call.doing.split(' ').slice(0, 2).join(' ') })
    }
  }
}

function isWrite({ method, body }: HttpCall): boolean {
  return method !== 'GET' && body?.kind !== 'form'
}

async function send(url: string, call: HttpCall, timeoutMs: number): Promise<HttpResult> {
  const { status, text, contentType, location } = await exchange({
    url: addressOf(url, call),
    method: call.method,
    headers: headersOf(call),
    body: call.body === undefined ? undefined : bodyText(call.body),
    ...{ timeoutMs, maxBytes: maxAnswerBytes, signal: call.signal },
  })
  const isJson = contentType?.includes('json') === true
  if (status < 300) demandOwnAnswer(status, text, isJson)
  return {
    status,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
    createdId: location?.split('/').at(-1),
  }
}

// Keycloak says 200 only with JSON, and 201, 202 or 204 to a change with nothing. A page is somebody's on the way, who
// need not have passed the call on.
function demandOwnAnswer(status: number, text: string, isJson: boolean): void {
  if (text === '' ? status === 200 : !isJson) throw new Error(`the answer ${status} is not one of Keycloak's`)
}

/** The address of a call. A segment that could climb out of its place is a mistake of ours. */
export function addressOf(url: string, { path, query }: Pick<HttpCall, 'path' | 'query'>): string {
  const segments = path.map((segment) => {
    // "." and ".." survive percent-encoding and would change the path.
    if (segment === '' || segment === '.' || segment === '..') throw new Error(`"${segment}" is no path segment`)
    return encodeURIComponent(segment)
  })
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
  return `${url.replace(/\/$/, '')}/${segments.join('/')}${search}`
}

function headersOf({ token, body }: HttpCall): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (token !== undefined) headers['authorization'] = `Bearer ${token.reveal()}`
  if (body?.kind === 'json') headers['content-type'] = 'application/json'
  if (body?.kind === 'form') headers['content-type'] = 'application/x-www-form-urlencoded'
  return headers
}

function bodyText(body: HttpBody): string {
  if (body.kind === 'json') return JSON.stringify(body.value)
  const fields = Object.entries(body.fields).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : value.reveal(),
  ])
  return new URLSearchParams(fields).toString()
}

function detailOf(body: unknown): string {
  const parsed = errorBody.safeParse(body)
  if (!parsed.success) return ''
  const { error, errorMessage, error_description: description } = parsed.data
  return [error, errorMessage, description]
    .filter((part) => part !== undefined)
    .join(': ')
    .slice(0, 300)
}
