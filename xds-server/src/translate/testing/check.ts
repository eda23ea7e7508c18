// Reads the few fields of Envoy's CheckRequest that the tests look at.
import protobuf from 'protobufjs'
import type { Check } from './policy-server.ts'

const source = `syntax = "proto3";
message Check { Attributes attributes = 1; }
message Attributes { Request request = 4; map<string, string> context_extensions = 10; }
message Request { Http http = 2; }
message Http { string path = 4; string host = 5; HeaderMap header_map = 13; }
message HeaderMap { repeated Header headers = 1; }
message Header { string key = 1; string value = 2; bytes raw_value = 3; }`

const type = protobuf.parse(source).root.lookupType('Check')

interface Read {
  readonly attributes: {
    readonly contextExtensions: Readonly<Record<string, string>>
    readonly request: {
      readonly http: {
        readonly path: string
        readonly host: string
        readonly headerMap?: { readonly headers: readonly { readonly key: string; readonly rawValue: Uint8Array }[] }
      }
    }
  }
}

export function readCheck(data: Buffer): Check {
  const { attributes } = type.toObject(type.decode(data), { defaults: true }) as Read
  const { http } = attributes.request
  const headers = (http.headerMap?.headers ?? [])
    .map(({ key, rawValue }) => `${key}: ${Buffer.from(rawValue).toString()}`)
    .join('\n')
  return { path: http.path, host: http.host, context: attributes.contextExtensions, headers }
}
