import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyOf, decode, decodeAny, encode, makeResource, toJson, TYPE_URLS } from './index.ts'
import type { Cluster, RouteConfiguration } from './index.ts'

const CLUSTER = 'envoy.config.cluster.v3.Cluster'
const ROUTES = 'envoy.config.route.v3.RouteConfiguration'
const STRUCT = 'google.protobuf.Struct'

const cluster: Cluster = {
  name: 'one',
  type: 'EDS',
  connectTimeout: '0.25s',
  perConnectionBufferLimitBytes: 32768,
  edsClusterConfig: { serviceName: 'one', edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
  metadata: { filterMetadata: { 'io.bulkhead': { list: [1, 'two', null, { three: true }] } } },
  typedExtensionProtocolOptions: {
    protocol: anyOf('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', {
      explicitHttpConfig: { httpProtocolOptions: {} },
    }),
  },
}

describe('messages', () => {
  test('what is encoded comes back the same', () => {
    expect(decode(CLUSTER, encode(CLUSTER, cluster))).toEqual(cluster)
  })

  test('every Any is opened in the JSON form', () => {
    expect(toJson(CLUSTER, encode(CLUSTER, cluster))).toMatchObject({
      typedExtensionProtocolOptions: {
        protocol: { '@type': expect.stringMatching(/HttpProtocolOptions$/) as string, explicitHttpConfig: {} },
      },
    })
  })

  test('an Any of another type is not opened as the wanted one', () => {
    const any = anyOf(STRUCT, { a: 1 })
    expect(decodeAny(STRUCT, any)).toEqual({ a: 1 })
    expect(() => decodeAny(CLUSTER, any)).toThrow('Cannot decode "type.googleapis.com/google.protobuf.Struct"')
  })

  test('maps filled in any order give the same bytes', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([key]) => key, maxLength: 20 })
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (pairs, order) => {
        const shuffled = pairs
          .map((pair) => ({ pair, at: order.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ pair }) => pair)
        const bytes = (each: readonly (readonly [string, string])[]): Uint8Array =>
          encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', { initialResourceVersions: new Map(each) })
        expect(bytes(shuffled)).toEqual(bytes(pairs))
      }),
    )
  })

  test('the bytes are those of the wire format, fields in the order of their numbers', () => {
    const bytes = encode('google.rpc.Status', { message: 'no', code: 3 })
    expect(Buffer.from(bytes).toString('hex')).toBe('0803' + '12026e6f')
    const timed = encode(CLUSTER, { connectTimeout: '300.5s' })
    expect(Buffer.from(timed).toString('hex')).toBe('2209' + '08ac02' + '1080cab5ee01')
  })

  test('a duration keeps its nanoseconds and its sign', () => {
    for (const connectTimeout of ['0s', '15s', '0.000000001s', '-1.5s', '-0.25s'] as const)
      expect(decode(CLUSTER, encode(CLUSTER, { connectTimeout }))).toEqual({ connectTimeout })
  })
})

describe('mistakes', () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ['a misspelled field', { naem: 'x' }, 'Cannot encode "RouteConfiguration.naem"'],
    [
      'a misspelled field deep inside',
      { virtualHosts: [{}, { routes: [{ match: { prefx: '/' } }] }] },
      '"RouteConfiguration.virtualHosts[1].routes[0].match.prefx": RouteMatch has no such field',
    ],
    ['a number for a text', { name: 1 }, '"RouteConfiguration.name": expected string, got 1'],
    ['an unknown enum value', { virtualHosts: [{ requireTls: 'SOME' }] }, 'requireTls": expected a value of'],
    ['a number out of range', { maxDirectResponseBodySizeBytes: -1 }, 'expected uint32, got -1'],
    ['a fraction', { maxDirectResponseBodySizeBytes: 1.5 }, 'expected uint32, got 1.5'],
    ['a single value for a list', { virtualHosts: {} }, 'virtualHosts": expected a list'],
    ['a duration without a unit', { virtualHosts: [{ routes: [{ route: { timeout: '5' } }] }] }, 'a duration like'],
    ['null for a message', { vhds: null }, 'vhds": expected Vhds'],
    ['text that is not Unicode', { name: '\ud800' }, 'expected well-formed text'],
    [
      'two members of one choice',
      { virtualHosts: [{ routes: [{ match: { prefix: '/', path: '/a' } }] }] },
      'only one of prefix, path may be set',
    ],
  ]
  test.each(wrong)('%s is refused, saying where', (_title, message, words) => {
    expect(() => encode(ROUTES, message as RouteConfiguration)).toThrow(words)
  })
})

describe('hostile values', () => {
  test('S-197 64-bit numbers keep every digit', () => {
    const range = 'envoy.type.v3.Int64Range'
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
    fc.assert(
      fc.property(int64, (end) => {
        expect(decode(range, encode(range, { end })).end ?? '0').toBe(end)
      }),
    )
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    fc.assert(
      fc.property(uint64, (tableSize) => {
        const message = { maglevLbConfig: { tableSize } }
        expect(decode(CLUSTER, encode(CLUSTER, message))).toEqual(message)
      }),
    )
    expect(() => encode(range, { end: '9223372036854775808' })).toThrow('expected int64')
    expect(() => encode(range, { end: 5 as unknown as string })).toThrow('a decimal string')
  })

  test('S-196 `__proto__` and its like are ordinary map keys', () => {
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const labels = new Map(keys.map((key) => [key, `value of ${key}`]))
    const bytes = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', { initialResourceVersions: labels })
    const back = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes).initialResourceVersions ?? {}
    expect(Object.entries(back).sort()).toEqual([...labels].sort())
    const json = Object.fromEntries([['__proto__', { polluted: true }]])
    const struct = decode(STRUCT, encode(STRUCT, json))
    expect(Object.keys(struct)).toEqual(['__proto__'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('S-196 `__proto__` and its like are not field names', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect(() => encode(CLUSTER, Object.fromEntries([[name, 'x']]))).toThrow('has no such field')
  })
})

describe('resources', () => {
  test('rule 83: a pre-framed chunk is byte-equal to what the codec writes', () => {
    const named = fc.tuple(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 400 }))
    fc.assert(
      fc.property(named, ([name, bytes]) => {
        const resource = makeResource(TYPE_URLS.cluster, name, bytes)
        const any = { typeUrl: TYPE_URLS.cluster, value: bytes }
        const delta = { resources: [{ name, version: resource.version, resource: any }] }
        expect(Buffer.from(resource.deltaChunk)).toEqual(
          encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', delta),
        )
        const sotw = encode('envoy.service.discovery.v3.DiscoveryResponse', { resources: [any] })
        expect(Buffer.from(resource.sotwChunk)).toEqual(sotw)
      }),
    )
  })

  test('rule 47: the version is a function of the content alone', () => {
    const first = makeResource(TYPE_URLS.cluster, 'a', encode(CLUSTER, cluster))
    expect(makeResource(TYPE_URLS.cluster, 'b', encode(CLUSTER, { ...cluster })).version).toBe(first.version)
    expect(makeResource(TYPE_URLS.cluster, 'a', encode(CLUSTER, { name: 'other' })).version).not.toBe(first.version)
  })
})
