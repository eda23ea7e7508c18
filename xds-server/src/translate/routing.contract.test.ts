import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'
import { acmeToken, tenants } from './testing/world.ts'

let rig: Rig
const atAcme = (path: string, headers: Readonly<Record<string, string>> = { authorization: acmeToken() }) =>
  rig.call({ host: 'acme.gw.test', path, headers })
const send = (method: string, path: string) =>
  rig.call({ host: 'acme.gw.test', path, method, headers: { authorization: acmeToken() } })

describe('a real Envoy with the translated routes', () => {
  beforeAll(async () => {
    rig = await startRig(tenants)
  })
  afterAll(async () => {
    await rig.stop()
  })

  test('refuses no resource', async () => {
    expect((await atAcme('/orders')).status).toBe(200)
    expect(rig.refusals).toEqual([])
  })

  test.each([
    ['/orders', '/orders'],
    ['/orders?a=/../b', '/orders?a=/../b'],
    ['/orders/7', '/orders/7'],
    ['/orders/special', '/orders/special'],
    ['/orders/7%20x?q=1', '/orders/7%20x?q=1'],
    ['/a/1/c/2/e/3/g/4/i/5/k/6', '/a/1/c/2/e/3/g/4/i/5/k/6'],
    ['/base/slash/1/', '/slash/1/'],
    ['/base/item.s/1/x?q=%41', '/item.s/1/x?q=%41'],
    ['/api', '/api'],
    ['/api/', '/api/'],
    ['/api/x/y', '/api/x/y'],
    ['/base/api', '/api'],
    ['/base/api/x?q=1', '/api/x?q=1'],
    ['/all', '/'],
    ['/all?q=1', '/?q=1'],
    ['/all/', '/'],
    ['/all/x/', '/x/'],
    ['/one', '/'],
    ['/one/', '/'],
    ['/one/two', '/two'],
    ["/o.d-_~!$&'()+,;=:@/1", "/o.d-_~!$&'()+,;=:@/1"],
    ['/api/./x/../y', '/api/y'],
    ['//api///x', '/api/x'],
  ])('%s reaches the backend as %s', async (path, expected) => {
    const answer = await atAcme(path)
    expect([answer.status, rig.seen.at(-1)?.url]).toEqual([200, expected])
  })

  test.each([
    '/apiadmin',
    '/base/apiadmin',
    '/allx',
    '/orders/7/8',
    '/orders/',
    '/base/itemXs/1/x',
    '/base/item.s/1/xy',
    '/base/slash/1',
    '/oXd-_~!$&/1',
    '/Orders',
    '/one/three',
    '/nothing',
  ])('S-076 S-124 %s is not the registered path and gets 404', async (path) => {
    const before = rig.seen.length
    expect([(await atAcme(path)).status, rig.seen.length]).toEqual([404, before])
  })

  test('S-077 a broken tool answers 500 on its own path, and asks for a token first', async () => {
    expect((await atAcme('/down')).status).toBe(500)
    expect((await atAcme('/down', {})).status).toBe(401)
  })

  test('a method that a path does not have gets 405 and the methods that it has', async () => {
    const answer = await send('DELETE', '/orders')
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST'])
  })

  test('two tools share a path by their methods, whatever each calls its parameters', async () => {
    const answers = await Promise.all(['GET', 'DELETE', 'PUT'].map((method) => send(method, '/pets/7')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 405])
    expect(answers[2]?.headers.allow).toBe('DELETE, GET')
  })
})
