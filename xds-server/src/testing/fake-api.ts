// The API server in memory, as far as the control plane sees it: lists, watches, status writes and events. For tests of
// what we do with it; what it really does is proven by the contract test.
import type {
  ApplyOptions,
  KubeBody,
  KubeClient,
  KubeKind,
  KubeObject,
  KubeRef,
  WatchEvent,
  WatchOptions,
} from '@bulkhead/runtime'
import { keyOf } from '@bulkhead/runtime'

interface Recorded {
  readonly version: number
  readonly event: WatchEvent
}

interface StatusWrite {
  readonly kind: string
  readonly name: string
  readonly status: Readonly<Record<string, unknown>>
}

interface Conditioned {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

type Json = Readonly<Record<string, unknown>>

/** Has a life: objects come and go, and whoever watches is told. */
export class FakeApi implements Pick<KubeClient, 'find' | 'list' | 'watch' | 'applyStatus' | 'create'> {
  readonly writes: StatusWrite[] = []
  readonly events: KubeBody[] = []
  /** What was read by name, as `kind namespace/name`. */
  readonly reads = new Set<string>()
  /** What reads by name are answered with while it is there. */
  readFault: Error | undefined
  readonly #objects = new Map<string, Map<string, KubeObject>>()
  readonly #history = new Map<string, Recorded[]>()
  /** What an apply leaves out goes when an apply of before brought it: condition types by object. */
  readonly #applied = new Map<string, readonly string[]>()
  #version = 0
  #wake = Promise.withResolvers<undefined>()
  readonly #held = new Set<string>()

  /** Lists of this kind do not answer until `release`. */
  hold(plural: string): void {
    this.#held.add(plural)
  }

  release(plural: string): void {
    this.#held.delete(plural)
    this.#notify()
  }

  /** Creates or replaces an object; the generation moves with the spec. */
  put(kind: KubeKind, object: Json & { readonly metadata: KubeObject['metadata'] }): void {
    const key = keyOf(object.metadata)
    const old = this.#of(kind).get(key)
    const isSameSpec = old !== undefined && JSON.stringify(old['spec']) === JSON.stringify(object['spec'])
    const generation = old === undefined ? 1 : (old.metadata.generation ?? 1) + (isSameSpec ? 0 : 1)
    const status = object['status'] ?? old?.['status']
    this.#store(kind, old === undefined ? 'ADDED' : 'MODIFIED', {
      ...object,
      status,
      metadata: { ...object.metadata, generation },
    })
  }

  remove(kind: KubeKind, name: string, namespace?: string): void {
    const object = this.#of(kind).get(keyOf({ name, namespace }))
    if (object !== undefined) this.#store(kind, 'DELETED', object)
  }

  get(kind: KubeKind, name: string, namespace?: string): KubeObject | undefined {
    return this.#of(kind).get(keyOf({ name, namespace }))
  }

  /** A condition as `Status/Reason`. */
  condition(kind: KubeKind, object: { readonly name: string; readonly namespace?: string }, type: string): string {
    const found = this.conditions(kind, object).find((condition) => condition.type === type)
    return found === undefined ? '' : `${found.status}/${found.reason}`
  }

  conditions(
    kind: KubeKind,
    { name, namespace }: { readonly name: string; readonly namespace?: string },
  ): readonly Conditioned[] {
    return conditionsOf(this.get(kind, name, namespace)?.['status'])
  }

  find({ kind, name, namespace }: KubeRef): Promise<KubeObject | undefined> {
    this.reads.add(`${kind.kind} ${keyOf({ name, namespace })}`)
    const { readFault } = this
    return readFault === undefined ? Promise.resolve(this.get(kind, name, namespace)) : Promise.reject(readFault)
  }

  async list(kind: KubeKind) {
    while (this.#held.has(kind.plural)) await this.#wake.promise
    return { items: [...this.#of(kind).values()], resourceVersion: String(this.#version) }
  }

  async *watch(kind: KubeKind, { resourceVersion, signal }: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    const history = this.#historyOf(kind)
    let next = history.filter(({ version }) => version <= Number(resourceVersion)).length
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    while (!signal.aborted) {
      const wake = this.#wake.promise
      const news = history.slice(next)
      next += news.length
      for (const { event } of news) yield event
      if (news.length === 0) await Promise.race([wake, aborted])
    }
  }

  applyStatus(kind: KubeKind, { metadata, ...body }: KubeBody, _options: ApplyOptions): Promise<KubeObject> {
    const old = this.#of(kind).get(keyOf(metadata))
    if (old === undefined) return Promise.reject(new Error(`No ${kind.kind} "${metadata.name}"`))
    const status: Json = { ...asObject(body['status']) }
    this.writes.push({ kind: kind.kind, name: metadata.name, status })
    const written = conditionsOf(status)
    const key = `${kind.kind} ${keyOf(metadata)}`
    const types = written.map(({ type }) => type)
    const gone = new Set([...(this.#applied.get(key) ?? []), ...types])
    const kept = conditionsOf(old['status']).filter(({ type }) => !gone.has(type))
    this.#applied.set(key, types)
    const merged = { ...asObject(old['status']), ...status, conditions: [...kept, ...written] }
    return Promise.resolve(this.#store(kind, 'MODIFIED', { ...old, status: merged }))
  }

  create(_kind: KubeKind, object: KubeBody): Promise<KubeObject> {
    this.events.push(object)
    return Promise.resolve({ ...object, metadata: object.metadata })
  }

  #store(kind: KubeKind, type: string, object: Json & { readonly metadata: KubeObject['metadata'] }): KubeObject {
    this.#version += 1
    const stored: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    if (type === 'DELETED') this.#of(kind).delete(keyOf(object.metadata))
    else this.#of(kind).set(keyOf(object.metadata), stored)
    this.#historyOf(kind).push({ version: this.#version, event: { type, object: stored } })
    this.#notify()
    return stored
  }

  #notify(): void {
    this.#wake.resolve(undefined)
    this.#wake = Promise.withResolvers<undefined>()
  }

  #historyOf({ plural }: KubeKind): Recorded[] {
    const known = this.#history.get(plural) ?? []
    this.#history.set(plural, known)
    return known
  }

  #of(kind: KubeKind): Map<string, KubeObject> {
    const known = this.#objects.get(kind.plural) ?? new Map<string, KubeObject>()
    this.#objects.set(kind.plural, known)
    return known
  }
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function conditionsOf(status: unknown): readonly Conditioned[] {
  const { conditions } = asObject(status)
  if (!Array.isArray(conditions)) return []
  return conditions.map((condition: unknown) => {
    const { type, status: value, reason, message, ...rest } = asObject(condition)
    return { ...rest, type: text(type), status: text(value), reason: text(reason), message: text(message) }
  })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
