// CSDS over gRPC: one answer to each request, on a stream or alone.
import { status } from '@grpc/grpc-js'
import type { handleUnaryCall } from '@grpc/grpc-js'
import { readStatusRequest, writeStatusResponse } from './client-status.ts'
import type { Call, Ending } from './discovery-call.ts'
import type { Caller } from './member.ts'
import type { Streams } from './streams.ts'

/** The methods of the service. */
export function statusMethods(streams: Streams) {
  const fetch: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    const answered = answerOf(streams, call, call.request)
    if ('code' in answered) answer(answered)
    else answer(null, answered)
  }
  const stream = (call: Call): void => {
    call.on('error', () => undefined)
    call.on('end', () => call.end())
    call.on('data', (bytes: Buffer) => {
      const answered = answerOf(streams, call, bytes)
      if ('code' in answered) call.emit('error', answered)
      else call.write(answered)
    })
  }
  return { FetchClientStatus: fetch, StreamClientStatus: stream }
}

function answerOf(streams: Streams, call: Caller, bytes: Buffer): Buffer | Ending {
  try {
    const found = streams.statuses(call, readStatusRequest(bytes))
    return 'code' in found ? found : writeStatusResponse(found)
  } catch (error) {
    return { code: status.INVALID_ARGUMENT, details: error instanceof Error ? error.message : String(error) }
  }
}
