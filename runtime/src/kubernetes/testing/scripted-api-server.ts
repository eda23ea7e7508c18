// An API server that does as a test tells it: it keeps objects and their history, serves lists and watches from them,
// and misbehaves once for every fault that was scripted.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ScriptedObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly spec: unknown
}

export interface ScriptedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly object: ScriptedObject
}

export interface SeenRequest {
  readonly verb: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Script = (response: ServerResponse, request: SeenRequest) => void

export class ScriptedApiServer {
  readonly requests: SeenRequest[] = []
  /** Each is used up by one request, before anything else is tried. */
  readonly listScript: Script[] = []
  readonly watchScript: Script[] = []
  readonly otherScript: Script[] = []
  /** While set, every request is answered by it. */
  always: Script | undefined
  /** Events for which this is false are never sent: the client cannot know of them. */
  isSent: (event: ScriptedEvent) => boolean = () => true
  kubeconfigPath = ''
  readonly #objects = new Map<string, ScriptedObject>()
  readonly #history: ScriptedEvent[] = []
  readonly #watches = new Set<ServerResponse>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #folder = ''
  #version = 100
  #compactedTo = 0
  #uids = 0

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    this.#folder = await mkdtemp(join(tmpdir(), 'bulkhead-scripted-'))
    this.kubeconfigPath = join(this.#folder, 'kubeconfig')
    await writeFile(this.kubeconfigPath, kubeconfigOf(`http://127.0.0.1:${port}`))
    return this
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Creates or changes an object and tells the watches. */
  put(name: string, spec: unknown): void {
    const before = this.#objects.get(name)
    const version = ++this.#version
    const uid = before?.metadata.uid ?? `uid-${++this.#uids}`
    const object = { metadata: { name, uid, resourceVersion: String(version) }, spec }
    this.#objects.set(name, object)
    this.#record({ type: before === undefined ? 'ADDED' : 'MODIFIED', version, object })
  }

  delete(name: string): void {
    const before = this.#objects.get(name)
    if (before === undefined) return
    const version = ++this.#version
    this.#objects.delete(name)
    const metadata = { ...before.metadata, resourceVersion: String(version) }
    this.#record({ type: 'DELETED', version, object: { ...before, metadata } })
  }

  /** Forgets the history: a watch from before now is answered 410. */
  compact(): void {
    this.#compactedTo = this.#version
  }

  bookmark(): void {
    this.write({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } })
  }

  /** Writes a line into every open watch. */
  write(line: unknown): void {
    for (const watch of this.#watches) watch.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
  }

  /** Ends every open watch: politely (FIN) or by a reset. */
  endWatches(how: 'fin' | 'reset'): void {
    for (const watch of this.#watches) {
      if (how === 'fin') watch.end()
      else watch.socket?.resetAndDestroy()
    }
    this.#watches.clear()
  }

  get openWatches(): number {
    return this.#watches.size
  }

  get state(): ReadonlyMap<string, unknown> {
    return new Map([...this.#objects].map(([name, object]) => [name, object.spec]))
  }

  get version(): number {
    return this.#version
  }

  count(verb: string): number {
    return this.requests.filter((request) => request.verb === verb).length
  }

  #record(event: ScriptedEvent): void {
    this.#history.push(event)
    if (this.isSent(event)) this.write({ type: event.type, object: event.object })
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const verb = verbOf(incoming.method ?? '', url)
    let body = ''
    const stream: AsyncIterable<Buffer> = incoming
    for await (const chunk of stream) body += chunk.toString('utf8')
    const seen = { verb, path: url.pathname, query: url.searchParams, headers: incoming.headers, body }
    this.requests.push(seen)
    const script = this.always ?? this.#scriptOf(verb).shift() ?? asUsual
    isPassedOn.delete(response)
    script(response, seen)
    if (isPassedOn.has(response)) this.#serve(response, seen)
  }

  #serve(response: ServerResponse, seen: SeenRequest): void {
    const { verb } = seen
    if (verb === 'list') this.#list(response, seen)
    else if (verb === 'watch') this.#watch(response, seen)
    else status(404, 'NotFound')(response, seen)
  }

  #scriptOf(verb: string): Script[] {
    if (verb === 'list') return this.listScript
    return verb === 'watch' ? this.watchScript : this.otherScript
  }

  #list(response: ServerResponse, { query }: SeenRequest): void {
    const start = Number(query.get('continue') ?? 0)
    const all = [...this.#objects.values()]
    const end = Math.min(all.length, start + Number(query.get('limit') ?? all.length))
    const metadata = { resourceVersion: String(this.#version), continue: end < all.length ? String(end) : '' }
    response.end(JSON.stringify({ metadata, items: all.slice(start, end) }))
  }

  #watch(response: ServerResponse, { query }: SeenRequest): void {
    const from = Number(query.get('resourceVersion'))
    if (from < this.#compactedTo) {
      status(410, 'Expired')(response)
      return
    }
    response.on('close', () => this.#watches.delete(response))
    this.#watches.add(response)
    response.flushHeaders()
    for (const event of this.#history) {
      if (event.version > from && this.isSent(event)) {
        response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`)
      }
    }
  }
}

const isPassedOn = new WeakSet<ServerResponse>()

/** Answers from the objects, as if nothing had been scripted. */
export const asUsual: Script = (response) => void isPassedOn.add(response)

/** Answers with a metav1.Status. */
export function status(code: number, reason: string, headers: Readonly<Record<string, string>> = {}) {
  return (response: ServerResponse, _request?: SeenRequest): void => {
    response.writeHead(code, headers)
    response.end(JSON.stringify({ kind: 'Status', code, reason, message: `scripted ${reason}` }))
  }
}

/** Answers 200 with this text as it is. */
export function text(body: string): Script {
  return (response) => void response.end(body)
}

/** Takes the request and never says a word. */
export const silence: Script = () => undefined

/** Closes the connection by a reset. */
export const reset: Script = (response) => response.socket?.resetAndDestroy()

function verbOf(method: string, url: URL): string {
  if (method !== 'GET') return method.toLowerCase()
  if (url.searchParams.get('watch') === 'true') return 'watch'
  return url.pathname.endsWith('/things') ? 'list' : 'get'
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'scripted', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'tester', user: { token: 'scripted-token' } }],
    contexts: [{ name: 'scripted', context: { cluster: 'scripted', user: 'tester' } }],
    'current-context': 'scripted',
  })
}
