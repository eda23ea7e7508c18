// The least that can serve resources to an Envoy: it answers what is asked for and remembers what was refused.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import { decode, encode, TYPE_URLS } from '@bulkhead/envoy'
import type { DeltaDiscoveryRequest, EncodedResource, JsonObject } from '@bulkhead/envoy'

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
const stream = (path: string) =>
  ({
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  }) as const

const wildcards: readonly string[] = [TYPE_URLS.listener, TYPE_URLS.cluster, TYPE_URLS.scopedRoute]

function refusalIn({ errorDetail }: DeltaDiscoveryRequest): readonly string[] {
  return errorDetail === undefined ? [] : [errorDetail.message ?? '']
}

function wanted(resources: readonly EncodedResource[], typeUrl: string, names: readonly string[]) {
  const isWildcard = wildcards.includes(typeUrl)
  return resources.filter((each) => each.typeUrl === typeUrl && (isWildcard || names.includes(each.name)))
}

function answer(typeUrl: string, nonce: number, found: readonly EncodedResource[], removed: readonly string[]): Buffer {
  return Buffer.from(
    encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
      typeUrl,
      nonce: String(nonce),
      resources: found.map(({ name, version, bytes: value }) => ({ name, version, resource: { typeUrl, value } })),
      removedResources: removed,
    }),
  )
}

export interface ControlPlane {
  readonly port: number
  /** Envoy's words for what it refused. */
  readonly refusals: readonly string[]
  stop(): void
}

export async function startControlPlane(resources: () => readonly EncodedResource[]): Promise<ControlPlane> {
  const refusals: string[] = []
  const serve = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    let nonce = 0
    call.on('error', () => undefined)
    call.on('end', () => call.end())
    call.on('data', (data: Buffer) => {
      const request = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', data)
      refusals.push(...refusalIn(request))
      const names = request.resourceNamesSubscribe ?? []
      const typeUrl = request.typeUrl ?? ''
      const isFirst = (request.responseNonce ?? '') === ''
      if (!isFirst && names.length === 0) return
      const found = wanted(resources(), typeUrl, names)
      const removed = names.filter((name) => !found.some((each) => each.name === name))
      // One RouteConfiguration per response: in a shared one, a bad tenant takes the others' with it.
      const alone = typeUrl === TYPE_URLS.routeConfiguration ? found.map((each) => [each]) : [found]
      for (const [index, together] of alone.entries()) {
        nonce += 1
        call.write(answer(typeUrl, nonce, together, index === 0 ? removed : []))
      }
    })
  }
  const server = new Server()
  const paths = [
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    '/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets',
  ]
  server.addService(Object.fromEntries(paths.map((path) => [path, stream(path)])), {
    ...Object.fromEntries(paths.map((path) => [path, serve])),
  })
  return { port: await listen(server), refusals, stop: () => server.forceShutdown() }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}

export interface Check {
  readonly path: string
  readonly host: string
  readonly context: Readonly<Record<string, string>>
  readonly headers: string
}

export interface PolicyServer {
  readonly port: number
  readonly checks: Check[]
  stop(): void
}

// A CheckResponse without a status has the status 0, which is OK; its field 4 is the metadata.
function yesWith(metadata: JsonObject): Buffer {
  const bytes = encode('google.protobuf.Struct', metadata)
  return Buffer.concat([Buffer.from([0x22, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes])
}

/** Says yes to everything, with this metadata, and remembers what it was asked. */
export async function startPolicyServer(
  readCheck: (data: Buffer) => Check,
  metadata: JsonObject,
): Promise<PolicyServer> {
  const yes = yesWith(metadata)
  const checks: Check[] = []
  const server = new Server()
  const path = '/envoy.service.auth.v3.Authorization/Check'
  server.addService(
    { [path]: { ...stream(path), requestStream: false, responseStream: false } },
    {
      [path]: (call: { readonly request: Buffer }, done: (error: null, answer: Buffer) => void) => {
        checks.push(readCheck(call.request))
        done(null, yes)
      },
    },
  )
  return { port: await listen(server), checks, stop: () => server.forceShutdown() }
}
