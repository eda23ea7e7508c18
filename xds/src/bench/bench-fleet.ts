// The server's process and the streams on it, as the measurements use them.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from '@grpc/grpc-js'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { TYPE_URLS } from '@bulkhead/envoy'
import { secureWith } from '../serve/testing/test-client.ts'
import { ThrowawayAuthority } from '../serve/testing/throwaway-authority.ts'
import { BenchStream } from './bench-stream.ts'
import type { Held } from './bench-stream.ts'
import type { Answered, Asked } from './messages.ts'

const { cluster, endpoints, routeConfiguration, scopedRoute } = TYPE_URLS
const LOADED = [cluster, endpoints, routeConfiguration, scopedRoute]

/** A server with some groups, and streams that come and go. */
export class BenchFleet {
  readonly groups: number
  readonly #child: ChildProcess
  readonly #authority: ThrowawayAuthority
  readonly #secured: ChannelCredentials
  #port = 0
  #clients: Client[] = []
  #streams: BenchStream[] = []
  #onResources: (typeUrl: string) => void = () => undefined

  private constructor(groups: number, authority: ThrowawayAuthority, secured: ChannelCredentials) {
    this.groups = groups
    this.#authority = authority
    this.#secured = secured
    this.#child = fork(join(import.meta.dirname, 'server-process.ts'))
  }

  static async start(groups: number, streams: number): Promise<BenchFleet> {
    const authority = await ThrowawayAuthority.create()
    const pair = await authority.issue({ uris: ['spiffe://bulkhead/fleet/shared/envoy'] })
    const fleet = new BenchFleet(groups, authority, secureWith(authority.root, pair))
    const certificates = authority.write('server', await authority.issue({ dns: ['localhost'] }))
    // Twice, because after a storm the old may not all have been noticed to be gone when the new come.
    const started = await fleet.ask({ kind: 'start', certificates, groups, streams: streams * 2 }, 'started')
    fleet.#port = started.port
    return fleet
  }

  get streams(): readonly BenchStream[] {
    return this.#streams
  }

  async ask<Kind extends Answered['kind']>(asked: Asked, kind: Kind): Promise<Extract<Answered, { kind: Kind }>> {
    const answer = once(this.#child, 'message')
    this.#child.send(asked)
    const [answered] = (await answer) as [Answered]
    if (answered.kind !== kind) throw new Error(`Cannot go on: the server answered "${answered.kind}", not "${kind}"`)
    return answered as Extract<Answered, { kind: Kind }>
  }

  /** Connects streams, each on a connection of its own; resolves when every one has everything. */
  async connect(count: number, { record, initial }: { record?: Held; initial?: Held } = {}): Promise<void> {
    this.#clients = Array.from({ length: count }, () => this.#client())
    this.#streams = this.#clients.map(
      (client, index) =>
        new BenchStream({
          ...{ client, nodeId: `envoy-${index}`, groups: this.groups, initial },
          record: index === 0 ? record : undefined,
          onResources: (typeUrl) => this.#onResources(typeUrl),
        }),
    )
    if (initial === undefined) await this.until(() => this.#streams.every((stream) => this.#isLoaded(stream)))
  }

  /** Ends every stream. */
  disconnect(): void {
    for (const stream of this.#streams) stream.cancel()
    for (const client of this.#clients) client.close()
  }

  /** Resolves when the condition holds after some response. */
  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onResources = () => {
        if (isDone()) resolve()
      }
      if (isDone()) resolve()
    })
  }

  /** Publishes a change of one group; gives the milliseconds until the last of these streams has it. */
  async edit(group: number, streams = this.#streams): Promise<number> {
    const before = streams.map((stream) => stream.counts.get(routeConfiguration) ?? 0)
    const hasIt = (stream: BenchStream, index: number): boolean =>
      (stream.counts.get(routeConfiguration) ?? 0) > (before[index] ?? 0)
    const arrived = this.until(() => streams.every(hasIt)).then(() => process.hrtime.bigint())
    const { atNs } = await this.ask({ kind: 'edit', group }, 'edited')
    return Number((await arrived) - BigInt(atNs)) / 1e6
  }

  stop(): void {
    this.disconnect()
    this.#child.disconnect()
    this.#authority.remove()
  }

  #isLoaded({ counts }: BenchStream): boolean {
    return LOADED.every((typeUrl) => (counts.get(typeUrl) ?? 0) >= this.groups)
  }

  #client(): Client {
    return new Client(`localhost:${this.#port}`, this.#secured, {
      'grpc.max_receive_message_length': -1,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    })
  }
}
