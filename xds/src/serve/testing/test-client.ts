// A gRPC client for tests of the server: one stream, its responses one after the other, and how it ended.
import { Client, credentials, status } from '@grpc/grpc-js'
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { decode, encode } from '@bulkhead/envoy'
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@bulkhead/envoy'
import type { Pair } from './throwaway-authority.ts'

const REQUEST = 'envoy.service.discovery.v3.DeltaDiscoveryRequest'
const RESPONSE = 'envoy.service.discovery.v3.DeltaDiscoveryResponse'
const WORLD_REQUEST = 'envoy.service.discovery.v3.DiscoveryRequest'
const WORLD_RESPONSE = 'envoy.service.discovery.v3.DiscoveryResponse'

/** The aggregated delta method. */
export const DELTA = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'

function asIs(bytes: Buffer): Buffer {
  return bytes
}

/** A request as it stands on the wire: a flag, its length, and its bytes. */
export function framed(request: DeltaDiscoveryRequest): Buffer {
  const bytes = encode(REQUEST, request)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** How messages of a stream are written and read. */
interface Codec<Request, Response> {
  readonly encode: (request: Request) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Response
}

const DELTA_CODEC: Codec<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  encode: (request) => encode(REQUEST, request),
  decode: (bytes) => decode(RESPONSE, bytes),
}
const WORLD_CODEC: Codec<DiscoveryRequest, DiscoveryResponse> = {
  encode: (request) => encode(WORLD_REQUEST, request),
  decode: (bytes) => decode(WORLD_RESPONSE, bytes),
}

/** A stream that keeps what it receives until it is asked for. */
export class TestStream<Request = DeltaDiscoveryRequest, Response = DeltaDiscoveryResponse> {
  readonly ended: Promise<StatusObject>
  readonly raw: Buffer[] = []
  readonly #call: ClientDuplexStream<Buffer, Buffer>
  readonly #codec: Codec<Request, Response>
  readonly #responses: Response[] = []
  readonly #waiting: ((response: Response) => void)[] = []

  constructor(call: ClientDuplexStream<Buffer, Buffer>, codec: Codec<Request, Response>) {
    this.#call = call
    this.#codec = codec
    call.on('data', (bytes: Buffer) => {
      this.raw.push(bytes)
      const response = codec.decode(bytes)
      const next = this.#waiting.shift()
      if (next === undefined) this.#responses.push(response)
      else next(response)
    })
    call.on('error', () => undefined)
    this.ended = new Promise((resolve) => call.on('status', resolve))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes))
  }

  send(request: Request): void {
    this.sendBytes(this.#codec.encode(request))
  }

  /** The next response, now or when it comes. */
  next(): Promise<Response> {
    const response = this.#responses.shift()
    return response === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(response)
  }

  half(): void {
    this.#call.end()
  }

  cancel(): void {
    this.#call.cancel()
  }
}

/** What a client with a certificate, or without one, shows the server. */
export function secureWith(root: string, pair?: Pair): ChannelCredentials {
  const [key, cert] = pair === undefined ? [null, null] : [Buffer.from(pair.key), Buffer.from(pair.cert)]
  return credentials.createSsl(Buffer.from(root), key, cert)
}

/** A client of one server. */
export class TestClient {
  readonly #client: Client

  constructor(port: number, secured: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(`localhost:${port}`, secured, {
      'grpc.max_receive_message_length': -1,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  stream(path: string = DELTA): TestStream {
    return new TestStream(this.#client.makeBidiStreamRequest(path, asIs, asIs), DELTA_CODEC)
  }

  /** A stream of the state of the world. */
  world(path: string): TestStream<DiscoveryRequest, DiscoveryResponse> {
    return new TestStream(this.#client.makeBidiStreamRequest(path, asIs, asIs), WORLD_CODEC)
  }

  /** What the server says of its health, each time that it changes. */
  watchHealth(): { next(): Promise<string> } {
    const call = this.#client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', asIs, asIs, Buffer.alloc(0))
    call.on('error', () => undefined)
    const answers = call[Symbol.asyncIterator]()
    // HealthCheckResponse has one field, an enum.
    const words = ['UNKNOWN', 'SERVING', 'NOT_SERVING']
    return {
      next: async () => {
        const { value } = (await answers.next()) as { readonly value?: Buffer }
        return words[value?.[1] ?? 0] ?? 'ended'
      },
    }
  }

  /** The status of a unary call, and its bytes. */
  unary(
    path: string,
    request = Buffer.alloc(0),
  ): Promise<{ readonly code: status; readonly bytes: Buffer | undefined }> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, asIs, asIs, request, (fault, bytes) => {
        resolve({ code: fault?.code ?? status.OK, bytes })
      })
    })
  }

  close(): void {
    this.#client.close()
  }
}
