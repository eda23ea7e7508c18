// Envoy's question to OPA, over the socket that Envoy uses: only the fields that our policy reads.
import { Client, credentials } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { z } from 'zod'

const { root } = protobuf.parse(`
  syntax = "proto3";
  message CheckRequest { Attributes attributes = 1; }
  message Attributes { Request request = 4; map<string, string> context_extensions = 10; Metadata metadata_context = 11; }
  message Request { Http http = 2; }
  message Http { string method = 2; string path = 4; }
  message Metadata { map<string, Struct> filter_metadata = 1; }
  message Struct { map<string, Value> fields = 1; }
  message Value { oneof kind { double number_value = 2; string string_value = 3; Struct struct_value = 5; } }
  message CheckResponse { Status status = 1; }
  message Status { int32 code = 1; }
`)
const [checkRequest, checkResponse] = [root.lookupType('CheckRequest'), root.lookupType('CheckResponse')]
const answerSchema = z.object({ status: z.object({ code: z.number() }) })

/** What one request is, as Envoy tells it. */
export interface Question {
  readonly contextExtensions: Readonly<Record<string, string>>
  /** The claims that Envoy verified. */
  readonly payload: Readonly<Record<string, string | number>>
}

/** Asks as Envoy does, one connection for all questions. */
export interface Checks {
  /** `allowed`, `denied`, or what went wrong. */
  ask(question: Question): Promise<string>
  close(): void
}

const value = (one: string | number): object => (typeof one === 'string' ? { stringValue: one } : { numberValue: one })

function encode({ contextExtensions, payload }: Question): Buffer {
  const claims = Object.entries(payload).map(([name, one]) => [name, value(one)])
  const fields = { payload: { structValue: { fields: Object.fromEntries(claims) as unknown } } }
  const attributes = {
    request: { http: { method: 'GET', path: '/' } },
    contextExtensions,
    metadataContext: { filterMetadata: { 'envoy.filters.http.jwt_authn': { fields } } },
  }
  return Buffer.from(checkRequest.encode(checkRequest.fromObject({ attributes })).finish())
}

/** Connects to the Unix socket of an OPA; each question may take `timeoutMs`. */
export function openChecks(socketPath: string, timeoutMs: number): Checks {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure())
  const ask = (question: Question): Promise<string> =>
    new Promise((resolve) => {
      client.makeUnaryRequest(
        '/envoy.service.auth.v3.Authorization/Check',
        encode,
        (bytes: Buffer) => answerSchema.parse(checkResponse.toObject(checkResponse.decode(bytes), { defaults: true })),
        question,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => resolve(error?.message ?? (answer?.status.code === 0 ? 'allowed' : 'denied')),
      )
    })
  return { ask, close: () => client.close() }
}
