// A network that misbehaves when told to: it stands between a client and a server on loopback and passes bytes on. TLS
// goes through unread, so a fault is one of TCP there; in front of a plain server garbage reaches HTTP itself.
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createLane } from './fault-lane.ts'
import type { Lane } from './fault-lane.ts'

/** Which bytes a fault is about. */
export type Direction = 'toServer' | 'toClient'

export type Fault =
  | { readonly kind: 'pass' }
  /** Every connection ends with a FIN, and so does a new one at once. */
  | { readonly kind: 'cut' }
  /** Likewise with a RST. */
  | { readonly kind: 'reset' }
  /** Connections are accepted and held; what is sent waits until the fault is over. */
  | { readonly kind: 'stall' }
  /** The peer of every open connection has vanished without a word and never comes back; new connections are fine. */
  | { readonly kind: 'half-open' }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** These bytes come before whatever is sent. */
  | { readonly kind: 'garbage'; readonly bytes: string }
  /** So many bytes more, then a FIN. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }

export interface FaultProxy {
  readonly port: number
  /** The server's URL, through the proxy. */
  readonly url: string
  /** From now on, for open and for new connections; without a direction for both. One way only: stall the other one. */
  set(fault: Fault, direction?: Direction): void
  /** How many connections were made so far. */
  readonly accepted: number
  readonly open: number
  /** A copy of a kubeconfig that goes through the proxy. */
  kubeconfig(path: string): Promise<string>
  stop(): Promise<void>
}

/** Starts a proxy in front of the server of this URL. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new Proxy(new URL(target))
  await proxy.start()
  return proxy
}

interface Pair {
  readonly client: Socket
  readonly server: Socket | undefined
  readonly lanes: Readonly<Record<Direction, Lane>> | undefined
}

class Proxy implements FaultProxy {
  readonly #target: URL
  readonly #server: Server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  readonly #pairs = new Set<Pair>()
  readonly #faults: Record<Direction, Fault> = { toServer: { kind: 'pass' }, toClient: { kind: 'pass' } }
  port = 0
  accepted = 0

  constructor(target: URL) {
    this.#target = target
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
  }

  get url(): string {
    return `${this.#target.protocol}//127.0.0.1:${this.port}`
  }

  get open(): number {
    return this.#pairs.size
  }

  set(fault: Fault, direction?: Direction): void {
    const directions: readonly Direction[] = direction === undefined ? ['toServer', 'toClient'] : [direction]
    for (const one of directions) {
      // What is half open are the connections of this moment, and no later ones.
      this.#faults[one] = fault.kind === 'half-open' ? { kind: 'pass' } : fault
      for (const { lanes } of this.#pairs) lanes?.[one].set(fault)
    }
    if (this.#isBroken()) for (const pair of this.#pairs) this.#break(pair)
  }

  async kubeconfig(path: string): Promise<string> {
    const text = await readFile(path, 'utf8')
    const copy = `${path}.${this.port}`
    await writeFile(copy, text.replaceAll(/https?:\/\/127\.0\.0\.1:\d+/g, this.url), { mode: 0o600 })
    return copy
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server?.destroy()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #isBroken(): boolean {
    return Object.values(this.#faults).some(({ kind }) => kind === 'cut' || kind === 'reset')
  }

  #break({ client, server }: Pair): void {
    const isReset = Object.values(this.#faults).some(({ kind }) => kind === 'reset')
    for (const socket of [client, server]) {
      if (isReset) socket?.resetAndDestroy()
      else socket?.end(() => socket.destroySoon())
    }
  }

  #accept(client: Socket): void {
    this.accepted += 1
    client.on('error', () => undefined)
    if (this.#isBroken()) {
      this.#break({ client, server: undefined, lanes: undefined })
      return
    }
    const server = connect({ host: this.#target.hostname, port: Number(this.#target.port), allowHalfOpen: true })
    const lanes = {
      toServer: createLane(client, server, this.#faults.toServer),
      toClient: createLane(server, client, this.#faults.toClient),
    }
    const pair = { client, server, lanes }
    this.#pairs.add(pair)
    client.once('close', () => {
      this.#pairs.delete(pair)
      server.destroy()
    })
  }
}
