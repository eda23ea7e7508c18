import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOrganisation, publishStandard, type Organisation } from '../world/organisation.ts'
import { eventually } from '../world/eventually.ts'
import { openScenario, type Scenario } from './scenario.ts'

let scenario: Scenario
let acme: Organisation
let token: string

beforeAll(async () => {
  scenario = await openScenario()
  acme = await createOrganisation(scenario.name('acme'), scenario)
  await publishStandard(acme, { roles: ['reader'] })
  token = await acme.token()
})
afterAll(() => scenario.close(acme))

const status = async (method: string, path = '/orders') =>
  (await acme.send({ path, method, token, ...(method === 'POST' ? { body: '{"item":"nut","quantity":1}' } : {}) }))
    .status

test('without a policy the access level alone decides', async () => {
  expect([await status('GET'), await status('POST')]).toEqual([200, 201])
})

test('S-082 every OPA stopped: 503, and nothing is allowed', async () => {
  expect(await status('GET')).toBe(200)
  await Promise.all([scenario.platform.stop('opa-0'), scenario.platform.stop('opa-1')])
  try {
    acme.backend.forget()
    const answers = await Promise.all(Array.from({ length: 20 }, () => acme.send({ path: '/orders', token })))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([503]))
    expect((await acme.send({ path: '/open' })).status).toBe(503)
    expect(acme.backend.seen()).toEqual([])
  } finally {
    await Promise.all([scenario.platform.start('opa-0'), scenario.platform.start('opa-1')])
  }
  await eventually(async () => expect(await status('GET')).toBe(200))
})

test('what no rule of a policy allows is denied, and never upstream', async () => {
  await acme.apply(
    acme.objects.accessPolicy('read-only', { kind: 'ToolSet', name: 'api' }, [{ roles: ['reader'], methods: ['GET'] }]),
  )
  await acme.waitReady('accesspolicy/read-only')
  expect(await status('GET')).toBe(200)
  acme.backend.forget()
  expect(await status('POST')).toBe(403)
  expect(acme.backend.seen()).toEqual([])
})

test('a role that the caller lacks is not enough', async () => {
  await acme.apply(acme.objects.accessPolicy('read-only', { kind: 'ToolSet', name: 'api' }, [{ roles: ['writer'] }]))
  await eventually(async () => expect(await status('GET')).toBe(403))
  await acme.apply(
    acme.objects.accessPolicy('read-only', { kind: 'ToolSet', name: 'api' }, [{ roles: ['writer', 'reader'] }]),
  )
  await eventually(async () => expect(await status('GET')).toBe(200))
})

test('a policy on a tool and one on its tool set must both allow', async () => {
  await acme.apply(acme.objects.accessPolicy('tool-policy', { kind: 'Tool', name: 'orders' }, [{ methods: ['POST'] }]))
  await eventually(async () => expect([await status('GET'), await status('POST')]).toEqual([403, 201]))
  await scenario.kubectl.run(['delete', 'accesspolicy', 'tool-policy', 'read-only', '-n', acme.namespace])
  await eventually(async () => expect([await status('GET'), await status('POST')]).toEqual([200, 201]))
})

test('S-040 an unknown method is judged as it was written', async () => {
  await acme.apply(
    acme.objects.tool('orders', acme.backend.port, { http: { pathPrefix: '/orders', methods: ['GET'] } }),
  )
  await eventually(async () => expect(await status('POST')).toBe(405))
  for (const method of ['get', 'FOO']) {
    const raw = await scenario.raw(acme.host, [
      `${method} /orders HTTP/1.1`,
      `Host: ${acme.host}`,
      `Authorization: Bearer ${token}`,
      'Connection: close',
    ])
    expect(raw).toMatch(/^HTTP\/1\.1 (400|403|405)/)
  }
  await acme.apply(acme.objects.tool('orders', acme.backend.port))
  await eventually(async () => expect(await status('POST')).toBe(201))
})

test('a suspended subscription is refused within seconds, though its token lives on', async () => {
  expect(await status('GET')).toBe(200)
  await acme.apply(acme.objects.subscription('app', 'api', 'standard', { suspended: true }))
  await eventually(async () => expect(await status('GET')).toBe(403))
  await acme.apply(acme.objects.subscription('app', 'api', 'standard', { suspended: false }))
  await eventually(async () => expect(await status('GET')).toBe(200))
})
