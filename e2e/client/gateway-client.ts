// client: how scenarios and the demo speak to the gateway, as a consumer would, and as an attacker would.
import { connect as connectTls } from 'node:tls'
import { request as requestHttps, Agent } from 'node:https'

/** What a request got back. */
export interface GatewayAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A request as a consumer makes it. */
export interface GatewayRequest {
  readonly host: string
  readonly path: string
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
  /** The TLS server name; by itself that of host. */
  readonly serverName?: string
}

/** Where the gateway's edge listens, and the authority that signed its certificate. */
export interface Edge {
  readonly port: number
  readonly authority: string
}

/** A client with a connection pool of its own. */
export interface GatewayClient {
  send(request: GatewayRequest): Promise<GatewayAnswer>
  close(): void
}

const requestTimeoutMs = 20_000

/** A client of the gateway over HTTP/1.1 and TLS. */
export function createGatewayClient(
  edge: Edge,
  options: { keepAlive?: boolean; maxSockets?: number } = {},
): GatewayClient {
  const agent = new Agent({ keepAlive: options.keepAlive ?? true, maxSockets: options.maxSockets ?? 32 })
  const send = (wanted: GatewayRequest): Promise<GatewayAnswer> =>
    new Promise((resolve, reject) => {
      const outgoing = requestHttps(
        {
          agent,
          host: '127.0.0.1',
          port: edge.port,
          servername: wanted.serverName ?? wanted.host.replace(/:\d*$/, '').toLowerCase(),
          ca: edge.authority,
          method: wanted.method ?? 'GET',
          path: wanted.path,
          timeout: requestTimeoutMs,
          headers: {
            host: wanted.host,
            ...(wanted.token === undefined ? {} : { authorization: `Bearer ${wanted.token}` }),
            ...wanted.headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          )
        },
      )
      outgoing.on('timeout', () =>
        outgoing.destroy(new Error(`No answer from the gateway within ${requestTimeoutMs} ms`)),
      )
      outgoing.on('error', reject)
      outgoing.end(wanted.body)
    })
  return { send, close: () => agent.destroy() }
}

/** Sends bytes as they are over TLS and returns what came back until the peer closed; throws when it never does. */
export function sendRaw(edge: Edge, serverName: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: edge.port, servername: serverName, ca: edge.authority })
    let received = ''
    socket.setTimeout(requestTimeoutMs, () =>
      socket.destroy(new Error(`The gateway kept the connection open for ${requestTimeoutMs} ms: "${received}"`)),
    )
    socket.on('secureConnect', () => socket.write(Buffer.from(text, 'latin1')))
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => resolve(received))
  })
}
