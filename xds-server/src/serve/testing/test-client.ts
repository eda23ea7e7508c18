// A gRPC client for tests of the server: one stream, its responses one after the other, and how it ended.
import { Client, credentials, status } from '@grpc/grpc-js'
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import { decode, encode } from '@bulkhead/envoy'
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@bulkhead/envoy'
import type { Pair } from './throwaway-authority.ts'

const REQUEST = 'envoy.service.discovery.v3.DeltaDiscoveryRequest'
const RESPONSE = 'envoy.service.discovery.v3.DeltaDiscoveryResponse'

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

/** A stream that keeps what it receives until it is asked for. */
export class TestStream {
  readonly ended: Promise<StatusObject>
  readonly raw: Buffer[] = []
  readonly #call: ClientDuplexStream<Buffer, Buffer>
  readonly #responses: DeltaDiscoveryResponse[] = []
  readonly #waiting: ((response: DeltaDiscoveryResponse) => void)[] = []

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.#call = call
    call.on('data', (bytes: Buffer) => {
      this.raw.push(bytes)
      const response = decode(RESPONSE, bytes)
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

  send(request: DeltaDiscoveryRequest): void {
    this.sendBytes(encode(REQUEST, request))
  }

  /** The next response, now or when it comes. */
  next(): Promise<DeltaDiscoveryResponse> {
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

/** A client with a certificate, or without one. */
export class TestClient {
  readonly #client: Client

  constructor(port: number, root: string, pair?: Pair) {
    const [key, cert] = pair === undefined ? [null, null] : [Buffer.from(pair.key), Buffer.from(pair.cert)]
    this.#client = new Client(`localhost:${port}`, credentials.createSsl(Buffer.from(root), key, cert), {
      'grpc.max_receive_message_length': -1,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  stream(path: string = DELTA): TestStream {
    return new TestStream(this.#client.makeBidiStreamRequest(path, asIs, asIs))
  }

  /** The status of a unary call, and its bytes. */
  unary(path: string): Promise<{ readonly code: status; readonly bytes: Buffer | undefined }> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (fault, bytes) => {
        resolve({ code: fault?.code ?? status.OK, bytes })
      })
    })
  }

  close(): void {
    this.#client.close()
  }
}
