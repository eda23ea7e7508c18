import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent, createServer, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions, ServerResponse } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { WireCall } from './effects.ts'
import { within } from './within.ts'

/** What becomes of a request. */
export type Verdict =
  /** It is done, once what it has to wait for is over. */
  | { readonly kind: 'pass'; readonly after?: Promise<void> }
  /** It never arrives, and the connection breaks. */
  | { readonly kind: 'refuse' }
  /** It is done, and the connection breaks before the answer. */
  | { readonly kind: 'lose' }
  /** Likewise, but it is done only when `until` resolves, and `done` is told. */
  | { readonly kind: 'late'; readonly until: Promise<void>; readonly done: () => void }
  /** It is done twice, and the second answer is given. */
  | { readonly kind: 'twice' }
  /** It is done, and the answer ends in the middle. */
  | { readonly kind: 'truncate' }
  /** It never arrives, and this is the answer. */
  | ({ readonly kind: 'answer' } & FakeAnswer)

export interface FakeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Rider {
  judge(call: WireCall): Verdict
}

/** Stands between operators and the API server, and between them and Keycloak: it sees every request, and may spoil it. */
export interface Wire {
  /** A way of its own for one process; `leave` closes it. */
  join(rider: Rider): Way
  stop(): Promise<void>
}

export interface Way {
  readonly name: string
  readonly kubernetesUrl: string
  readonly keycloakUrl: string
  /** Resolves when nothing of it is on its way any more; throws when something stays, and names it. */
  quiet(): Promise<void>
  leave(): void
}

interface Target {
  readonly url: URL
  readonly agent: HttpAgent
}

interface Joined {
  readonly rider: Rider
  /** What is on its way, and what it is. */
  readonly moving: Map<Promise<unknown>, string>
}

const kubeconfig = z.object({
  clusters: z.array(z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.string() }) })),
  users: z.array(
    z.object({ user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }) }),
  ),
})

/** Starts one that speaks to the API server as the user of this kubeconfig. */
export async function startWire(kubeconfigPath: string, keycloakUrl: string): Promise<Wire> {
  const targets: Readonly<Record<WireCall['peer'], Target>> = {
    kubernetes: await apiServer(kubeconfigPath),
    keycloak: { url: new URL(keycloakUrl), agent: new HttpAgent({ keepAlive: true }) },
  }
  const ways = new Map<string, Joined>()
  const server = createServer((incoming, response) => {
    serve(targets, ways, incoming, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let last = 0
  return {
    join: (rider) => {
      last += 1
      const name = String(last)
      const moving: Joined['moving'] = new Map()
      ways.set(name, { rider, moving })
      return {
        name,
        kubernetesUrl: `${url}/${name}/kubernetes`,
        keycloakUrl: `${url}/${name}/keycloak`,
        quiet: () => quiet(moving),
        leave: () => ways.delete(name),
      }
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      for (const { agent } of Object.values(targets)) agent.destroy()
    },
  }
}

// Longer than whoever asks waits for an answer.
const deliveryMs = 60_000
const quietMs = 90_000

async function quiet(moving: Joined['moving']): Promise<void> {
  while (moving.size > 0) {
    const what = [...moving.values()].join(', ')
    await within(quietMs, `What is on its way (${what})`, Promise.allSettled(moving.keys()))
  }
}

async function apiServer(path: string): Promise<Target> {
  const { clusters, users } = kubeconfig.parse(JSON.parse(await readFile(path, 'utf8')))
  const [[cluster], [user]] = [clusters, users]
  if (cluster === undefined || user === undefined) throw new Error(`Cannot use the kubeconfig "${path}": it is empty`)
  const pem = (text: string) => Buffer.from(text, 'base64')
  const agent = new HttpsAgent({
    ...{ keepAlive: true, ca: pem(cluster.cluster['certificate-authority-data']) },
    ...{ cert: pem(user.user['client-certificate-data']), key: pem(user.user['client-key-data']) },
  })
  return { url: new URL(cluster.cluster.server), agent }
}

async function serve(
  targets: Readonly<Record<WireCall['peer'], Target>>,
  ways: ReadonlyMap<string, Joined>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, name = '', peer = '', rest = ''] = /^\/(\d+)\/(\w+)(\/.*)$/.exec(incoming.url ?? '') ?? []
  const way = ways.get(name)
  const body = await readAll(incoming)
  if (way === undefined || (peer !== 'kubernetes' && peer !== 'keycloak')) {
    response.destroy()
    return
  }
  const call: WireCall = { peer, method: incoming.method ?? 'GET', path: rest, body: body.toString() }
  const delivery = carry(way.rider.judge(call), { call, headers: incoming.headers, target: targets[peer] }, response)
  way.moving.set(delivery, describe(call))
  await delivery.finally(() => way.moving.delete(delivery))
}

function describe({ peer, method, path }: WireCall): string {
  return `${peer} ${method} ${path.split('?', 1)[0] ?? ''}`
}

interface Cargo {
  readonly call: WireCall
  readonly headers: IncomingHttpHeaders
  readonly target: Target
}

async function carry(verdict: Verdict, cargo: Cargo, response: ServerResponse): Promise<void> {
  switch (verdict.kind) {
    case 'refuse':
      response.destroy()
      return
    case 'answer':
      response.writeHead(verdict.status, verdict.headers).end(verdict.body)
      return
    case 'lose':
      await deliver(cargo)
      response.destroy()
      return
    case 'late':
      response.destroy()
      await within(quietMs, `What holds back ${describe(cargo.call)}`, verdict.until).catch(() => undefined)
      await deliver(cargo).finally(() => verdict.done())
      return
    case 'twice':
      await deliver(cargo)
      reply(response, await deliver(cargo), false)
      return
    case 'truncate':
      reply(response, await deliver(cargo), true)
      return
    case 'pass':
      await within(quietMs, `What ${describe(cargo.call)} comes after`, verdict.after ?? Promise.resolve())
      reply(response, await deliver(cargo), false)
      return
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function reply(response: ServerResponse, { status, headers, body }: Answer, isTruncated: boolean): void {
  const { connection: _connection, 'transfer-encoding': _encoding, 'content-length': _length, ...kept } = headers
  // Half of it in well-formed HTTP: what is missing is seen by whoever reads the JSON.
  const text = isTruncated ? body.subarray(0, Math.floor(body.length / 2)) : body
  response.writeHead(status, { ...kept, 'content-length': text.length }).end(text)
}

function deliver({ call, headers, target: { url, agent } }: Cargo): Promise<Answer> {
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers
  const options: RequestOptions = {
    signal: AbortSignal.timeout(deliveryMs),
    ...{ protocol: url.protocol, hostname: url.hostname, port: url.port, path: call.path, method: call.method, agent },
    headers: { ...kept, 'content-length': Buffer.byteLength(call.body) },
  }
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = start(options, (answer) => {
      readAll(answer).then(
        (body) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body }),
        reject,
      )
    })
    outgoing.on('error', reject)
    outgoing.end(call.body)
  })
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
