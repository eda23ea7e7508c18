import type { Database } from '@bulkhead/database'
import type { Http } from '@bulkhead/identity'
import type { KubeClient } from '@bulkhead/runtime'

/** One call to somebody, by the process's own clock. */
export interface Timed {
  readonly what: string
  readonly atMs: number
  readonly tookMs: number
}

async function timed<T>(calls: Timed[], what: () => string, work: Promise<T>): Promise<T> {
  const atMs = performance.now()
  try {
    return await work
  } finally {
    calls.push({ what: what(), atMs, tookMs: performance.now() - atMs })
  }
}

/** The same client, whose calls are written down as they end. */
export function timeKubernetes(client: KubeClient, calls: Timed[]): KubeClient {
  const note = <T>(what: string, work: Promise<T>) => timed(calls, () => `kubernetes ${what}`, work)
  return {
    ...client,
    find: (ref, options) => note(`find ${ref.kind.kind} ${ref.name}`, client.find(ref, options)),
    get: (ref, options) => note(`get ${ref.kind.kind} ${ref.name}`, client.get(ref, options)),
    listAll: (kind, options) => note(`list ${kind.kind}`, client.listAll(kind, options)),
    list: (kind, options) => note(`list ${kind.kind}`, client.list(kind, options)),
    create: (kind, object, options) =>
      note(`create ${kind.kind} ${object.metadata.name}`, client.create(kind, object, options)),
    apply: (kind, object, options) =>
      note(`apply ${kind.kind} ${object.metadata.name}`, client.apply(kind, object, options)),
    applyStatus: (kind, object, options) =>
      note(`status ${kind.kind} ${object.metadata.name}`, client.applyStatus(kind, object, options)),
    patch: (ref, patch, options) => note(`patch ${ref.kind.kind} ${ref.name}`, client.patch(ref, patch, options)),
    delete: (ref, options) => note(`delete ${ref.kind.kind} ${ref.name}`, client.delete(ref, options)),
  }
}

/** The same, with the two words that its metric has too. */
export function timeHttp(http: Http, calls: Timed[]): Http {
  return (call) => timed(calls, () => `keycloak ${call.doing.split(' ').slice(0, 2).join(' ')}`, http(call))
}

/** The same, with how many statements there were between begin and commit. */
export function timeDatabase(database: Database, calls: Timed[]): Database {
  const counting: (kind: 'read' | 'transaction') => Database['read'] = (kind) => (call, signal, work) => {
    let statements = 0
    const count = {
      transformQuery: ({ node }: Parameters<Plugin['transformQuery']>[0]) => {
        statements += 1
        return node
      },
      transformResult: ({ result }: Parameters<Plugin['transformResult']>[0]) => Promise.resolve(result),
    }
    const done = database[kind](call, signal, (tx) => work(tx.withPlugin(count)))
    return timed(calls, () => `postgres ${call} (${statements} statements)`, done)
  }
  return {
    ...database,
    read: counting('read'),
    transaction: counting('transaction'),
    refusesPassword: (login, signal) =>
      timed(calls, () => 'postgres check password', database.refusesPassword(login, signal)),
  }
}

type Plugin = Parameters<Parameters<Parameters<Database['read']>[2]>[0]['withPlugin']>[0]
