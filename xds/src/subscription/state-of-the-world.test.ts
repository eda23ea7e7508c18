import { TYPE_URLS } from '@bulkhead/envoy'
import type { TypeUrl } from '@bulkhead/envoy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DiscoveryResponse } from './index.ts'
import { FlatView, world } from './testing/flat-view.ts'

const { cluster, endpoints, listener, routeConfiguration } = TYPE_URLS

/** The names in each response. */
function held(responses: readonly DiscoveryResponse[]): readonly (readonly string[])[] {
  return responses.map(({ resources }) => resources.map(({ name }) => name).toSorted())
}

function endpointsOf(...names: readonly string[]): FlatView {
  const view = new FlatView()
  for (const name of names) view.put(endpoints, name, `first ${name}`)
  return view
}

describe('what is named', () => {
  test('rule 21: a request names all that is wanted, and what it leaves out is wanted no more', () => {
    const view = endpointsOf('a', 'b')
    const client = view.connectWorld()
    client.want(endpoints, ['a', 'b'])
    client.drain()
    client.want(endpoints, ['b'])
    view.put(endpoints, 'a', 'second')
    expect(client.drain()).toEqual([])
    view.put(endpoints, 'b', 'second')
    expect(held(client.drain())).toEqual([['b']])
  })

  test('rule 22: a client that never named anything has all', () => {
    const view = world('a')
    const client = view.connectWorld()
    client.want(cluster, [])
    expect(held(client.drain())).toEqual([['a']])
    view.put(cluster, 'b', 'new')
    expect(held(client.drain())).toEqual([['a', 'b']])
  })

  test('rule 23: no name, then all and one, then one, then no name: the last means nothing', () => {
    const view = world('a', 'b')
    const client = view.connectWorld()
    client.want(cluster, [])
    client.drain()
    client.want(cluster, ['*', 'a'])
    client.drain()
    view.put(cluster, 'b', 'second')
    expect(held(client.drain())).toEqual([['a', 'b']])
    client.want(cluster, ['a'])
    client.drain()
    view.put(cluster, 'b', 'third')
    expect(client.drain()).toEqual([])
    view.put(cluster, 'a', 'second')
    expect(held(client.drain())).toEqual([['a']])
    client.want(cluster, [])
    view.put(cluster, 'a', 'third')
    expect(client.drain()).toEqual([])
  })

  test('rule 26: a type without a wildcard is subscribed to nothing by no name and by `*`', () => {
    const view = endpointsOf('a')
    const client = view.connectWorld()
    for (const names of [[], ['*']]) {
      client.want(endpoints, names)
      expect(client.drain()).toEqual([])
    }
    client.want(endpoints, ['a'])
    expect(held(client.drain())).toEqual([['a']])
  })

  test('rule 27: a client that names clusters gets those, never all', () => {
    const client = world('a', 'b', 'c').connectWorld()
    client.want(cluster, ['c', 'a'])
    expect(held(client.drain())).toEqual([['a', 'c']])
  })

  test.each([
    ['a complete type', cluster, [['a']], [['a', 'z']]],
    ['any other type', endpoints, [['a']], [['z']]],
  ] as const)('rule 28: what does not exist yet is sent when it does: %s', (_title, typeUrl, first, then) => {
    const view = new FlatView()
    view.put(typeUrl, 'a', 'first')
    const client = view.connectWorld()
    client.want(typeUrl, ['a', 'z'])
    expect(held(client.drain())).toEqual(first)
    view.put(typeUrl, 'z', 'first')
    expect(held(client.drain())).toEqual(then)
  })

  test('rule 28: a client that waits for nothing but what does not exist is told so by a complete type', () => {
    const client = world('a').connectWorld()
    client.want(cluster, ['z'])
    client.want(endpoints, ['z'])
    expect(client.drain().map(({ typeUrl, resources }) => [typeUrl, resources])).toEqual([[cluster, []]])
  })

  test('rule 29, rule 30: a name that is added is sent, though it was sent before', () => {
    const client = endpointsOf('a', 'b').connectWorld()
    client.want(endpoints, ['a'])
    client.drain()
    client.want(endpoints, ['a', 'b'])
    expect(held(client.drain())).toEqual([['b']])
    client.want(endpoints, ['b'])
    client.want(endpoints, ['a', 'b'])
    expect(held(client.drain())).toEqual([['a']])
  })

  test('rule 39: an empty name is a name that nobody has', () => {
    const client = world('a').connectWorld()
    client.want(cluster, [''])
    expect(held(client.drain())).toEqual([[]])
  })
})

