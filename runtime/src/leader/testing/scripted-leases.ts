// Leases as the API server keeps them, and for each client what goes wrong between it and the server.
import type { Clock } from '../../clock.ts'
import { KubeFault, TransportFault } from '../../kubernetes/fault.ts'
import type { CallOptions, KubeClient } from '../../kubernetes/kube-client.ts'
import type { KubeObject } from '../../kubernetes/kind.ts'

export type LeaseClient = Pick<KubeClient, 'find' | 'create' | 'replace'>

/** What a client meets: an answer, a refused connection, silence, or a write that arrives and is never answered. */
export type Weather = 'fine' | 'away' | 'silent' | 'answer-lost'

export interface ScriptedClient extends LeaseClient {
  weather: Weather
  writes: number
}

export class ScriptedLeases {
  readonly #clock: Clock
  #lease: KubeObject | undefined
  #version = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get lease(): KubeObject | undefined {
    return this.#lease
  }

  get spec(): Readonly<Record<string, unknown>> {
    return { ...(this.#lease?.['spec'] as object | undefined) }
  }

  /** Somebody else writes into the lease: nobody asks with which version. */
  edit(change: (lease: KubeObject) => KubeObject): void {
    if (this.#lease !== undefined) this.#store(change(this.#lease))
  }

  delete(): void {
    this.#lease = undefined
  }

  client(): ScriptedClient {
    const made: ScriptedClient = {
      weather: 'fine',
      writes: 0,
      find: (_ref, options) => this.#meet(made, options, () => this.#lease),
      create: (_kind, object, options) => {
        made.writes += 1
        return this.#meet(made, options, () => this.#create(object))
      },
      replace: (_kind, object, options) => {
        made.writes += 1
        return this.#meet(made, options, () => this.#replace(object))
      },
    }
    return made
  }

  async #meet<T>({ weather }: ScriptedClient, options: CallOptions | undefined, serve: () => T): Promise<T> {
    await Promise.resolve()
    if (weather === 'away') throw new TransportFault('connection', 'scripted: no connection')
    if (weather === 'fine') return serve()
    if (weather === 'answer-lost') serve()
    await this.#clock.sleep(options?.timeoutMs ?? 30_000, options?.signal)
    throw new TransportFault('timeout', 'scripted: no answer')
  }

  #create(object: KubeObject): KubeObject {
    if (this.#lease !== undefined) throw refusal(409, 'AlreadyExists')
    return this.#store(object)
  }

  #replace(object: KubeObject): KubeObject {
    if (this.#lease === undefined) throw refusal(404, 'NotFound')
    if (object.metadata.resourceVersion !== this.#lease.metadata.resourceVersion) throw refusal(409, 'Conflict')
    return this.#store(object)
  }

  #store(object: KubeObject): KubeObject {
    this.#version += 1
    this.#lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    return this.#lease
  }
}

function refusal(status: number, reason: string): KubeFault {
  return new KubeFault('use the lease', { status, reason, detail: 'scripted' })
}
