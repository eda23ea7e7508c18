import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLimitService } from './testing/limit-service.ts'
import type { LimitService } from './testing/limit-service.ts'
import { startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'
import { acmeToken, globexToken, tenants } from './testing/world.ts'

let rig: Rig

const statusesOf = async (count: number, send: () => ReturnType<Rig['call']>): Promise<readonly number[]> =>
  (await Promise.all(Array.from({ length: count }, send))).map(({ status }) => status)
const atGlobex = () => rig.call({ host: 'globex.gw.test', path: '/orders', headers: { authorization: globexToken() } })

describe('a real Envoy of a fleet that carries ten requests a second', () => {
  beforeAll(async () => {
    rig = await startRig(tenants, { fleet: { capacityRequestsPerSecond: 10 } })
  })
  afterAll(async () => {
    await rig.stop()
  })

  // Each flood is three times what the fleet carries.
  test.each([
    ['a host that is nobody’s', { host: 'nobody.gw.test', serverName: 'acme.gw.test', path: '/' }, 404],
    ['no token', { host: 'acme.gw.test', path: '/orders' }, 401],
    ['a tenant that is suspended', { host: 'paused.gw.test', path: '/orders' }, 403],
    ['a connection for another tenant', { host: 'acme.gw.test', serverName: 'globex.gw.test', path: '/' }, 421],
  ])('a flood with %s takes nothing from other tenants', async (_what, what, status) => {
    expect(await statusesOf(30, () => rig.call(what))).toEqual(Array.from({ length: 30 }, () => status))
    expect((await atGlobex()).status).toBe(200)
  })

  test('what is beyond it gets 429 and hears when to come again', async () => {
    const send = () => rig.call({ host: 'acme.gw.test', path: '/orders', headers: { authorization: acmeToken() } })
    const answers = await Promise.all(Array.from({ length: 40 }, send))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(5)
    expect(new Set(refused.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']))
  })
})

describe.each([
  [0, 429],
  [5, 200],
])('the real rate limit service and a pool of %d', (pool, status) => {
  let service: LimitService
  beforeAll(async () => {
    service = await startLimitService()
    const metadata = { limits: { pool: { requests_per_unit: pool, unit: 'SECOND' } } }
    // In a fleet of three a bucket of less than three tokens would refuse everything.
    rig = await startRig(tenants, {
      envoys: 3,
      limitsPort: service.port,
      metadata,
      fleet: { rateLimitTimeoutMs: 2000 },
    })
  })
  afterAll(async () => {
    await rig.stop()
    await service.stop()
  })

  test(`answers ${status} to a tenant that is guaranteed nothing`, async () => {
    const answer = await rig.call({ host: 'poor.gw.test', path: '/open' })
    expect(answer.status).toBe(status)
    // A service that is away refuses too, but cannot say until when.
    expect('retry-after' in answer.headers).toBe(status === 429)
  })

  test('lets a tenant pass within its guarantee', async () => {
    expect((await atGlobex()).status).toBe(200)
  })
})
