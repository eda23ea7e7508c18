import { TYPE_URLS } from '@bulkhead/envoy'
import { describe, expect, test } from 'vitest'
import { sent, world } from './testing/flat-view.ts'

const { cluster, endpoints } = TYPE_URLS

describe('answers', () => {
  test('rule 12: an acknowledgement without a change is answered by nothing', () => {
    const client = world('a').connect()
    client.ask(cluster)
    client.ack(client.receive()[0]!)
    expect(client.receive()).toEqual([])
    expect(client.stream.ackedVersion(cluster, 'a')).toBe(client.has(cluster).get('a'))
  })

  test('rule 13: a refusal is the presence of an error, whatever else the request says', () => {
    const client = world('a').connect()
    client.ask(cluster)
    client.nack(client.receive()[0]!, '')
    expect(client.stream.rejection(cluster, 'a')).toMatchObject({ message: '' })
  })

  test('rule 14: what was refused is not sent again before it changes', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.nack(client.receive()[0]!)
    client.stream.changedAll()
    client.wait(60_000)
    expect(client.receive()).toEqual([])
  })

  test('rule 15: a change after a refusal is sent at once, and its acceptance clears the error', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.nack(client.receive()[0]!)
    view.put(cluster, 'a', 'mended')
    expect(sent(client.drain())).toEqual(['a'])
    expect(client.stream.rejection(cluster, 'a')).toBeUndefined()
  })

  test('rule 16: nothing is sent when nothing changed for the client', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    view.put(cluster, 'a', 'first a')
    view.put(endpoints, 'e', 'not asked for')
    expect(client.receive()).toEqual([])
  })

  test('rule 17: two requests that wait together lead to one response', () => {
    const client = world('a', 'b').connect()
    client.ask(endpoints, { subscribe: ['a'] })
    client.ask(endpoints, { subscribe: ['a', 'b'] })
    expect(client.receive()).toHaveLength(1)
  })

  test('rule 18: a response names nothing twice', () => {
    const client = world('a').connect()
    client.ask(cluster, { subscribe: ['*', 'a', 'a'] })
    expect(sent(client.receive())).toEqual(['a'])
  })

  test('rule 38: a request without a nonce is no answer and clears no error', () => {
    const client = world('a').connect()
    client.ask(cluster)
    client.nack(client.receive()[0]!)
    client.ask(cluster, { subscribe: ['b'] })
    expect(client.stream.rejection(cluster, 'a')?.message).toBe('refused')
  })

  test('F-09 a late answer to a version that was replaced says nothing about the new one', () => {
    const view = world('a')
    const client = view.connect()
    client.ask(cluster)
    const [first] = client.receive()
    client.wait(5000)
    view.put(cluster, 'a', 'second')
    const [second] = client.receive()
    client.ack(first!)
    expect(client.stream.ackedVersion(cluster, 'a')).toBeUndefined()
    client.ack(second!)
    expect(client.stream.ackedVersion(cluster, 'a')).toBe(second!.resources[0]!.version)
  })

  test('what a client may have taken of a refused response is set right', () => {
    const view = world('a', 'b')
    const client = view.connect()
    client.ask(cluster)
    client.drain()
    view.put(cluster, 'a', 'bad')
    view.put(cluster, 'b', 'good')
    client.nack(client.receive()[0]!)
    view.put(cluster, 'a', 'first a')
    view.put(cluster, 'b', 'first b')
    expect(sent(client.receive())).toEqual(['a', 'b'])
  })
})