describe('answers', () => {
  test('rule 12, rule 16: an acceptance is not answered', () => {
    const client = world('a').connectWorld()
    client.want(cluster, [])
    const [first] = client.receive()
    client.ack(first!)
    expect(client.receive()).toEqual([])
  })

  test('rule 19, rule 84: what changes while a response is unanswered follows its answer, in one response', () => {
    const view = world('a', 'b')
    const client = view.connectWorld()
    client.want(cluster, ['a'])
    const [first] = client.receive()
    view.put(cluster, 'a', 'second')
    client.want(cluster, ['a', 'b'], { responseNonce: '' })
    view.put(cluster, 'a', 'third')
    expect(client.receive()).toEqual([])
    client.want(cluster, ['a', 'b'], { responseNonce: first!.nonce })
    expect(held(client.receive())).toEqual([['a', 'b']])
  })

  test('rule 84: a client that never answers gets nothing more', () => {
    const view = world('a')
    const client = view.connectWorld()
    client.want(cluster, [])
    client.receive()
    view.put(cluster, 'a', 'second')
    client.stream.tick(60_000)
    expect(client.receive()).toEqual([])
  })

  test('rule 37: a request with a stale nonce is ignored', () => {
    const view = endpointsOf('a', 'b')
    const client = view.connectWorld()
    client.want(endpoints, ['a'])
    const [first] = client.receive()
    client.ack(first!)
    view.put(endpoints, 'a', 'second')
    const [second] = client.receive()
    client.want(endpoints, ['a', 'b'], { responseNonce: first!.nonce })
    expect(client.receive()).toEqual([])
    client.ack(second!)
    expect(held(client.receive())).toEqual([['b']])
  })

  test('rule 9: the nonce of an earlier stream does not spoil the first request', () => {
    const client = world('a').connectWorld()
    client.want(cluster, [], { responseNonce: 'from before' })
    expect(held(client.drain())).toEqual([['a']])
  })

  test('rule 13: an old version without an error is an acceptance', () => {
    const client = world('a').connectWorld()
    client.want(cluster, [])
    const [first] = client.receive()
    client.ack(first!)
    expect(client.stream.rejection(cluster, 'a')).toBeUndefined()
    expect(client.stream.ackedVersion(cluster, 'a')).toBe(first!.resources[0]!.version)
  })

  test.each([['a complete type', cluster] as const, ['any other type', endpoints] as const])(
    'rule 14, rule 15: what was refused is not sent again until something changes, and then all of it: %s',
    (_title, typeUrl) => {
      const view = new FlatView()
      for (const name of ['a', 'b']) view.put(typeUrl, name, 'first')
      const client = view.connectWorld()
      client.want(typeUrl, ['a', 'b'])
      client.nack(client.receive()[0]!)
      expect(client.receive()).toEqual([])
      view.put(typeUrl, 'a', 'second')
      const [mended] = client.receive()
      expect(held([mended!])).toEqual([['a', 'b']])
      client.ack(mended!)
      expect(client.stream.rejection(typeUrl, 'a')).toBeUndefined()
      expect(client.receive()).toEqual([])
    },
  )
})

