// One call to the API server: bounded in time and size, authenticated, its refusals turned into faults.
import { z } from 'zod'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { KubeConnector } from './access.ts'
import { answerOf, isKubeObject } from './answers.ts'
import { KubeFault, TransportFault } from './fault.ts'
import type { CallOptions } from './kube-client.ts'
import type { KubeObject } from './kind.ts'
import { parseJson, readBody, send } from './transport.ts'
import type { WireRequest } from './transport.ts'

export interface KubeClientLimits {
  readonly timeoutMs: number
  readonly maxResponseBytes: number
  /** etcd holds objects of at most 1.5 MiB. */
  readonly maxWatchLineBytes: number
}

const review = z.looseObject({ kind: z.string().regex(/Review$/), metadata: z.looseObject({}) })

/** What every call of one client shares. */
export interface Wiring {
  readonly connector: KubeConnector
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: KubeClientLimits
  readonly beforeWrite: ((doing: string) => void) | undefined
}

/** One call, before it has a time limit. */
export type Call = Omit<WireRequest, 'signal'> & { readonly options: CallOptions | undefined }

// A review (SelfSubjectReview and its kin) is answered and not kept: it has no name, so its kind stands for it.
function named(value: unknown): unknown {
  const parsed = review.safeParse(value)
  return parsed.success ? { ...parsed.data, metadata: { name: parsed.data.kind, ...parsed.data.metadata } } : value
}

/** The object that a call answers with; an answer without object metadata is a fault. */
export async function callForObject(wiring: Wiring, call: Call): Promise<KubeObject> {
  const value = named(await callForJson(wiring, call))
  if (isKubeObject(value)) return value
  throw new TransportFault('malformed', `Cannot ${call.method} ${pathOnly(call.path)}: the answer is not an object`)
}

// Made once: an abort without a reason makes an error with a stack.
const callEnded = new Error('The call ended')

/** The JSON that a call answers with, within its time; a refusal is thrown as a `KubeFault`. */
export async function callForJson(wiring: Wiring, call: Call): Promise<unknown> {
  const { clock, limits } = wiring
  const timeoutMs = call.options?.timeoutMs ?? limits.timeoutMs
  const ended = new AbortController()
  const given = new AbortController()
  const { signal: callers } = call.options ?? {}
  callers?.throwIfAborted()
  // By hand: a signal made of several is the dearest part of a call.
  const give = (): void => given.abort(callers?.reason)
  callers?.addEventListener('abort', give, { once: true })
  clock.sleep(timeoutMs, ended.signal).then(
    () => {
      const text = `Cannot ${call.method} ${pathOnly(call.path)}: no answer within ${timeoutMs} ms`
      given.abort(new TransportFault('timeout', text))
    },
    () => undefined, // the call ended first
  )
  try {
    const wire: WireRequest = { ...call, signal: given.signal }
    const response = await open(wiring, wire)
    return parseJson(await readBody(response, wire, limits.maxResponseBytes), wire)
  } finally {
    callers?.removeEventListener('abort', give)
    ended.abort(callEnded)
  }
}

/** Sends a request and resolves with a 2xx answer whose body is still to be read; every other answer is thrown. */
export async function open(wiring: Wiring, wire: WireRequest): Promise<IncomingMessage> {
  wire.signal.throwIfAborted()
  const response = await sendAsKnown(wiring, wire)
  const { statusCode = 0, headers } = response
  if (headers['warning'] !== undefined) {
    wiring.logger.debug({ path: pathOnly(wire.path), warning: headers['warning'] }, 'the API server warned')
  }
  if (statusCode >= 200 && statusCode < 300) return response
  const text = await readBody(response, wire, 1024 * 1024)
  throw new KubeFault(
    `${wire.method} ${pathOnly(wire.path)}`,
    answerOf(jsonOrNothing(text), statusCode, headers['retry-after']),
  )
}

// A token or certificate that was renewed on disk is read when the server no longer takes the old one. What it answered
// 401 it did not do, so even a write can be sent again; only once, and only if there is something new to say.
async function sendAsKnown(wiring: Wiring, wire: WireRequest): Promise<IncomingMessage> {
  const response = await sendOnceOrTwice(wiring, wire)
  if (response.statusCode !== 401 || !(await wiring.connector.refresh())) return response
  wiring.logger.info({}, 'credentials read again: the API server refused the old ones')
  response.resume()
  return sendOnceOrTwice(wiring, wire)
}

// The server may close an idle connection in the moment that we use it. Only a read is safe to send again: of a write
// nobody knows whether it was done.
async function sendOnceOrTwice({ connector, beforeWrite }: Wiring, wire: WireRequest): Promise<IncomingMessage> {
  const connection = await connector.connect()
  // After everything that waits, so that what it allows is sent in the same moment.
  if (wire.method !== 'GET') beforeWrite?.(`${wire.method} ${pathOnly(wire.path)}`)
  try {
    return await send(connection, wire)
  } catch (error) {
    const isRetriable = wire.method === 'GET' && !wire.path.includes('watch=true') && isReset(error)
    if (!isRetriable) throw error
    return await send(connection, wire)
  }
}

function isReset(error: unknown): boolean {
  if (!(error instanceof TransportFault) || !(error.cause instanceof Error)) return false
  return 'code' in error.cause && (error.cause.code === 'ECONNRESET' || error.cause.code === 'EPIPE')
}

function pathOnly(path: string): string {
  return path.split('?', 1)[0] ?? path
}

function jsonOrNothing(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined // a proxy's error page: the HTTP status says enough
  }
}
