// backend: the HTTP API behind the demo's and the scenarios' Tools. It keeps orders in memory, describes itself by
// OpenAPI, and remembers every request it saw: "never upstream" means that nothing is remembered here.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { openApi } from './open-api.ts'

const maxBodyBytes = 64 * 1024

/** A request as the backend saw it. Header names are lower case; a repeated header has several values. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
}

/** A running backend on loopback. */
export interface Backend {
  readonly name: string
  readonly port: number
  /** The header `x-canary` of every answer, so that an answer of this backend is known wherever it turns up. */
  readonly canary: string
  readonly seen: () => readonly SeenRequest[]
  readonly forget: () => void
  readonly stop: () => Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const newOrder = z.object({ item: z.string().min(1).max(100), quantity: z.int().min(1).max(1000) })
type Order = z.infer<typeof newOrder> & { readonly id: string }

function orderBook(): (method: string, path: string, body: string) => Answer | undefined {
  const orders = new Map<string, Order>([['1', { id: '1', item: 'bolt', quantity: 12 }]])
  const create = (body: string): Answer => {
    const order = newOrder.safeParse(parseJson(body))
    if (!order.success)
      return { status: 400, body: { error: `Cannot create the order: ${z.prettifyError(order.error)}` } }
    const created = { id: String(orders.size + 1), ...order.data }
    orders.set(created.id, created)
    return { status: 201, body: created }
  }
  return (method, path, body) => {
    if (path === '/orders') return method === 'POST' ? create(body) : { status: 200, body: [...orders.values()] }
    const id = /^\/orders\/([^/]+)$/.exec(path)?.[1]
    if (id === undefined) return undefined
    const order = orders.get(id)
    return order === undefined ? { status: 404, body: { error: `No order "${id}"` } } : { status: 200, body: order }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > maxBodyBytes) throw new Error(`Body is larger than ${maxBodyBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function headersOf(request: IncomingMessage): Readonly<Record<string, readonly string[]>> {
  const headers = Object.create(null) as Record<string, string[]>
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase()
    const value = request.rawHeaders[index + 1] ?? ''
    ;(headers[name] ??= []).push(value)
  }
  return headers
}

/** Starts a backend on loopback; port 0 takes a free one. */
export async function startBackend(options: { name: string; port?: number; keepRequests?: boolean }): Promise<Backend> {
  const { name, keepRequests = true } = options
  const canary = `canary-of-${name}`
  const seen: SeenRequest[] = []
  const answerOrder = orderBook()

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/'
    const record = { method: request.method ?? '', path, headers: headersOf(request), body: await readBody(request) }
    if (keepRequests) seen.push(record)
    const plainPath = path.split('?')[0] ?? path
    const { status, body } =
      plainPath === '/openapi.json'
        ? { status: 200, body: openApi(name) }
        : (answerOrder(record.method, plainPath, record.body) ?? { status: 200, body: { echo: record } })
    response.writeHead(status, { 'content-type': 'application/json', 'x-backend': name, 'x-canary': canary })
    response.end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(413).end(String(error))
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    name,
    canary,
    port: (server.address() as AddressInfo).port,
    seen: () => seen,
    forget: () => void seen.splice(0),
    stop: () => stop(server),
  }
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
