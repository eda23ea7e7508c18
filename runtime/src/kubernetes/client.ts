// The Kubernetes API over plain HTTPS: one request per call, everything bounded (time, bytes), nothing retried except a
// read whose kept-alive connection turned out to be closed. Retrying is the queue's and the list and watch's job.
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { createConnector } from './access.ts'
import type { KubeAccess } from './kubeconfig.ts'
import { answerOf, listPageOf, watchEventOf } from './answers.ts'
import { callForJson, callForObject, open } from './call.ts'
import type { KubeClientLimits, Wiring } from './call.ts'
import { KubeFault, TransportFault, isNotFound } from './fault.ts'
import { apiVersionOf, collectionPath, objectPath } from './kind.ts'
import type { KubeKind, KubeObject, KubeRef } from './kind.ts'
import type {
  ApplyOptions,
  CallOptions,
  KubeBody,
  KubeClient,
  KubeListPage,
  KubePatch,
  ListOptions,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts'
import { parseJson, readLines, subject } from './transport.ts'
import type { WireRequest } from './transport.ts'

export type KubeClientOptions = KubeAccess & {
  readonly logger: Logger
  readonly clock: Clock
  readonly limits?: Partial<KubeClientLimits> | undefined
  /** Asked right before every request that is not a read; what it throws is thrown instead of sending. */
  readonly beforeWrite?: ((doing: string) => void) | undefined
}

const defaultLimits: KubeClientLimits = {
  timeoutMs: 30_000,
  maxResponseBytes: 64 * 1024 * 1024,
  maxWatchLineBytes: 4 * 1024 * 1024,
}

/** Makes a client from a kubeconfig file or from the pod's own account; throws when neither can be read. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const connector = createConnector(options, options.clock)
  const wiring = {
    connector,
    clock: options.clock,
    logger: options.logger,
    limits: { ...defaultLimits, ...options.limits },
    beforeWrite: options.beforeWrite,
  }
  const get = (ref: KubeRef, call?: CallOptions): Promise<KubeObject> =>
    callForObject(wiring, { method: 'GET', path: objectPath(ref), options: call })
  const list = (kind: KubeKind, call: ListOptions = {}): Promise<KubeListPage> => listPage(wiring, kind, call)
  return {
    get,
    find: (ref, call) => get(ref, call).catch(undefinedWhenMissing),
    list,
    listAll: (kind, call = {}) => listAllPages(list, kind, call),
    watch: (kind, call) => watch(wiring, kind, call),
    ...writers(wiring),
    close: () => connector.close(),
  }
}

function writers(
  wiring: Wiring,
): Pick<KubeClient, 'create' | 'apply' | 'applyStatus' | 'patch' | 'replace' | 'delete'> {
  return {
    create: (kind, object, options = {}) =>
      callForObject(wiring, {
        method: 'POST',
        path: withQuery(collectionPath(kind, object.metadata.namespace), writeQuery(options)),
        ...jsonBody(complete(kind, object)),
        options,
      }),
    apply: (kind, object, options) => apply(wiring, { kind, object, options }),
    applyStatus: (kind, object, options) => apply(wiring, { kind, object, options, subresource: 'status' }),
    patch: (ref, patch, options = {}) =>
      callForObject(wiring, {
        method: 'PATCH',
        path: withQuery(objectPath(ref, options.subresource), writeQuery(options)),
        contentType: patchType(patch),
        body: JSON.stringify(patch.body),
        options,
      }),
    replace: (kind, object, options = {}) =>
      callForObject(wiring, {
        method: 'PUT',
        path: withQuery(objectPath({ kind, ...named(object) }, options.subresource), writeQuery(options)),
        ...jsonBody(complete(kind, object)),
        options,
      }),
    delete: async (ref, options = {}) => {
      const { preconditions, propagationPolicy } = options
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy }
      await callForJson(wiring, { method: 'DELETE', path: objectPath(ref), ...jsonBody(body), options })
    },
  }
}

interface ApplyCall {
  readonly kind: KubeKind
  readonly object: KubeBody
  readonly options: ApplyOptions
  readonly subresource?: string
}

function apply(wiring: Wiring, { kind, object, options, subresource }: ApplyCall): Promise<KubeObject> {
  const query = { ...writeQuery(options), force: options.force ? 'true' : 'false' }
  return callForObject(wiring, {
    method: 'PATCH',
    path: withQuery(objectPath({ kind, ...named(object) }, subresource), query),
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify(complete(kind, object)),
    options,
  })
}

async function listPage(wiring: Wiring, kind: KubeKind, options: ListOptions): Promise<KubeListPage> {
  const { namespace, labelSelector, fieldSelector, resourceVersion } = options
  const limit = options.limit === undefined ? undefined : String(options.limit)
  const query = { labelSelector, fieldSelector, resourceVersion, limit, continue: options.continue }
  const path = withQuery(collectionPath(kind, namespace), query)
  const page = listPageOf(await callForJson(wiring, { method: 'GET', path, options }))
  if (page === undefined) {
    throw new TransportFault('malformed', `Cannot list ${kind.plural}: the answer is not a list with a resourceVersion`)
  }
  return page
}

async function listAllPages(list: KubeClient['list'], kind: KubeKind, options: ListOptions): Promise<KubeListPage> {
  const items: unknown[] = []
  let page = await list(kind, { limit: 500, ...options })
  for (;;) {
    for (const item of page.items) items.push(item)
    if (page.continue === undefined) return { items, resourceVersion: page.resourceVersion }
    page = await list(kind, { limit: 500, ...options, continue: page.continue })
  }
}

async function* watch(
  wiring: Wiring,
  kind: KubeKind,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, signal } = options
  const timeoutSeconds = String(options.timeoutSeconds)
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
  }
  const wire: WireRequest = { method: 'GET', path: withQuery(collectionPath(kind, namespace), query), signal }
  const response = await open(wiring, wire)
  for await (const line of readLines(response, wire, wiring.limits.maxWatchLineBytes)) {
    const event = watchEventOf(parseJson(line, wire))
    if (event === undefined) throw new TransportFault('malformed', `${subject(wire)}: a line is not a watch event`)
    // An ERROR event is an answer in the wrong place: the stream is of no more use after it.
    if (event.type === 'ERROR') throw new KubeFault(`watch ${kind.plural}`, answerOf(event.object, 200))
    yield event
  }
}

function undefinedWhenMissing(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}

function complete(kind: KubeKind, object: KubeBody): KubeObject {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: object.metadata }
}

function named(object: KubeBody): { readonly name: string; readonly namespace?: string | undefined } {
  return { name: object.metadata.name, namespace: object.metadata.namespace }
}

function jsonBody(value: unknown): { readonly contentType: string; readonly body: string } {
  return { contentType: 'application/json', body: JSON.stringify(value) }
}

function patchType(patch: KubePatch): string {
  return patch.type === 'merge' ? 'application/merge-patch+json' : 'application/json-patch+json'
}

// Strict: a field that the server does not know is a mistake of ours, and dropping it silently would hide it.
function writeQuery(options: Pick<PatchOptions, 'fieldManager'>): Readonly<Record<string, string | undefined>> {
  return { fieldManager: options.fieldManager, fieldValidation: 'Strict' }
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value)
  return search.size === 0 ? path : `${path}?${search.toString()}`
}