describe('content', () => {
  test('rule 40: a response of clusters holds all of them, and leaves out what is gone', () => {
    const view = world('a', 'b', 'c')
    const client = view.connectWorld()
    client.want(cluster, [])
    expect(held(client.drain())).toEqual([['a', 'b', 'c']])
    view.put(cluster, 'b', 'second')
    expect(held(client.drain())).toEqual([['a', 'b', 'c']])
    view.drop(cluster, 'a')
    expect(held(client.drain())).toEqual([['b', 'c']])
    view.drop(cluster, 'b')
    view.drop(cluster, 'c')
    expect(held(client.drain())).toEqual([[]])
  })

  test('rule 41: a response of any other type holds what changed, and nothing is said of what is gone', () => {
    const view = endpointsOf('a', 'b')
    const client = view.connectWorld()
    client.want(endpoints, ['a', 'b'])
    client.drain()
    view.put(endpoints, 'b', 'second')
    expect(held(client.drain())).toEqual([['b']])
    view.drop(endpoints, 'a')
    expect(client.drain()).toEqual([])
  })

  test('rule 42: a snapshot that is not complete yet says nothing', () => {
    const view = world()
    view.isOpen = false
    const client = view.connectWorld()
    client.want(cluster, [])
    expect(client.receive()).toEqual([])
    view.isOpen = true
    expect(held(client.receive())).toEqual([[]])
  })

  test('rule 10, rule 11: the version follows from what the client holds', () => {
    const view = world('a', 'b')
    const [client, other] = [view.connectWorld(), world('b', 'a').connectWorld()]
    for (const each of [client, other]) each.want(cluster, [])
    const [first] = client.drain()
    expect(other.drain()[0]!.version).toBe(first!.version)
    view.put(cluster, 'a', 'second')
    const [second] = client.drain()
    view.put(cluster, 'a', 'first a')
    const [third] = client.drain()
    expect(second!.version).not.toBe(first!.version)
    expect(third!.version).toBe(first!.version)
  })

  test('rule 56: endpoints follow a cluster that changed, and only that one', () => {
    const view = world('a', 'b')
    for (const name of ['a', 'b']) view.put(endpoints, name, 'first')
    const client = view.connectWorld()
    client.want(cluster, [])
    client.want(endpoints, ['a', 'b'])
    client.drain()
    view.put(cluster, 'a', 'second')
    const later = client.drain()
    expect(held(later)).toEqual([['a', 'b'], ['a']])
    expect(later.map(({ typeUrl }) => typeUrl)).toEqual([cluster, endpoints])
  })
})

type Move =
  | { readonly kind: 'put'; readonly typeUrl: TypeUrl; readonly name: string; readonly text: string }
  | { readonly kind: 'drop'; readonly typeUrl: TypeUrl; readonly name: string }
  | { readonly kind: 'want'; readonly typeUrl: TypeUrl; readonly names: readonly string[] }
  | { readonly kind: 'drain' }

const someType = fc.constantFrom(cluster, endpoints, listener, routeConfiguration)
const someName = fc.constantFrom('a', 'b', 'c', 'd')
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), typeUrl: someType, name: someName, text: fc.constantFrom('1', '2') }),
  fc.record({ kind: fc.constant('drop' as const), typeUrl: someType, name: someName }),
  fc.record({
    kind: fc.constant('want' as const),
    typeUrl: someType,
    names: fc.uniqueArray(fc.oneof(someName, fc.constant('*')), { minLength: 1, maxLength: 4 }),
  }),
  fc.constant({ kind: 'drain' } as const),
)

test('whatever happens, a client of changes and one of the state of the world end with the same', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const view = new FlatView()
      const [delta, sotw] = [view.connect(), view.connectWorld()]
      const wanted = new Map<TypeUrl, readonly string[]>()
      const drain = (): void => {
        delta.drain()
        sotw.drain()
      }
      for (const each of moves) {
        if (each.kind === 'put') view.put(each.typeUrl, each.name, each.text)
        else if (each.kind === 'drop') view.drop(each.typeUrl, each.name)
        else if (each.kind === 'drain') drain()
        else {
          const before = wanted.get(each.typeUrl) ?? []
          wanted.set(each.typeUrl, each.names)
          const subscribe = each.names.filter((name) => !before.includes(name))
          delta.ask(each.typeUrl, { subscribe, unsubscribe: before.filter((name) => !each.names.includes(name)) })
          sotw.want(each.typeUrl, each.names)
        }
      }
      drain()
      for (const [typeUrl, names] of wanted) {
        const isAll = names.includes('*') && (typeUrl === cluster || typeUrl === listener)
        const there = [...view.names(typeUrl)].filter((name) => isAll || names.includes(name)).toSorted()
        const has = (client: { has(type: TypeUrl): ReadonlyMap<string, string> }) =>
          [...client.has(typeUrl)].filter(([name]) => there.includes(name)).toSorted()
        expect(has(sotw)).toEqual(has(delta).filter(([name]) => isAll || names.includes(name)))
        expect(has(sotw).map(([name]) => name)).toEqual(there)
      }
    }),
    { numRuns: 300 },
  )
})
