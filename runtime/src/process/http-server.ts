// The small HTTP server of a process: health, metrics, and what its owner adds. Not for the hot path.
import { createServer as createPlainServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server as PlainServer, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as SecureServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import { urisOfCertificate } from './peer-uris.ts'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** URIs of the verified client certificate (SPIFFE); empty without one. */
  readonly peerUris: readonly string[]
  /** Aborted when the client goes away or the server closes. */
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
}

export interface HttpRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
}

export interface ServerTls {
  readonly cert: string
  readonly key: string
  /** When given, a client without a certificate of this CA gets no connection. */
  readonly clientCa?: string | undefined
}

export interface HttpServerOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly routes: readonly HttpRoute[]
  readonly tls?: ServerTls | undefined
  /** A longer request body is answered 413; 1 MiB unless told. */
  readonly maxBodyBytes?: number | undefined
  /** How long `close` waits for requests under way before it ends them; 5 s unless told. */
  readonly closeGraceMs?: number | undefined
  /** Told of what a handler threw; the client sees 500 without a word of it. */
  readonly onFault?: ((error: unknown, path: string) => void) | undefined
}

export interface HttpServer {
  readonly port: number
  /** New connections get this certificate; the old ones go on. */
  setTls(tls: ServerTls): void
  /**
   * Takes no new connections, tells the handlers by their signal, and resolves when all connections are closed: after
   * the grace at the latest, for a client that never ends its request must not hold up the process.
   */
  close(): Promise<void>
}

const defaultCloseGraceMs = 5_000

/** Starts a small HTTP(S) server; resolves once it listens, rejects when it cannot. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const closing = new AbortController()
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    void answer(options, closing.signal, incoming, outgoing)
  }
  const secure = options.tls === undefined ? undefined : createTlsServer(secureContext(options.tls), listener)
  const server: PlainServer | SecureServer = secure ?? createPlainServer(listener)
  await listen(server, options)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    setTls: (tls) => secure?.setSecureContext(secureContext(tls)),
    close: () =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), options.closeGraceMs ?? defaultCloseGraceMs)
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        closing.abort(new Error('The server is closing'))
        server.closeIdleConnections()
      }),
  }
}

function listen(server: PlainServer | SecureServer, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`Cannot listen on ${host}:${port}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}

function secureContext({ cert, key, clientCa }: ServerTls): Record<string, unknown> {
  const base = { cert, key, minVersion: 'TLSv1.2' }
  return clientCa === undefined ? base : { ...base, ca: clientCa, requestCert: true, rejectUnauthorized: true }
}

// Never rejects: whatever goes wrong is an answer, and a client that is gone needs none.
async function answer(
  options: HttpServerOptions,
  closing: AbortSignal,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.on('close', () => gone.abort(new Error('The client went away')))
  const url = new URL(`http://localhost${incoming.url?.startsWith('/') === true ? incoming.url : '/'}`)
  try {
    const signal = AbortSignal.any([gone.signal, closing])
    write(outgoing, await handle(options, incoming, { url, signal }), closing.aborted)
  } catch (error) {
    options.onFault?.(error, url.pathname)
    write(outgoing, { status: 500, body: 'internal error\n' }, closing.aborted)
  }
}

interface Asked {
  readonly url: URL
  readonly signal: AbortSignal
}

async function handle(options: HttpServerOptions, incoming: IncomingMessage, asked: Asked): Promise<HttpAnswer> {
  const { method = 'GET', headers } = incoming
  const samePath = options.routes.filter((route) => route.path === asked.url.pathname)
  if (samePath.length === 0) return { status: 404, body: 'not found\n' }
  const route = samePath.find((one) => one.method === (method === 'HEAD' ? 'GET' : method))
  if (route === undefined) return { status: 405, headers: { allow: samePath.map((one) => one.method).join(', ') } }
  const body = await readRequest(incoming, options.maxBodyBytes ?? 1024 * 1024)
  if (body === undefined) return { status: 413, headers: { connection: 'close' } }
  const peerUris = peerUrisOf(incoming)
  return route.handle({
    method,
    path: asked.url.pathname,
    query: asked.url.searchParams,
    headers,
    body,
    peerUris,
    signal: asked.signal,
  })
}

async function readRequest(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  const stream: AsyncIterable<Buffer> = incoming
  for await (const chunk of stream) {
    size += chunk.length
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function peerUrisOf(incoming: IncomingMessage): readonly string[] {
  const { socket } = incoming
  if (!(socket instanceof TLSSocket) || !socket.authorized) return []
  return urisOfCertificate(socket.getPeerX509Certificate()?.subjectAltName)
}

function write(outgoing: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer, isLast: boolean): void {
  if (outgoing.destroyed || outgoing.headersSent) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  outgoing.writeHead(status, { ...headers, 'content-length': length, ...(isLast ? { connection: 'close' } : {}) })
  outgoing.end(body)
}
