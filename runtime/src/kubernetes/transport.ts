import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { KubeConnection } from './access.ts'
import { TransportFault } from './fault.ts'

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query. */
  readonly path: string
  readonly contentType?: string | undefined
  readonly body?: string | undefined
  readonly signal: AbortSignal
}

/** Sends a request and resolves with the answer's head; the body is still to be read or destroyed. */
export function send(connection: KubeConnection, wire: WireRequest): Promise<IncomingMessage> {
  const { server, agent } = connection
  const start = server.protocol === 'https:' ? httpsRequest : httpRequest
  const body = wire.body === undefined ? undefined : Buffer.from(wire.body)
  return new Promise((resolve, reject) => {
    const outgoing = start({
      protocol: server.protocol,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: `${server.pathname.replace(/\/$/, '')}${wire.path}`,
      method: wire.method,
      agent,
      signal: wire.signal,
      headers: {
        ...connection.headers,
        accept: 'application/json',
        'user-agent': 'bulkhead',
        ...(body === undefined ? {} : { 'content-type': wire.contentType, 'content-length': body.length }),
      },
    })
    outgoing.once('response', resolve)
    // Stays for the whole life of the request: an error after the answer's head must not become an uncaught one.
    outgoing.on('error', (error) => {
      reject(transportFault(wire, error))
    })
    outgoing.end(body)
  })
}

/** Reads a whole body, at most `maxBytes` of it: more is a fault, and the connection is closed. */
export async function readBody(response: IncomingMessage, wire: WireRequest, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bodyChunks(response, wire)) {
    size += chunk.length
    if (size > maxBytes) {
      throw new TransportFault('too-large', `${subject(wire)}: the answer is longer than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return decode(Buffer.concat(chunks), wire)
}

/** Reads a body line by line. A line over `maxBytes`, and a last line without its end, are faults. */
export async function* readLines(
  response: IncomingMessage,
  wire: WireRequest,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of bodyChunks(response, wire)) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield decode(Buffer.concat([...parts, chunk.subarray(start, end)]), wire)
      parts = []
      size = 0
      start = end + 1
    }
    parts.push(chunk.subarray(start))
    size += chunk.length - start
    if (size > maxBytes) {
      throw new TransportFault('too-large', `${subject(wire)}: a line is longer than ${maxBytes} bytes`)
    }
  }
  if (size > 0) throw new TransportFault('malformed', `${subject(wire)}: the stream ended in the middle of a line`)
}

/** The parsed JSON text, or a fault that says which request got something else. */
export function parseJson(text: string, wire: WireRequest): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    throw new TransportFault('malformed', `${subject(wire)}: the answer is not JSON`, error)
  }
}

/** `Cannot GET /apis/…`: the query is left out, it holds long continue tokens. */
export function subject(wire: WireRequest): string {
  return `Cannot ${wire.method} ${wire.path.split('?', 1)[0] ?? ''}`
}

async function* bodyChunks(response: IncomingMessage, wire: WireRequest): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of response) yield Buffer.from(chunk)
  } catch (error) {
    throw transportFault(wire, error)
  }
}

// An abort is the caller's own doing (or our timeout): it gets its reason back, not a description of the connection.
function transportFault(wire: WireRequest, error: unknown): Error {
  const reason: unknown = wire.signal.reason
  if (wire.signal.aborted) return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
  if (error instanceof TransportFault) return error
  const text = error instanceof Error ? error.message : String(error)
  return new TransportFault('connection', `${subject(wire)}: ${text}`, error)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer, wire: WireRequest): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new TransportFault('malformed', `${subject(wire)}: the answer is not UTF-8`, error)
  }
}
