// Stands in for policy: it says yes to everything and remembers what it was asked.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { encode } from '@bulkhead/envoy'
import type { JsonObject } from '@bulkhead/envoy'

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

const path = '/envoy.service.auth.v3.Authorization/Check'
const asIs = (value: Buffer): Buffer => value
const method = {
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const

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
  server.addService(
    { [path]: method },
    {
      [path]: (call: { readonly request: Buffer }, done: (error: null, answer: Buffer) => void) => {
        checks.push(readCheck(call.request))
        done(null, yes)
      },
    },
  )
  return { port: await listen(server), checks, stop: () => server.forceShutdown() }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}
