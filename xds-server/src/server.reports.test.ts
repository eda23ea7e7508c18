import { TYPE_URLS } from '@bulkhead/envoy'
import { silentLogger } from '@bulkhead/runtime'
import { connect } from '@bulkhead/xds/testing'
import { describe, expect, test } from 'vitest'
import { aTenant, aTool, aToolSet } from './build/testing/fixtures.ts'
import { acmeId, populated, routeNames, start } from './testing/control-plane.ts'
import { kindInfo } from './watch/seen.ts'

const { Tenant, Tool, ToolSet, Subscription } = kindInfo

describe('what is reported', () => {
  const api_ = { name: 'api', namespace: 'tenant-acme' }

  test('without an Envoy says so', async () => {
    const { api, settle } = await start(populated())
    await settle(() => api.condition(ToolSet, api_, 'Programmed') === 'False/NoDataPlane')
    expect(api.condition(ToolSet, api_, 'Accepted')).toBe('True/Accepted')
    await settle(() => api.condition(Tenant, { name: 'acme' }, 'Programmed') === 'False/NoDataPlane')
  })

  test('is programmed once every Envoy accepted and every policy agent has it', async () => {
    const { api, settle, envoy, policy, value } = await start(populated())
    envoy()
    await settle(() => api.condition(ToolSet, api_, 'Programmed') === 'True/Programmed')
    const app = { name: 'app', namespace: 'tenant-acme' }
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'False/NoAnswer')
    policy.takeUp()
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'True/Programmed')
    await settle(() => api.condition(Tenant, { name: 'acme' }, 'Programmed') === 'True/Programmed')
    expect(api.get(Tenant, 'acme')?.['status']).toMatchObject({ dataPlane: { programmed: 1, total: 1 } })
    expect(await value('bulkhead_propagation_seconds_count')).toBeGreaterThan(0)
  })

  test('is no longer without an answer when the policy agent that gave none is gone', async () => {
    const { api, settle, envoy, policy, value } = await start(populated())
    envoy()
    policy.stuck = 1
    policy.takeUp()
    const app = { name: 'app', namespace: 'tenant-acme' }
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'False/NoAnswer')
    expect(await value('bulkhead_opas_connected')).toBe(2)
    policy.stuck = 0
    await settle(() => api.condition(Subscription, app, 'Programmed') === 'True/Programmed')
    expect(await value('bulkhead_opas_connected')).toBe(1)
  })

  test("of a tenant that has arrived everywhere is not repeated at a policy agent's news", async () => {
    const { api, clock, settle, envoy, policy, value } = await start(populated())
    envoy()
    policy.takeUp()
    for (const name of ['acme', 'globex'])
      await settle(() => api.condition(Tenant, { name }, 'Programmed') === 'True/Programmed')
    await clock.advance(60_000)
    const reports = (): Promise<number> => value('bulkhead_queue_reconciles_total{queue="reports",result="success"}')
    const before = await reports()
    policy.takeUp()
    await clock.advance(1_000)
    expect(before).toBeGreaterThan(0)
    expect(await reports()).toBe(before)
  })

  test('is a refusal on the object to blame, on nobody else, and recovers', async () => {
    const { api, settle, envoy, policy, fleet } = await start(populated())
    const { client } = envoy()
    policy.takeUp()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'True/Programmed')
    await settle(() => api.condition(ToolSet, api_, 'Ready') === 'True/Ready')
    api.put(Tool, aTool('odd'))
    api.put(ToolSet, aToolSet('odd', ['odd']))
    await settle(() => routeNames(fleet, acmeId).some((name) => name.includes('uid-odd/uid-odd')))
    const bad = routeNames(fleet, acmeId).find((name) => name.includes('uid-odd/uid-odd'))
    const [refused] = client.receive().filter(({ typeUrl }) => typeUrl === TYPE_URLS.routeConfiguration)
    if (refused === undefined) throw new Error('No routes were sent')
    client.nack(refused, `route ${bad ?? ''}: no good`)
    const odd = { name: 'odd', namespace: 'tenant-acme' }
    await settle(() => api.condition(ToolSet, odd, 'Programmed') === 'False/EnvoyRejected')
    expect(api.conditions(ToolSet, odd).find(({ type }) => type === 'Programmed')?.message).toContain('no good')
    expect(api.condition(ToolSet, api_, 'Programmed')).toBe('True/Programmed')
    expect(api.condition(Tenant, { name: 'globex' }, 'Programmed')).toBe('True/Programmed')
    expect(routeNames(fleet, acmeId).some((name) => name.includes('uid-odd'))).toBe(false)
    expect(api.events.some((event) => event['reason'] === 'EnvoyRejected')).toBe(true)
    api.put(Tool, aTool('odd', { http: { methods: ['POST'], path: '/mended' } }))
    await settle(() => routeNames(fleet, acmeId).some((name) => name.includes('uid-odd')))
    client.follow()
    await settle(() => api.condition(ToolSet, odd, 'Programmed') === 'True/Programmed')
    expect(api.condition(ToolSet, odd, 'Stalled')).toBe('')
  })

  test('is Withdrawn when the operator took the grants back and no Envoy routes there', async () => {
    const { api, settle, envoy, policy } = await start(populated())
    const { client } = envoy()
    policy.takeUp()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'True/Programmed')
    const leaving = { deletionTimestamp: '2026-03-01T00:00:00Z', status: { granted: { hostnames: [] } } }
    api.put(Tenant, aTenant('globex', leaving))
    await settle(() =>
      client.receive().some((each) => {
        client.ack(each)
        return each.typeUrl === TYPE_URLS.scopedRoute && each.removed.includes('globex.gw.test')
      }),
    )
    client.follow()
    await settle(() => api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'False/Withdrawn')
  })

  test('is not Withdrawn after a start while an Envoy from before still routes there', async () => {
    const first = await start(populated())
    const before = first.envoy().client
    await first.control.stop()
    const api = populated()
    api.put(
      Tenant,
      aTenant('globex', { deletionTimestamp: '2026-03-01T00:00:00Z', status: { granted: { hostnames: [] } } }),
    )
    const { clock, fleet, settle } = await start(api)
    const programmed = (): string => api.condition(Tenant, { name: 'globex' }, 'Programmed')
    await clock.advance(20_000)
    expect(programmed()).toBe('False/NoAnswer')
    const { client } = connect(fleet)
    client.ask(TYPE_URLS.cluster, { initialVersions: before.has(TYPE_URLS.cluster) })
    await clock.advance(20_000)
    expect(programmed()).toBe('False/NoAnswer')
    client.ask(TYPE_URLS.scopedRoute, { initialVersions: before.has(TYPE_URLS.scopedRoute) })
    client.follow()
    expect([...client.has(TYPE_URLS.scopedRoute).keys()]).toEqual(['acme.gw.test'])
    await settle(() => programmed() === 'False/Withdrawn')
  })

  test('is not written again by a new process when nothing is new', async () => {
    const first = await start(populated())
    const { api } = first
    const arrived = () =>
      api.condition(Tenant, { name: 'acme' }, 'Programmed') === 'True/Programmed' &&
      api.condition(Tenant, { name: 'globex' }, 'Programmed') === 'True/Programmed' &&
      api.condition(Subscription, { name: 'app', namespace: 'tenant-acme' }, 'Programmed') === 'True/Programmed'
    first.envoy()
    first.policy.takeUp()
    await first.settle(arrived)
    await first.clock.advance(120_000)
    await first.control.stop()
    const before = { writes: api.writes.length, events: api.events.length }
    expect(before.writes).toBeGreaterThan(7)

    // The fleet needs a while to find the new process.
    const second = await start(api)
    await second.clock.advance(10_000)
    second.envoy()
    second.policy.takeUp()
    await second.clock.advance(120_000)
    expect({ writes: api.writes.slice(before.writes), events: api.events.length }).toEqual({
      writes: [],
      events: before.events,
    })
  })

  test('of an edit costs one write of the object that was edited, and none of another', async () => {
    const { api, settle, clock, envoy, policy } = await start(populated())
    const { client } = envoy()
    policy.takeUp()
    await settle(() => api.condition(ToolSet, api_, 'Ready') === 'True/Ready')
    await clock.advance(60_000)
    const before = api.writes.length
    api.put(Tool, aTool('pets', { timeout: '3s' }))
    await clock.advance(300)
    client.follow()
    policy.takeUp()
    await clock.advance(60_000)
    expect(api.writes.slice(before).map(({ kind, name }) => `${kind} ${name}`)).toEqual(['Tool pets'])
  })
})

describe('what is of the platform itself', () => {
  test("and refused by an Envoy is in the log with the Envoy's words and in a metric, and recovers", async () => {
    const lines: { readonly level: string; readonly fields: object }[] = []
    const note = (level: string) => (fields: object) => lines.push({ level, fields })
    const logger = { ...silentLogger, error: note('error'), info: note('info') }
    const { fleet, value } = await start(populated(), { logger })
    const { client, stream } = connect(fleet)
    client.subscribeAll()
    const refused = 'bulkhead_platform_refusing_envoys{group="fleet"}'
    for (let sent = client.receive(); sent.length > 0; sent = client.receive()) {
      for (const one of sent) {
        if (one.typeUrl === TYPE_URLS.listener) client.nack(one, 'listener edge: no good')
        else client.ack(one)
      }
    }
    expect(await value(refused)).toBe(1)
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { fields: { group: 'fleet', words: 'listener edge: no good' } },
    ])
    stream.close()
    expect(await value(refused)).toBe(0)
    expect(lines).toContainEqual({ level: 'info', fields: { group: 'fleet' } })
  })
})
