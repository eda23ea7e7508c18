import { createMetrics, silentLogger } from '@bulkhead/runtime'
import { TestClock } from '@bulkhead/runtime/testing'
import { expect, test } from 'vitest'
import { HostAddresses } from './host-addresses.ts'
import type { AddressRecord } from './host-addresses.ts'
import { refreshMs } from './refresh.ts'

type Answer = readonly AddressRecord[] | Error

const fault = (code: string): Error => Object.assign(new Error(code), { code })
const found = (...addresses: readonly string[]): Answer => addresses.map((address) => ({ address, ttl: 10 }))

function start(answers: Record<string, Answer>, maxConcurrent = 8) {
  const clock = new TestClock()
  const controller = new AbortController()
  const changes: string[] = []
  const asked: string[] = []
  const hosts = new HostAddresses({
    lookUp: (host) => {
      asked.push(host)
      const answer = answers[host] ?? fault('ENOTFOUND')
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
    maxConcurrent,
    maxConcurrentPerTenant: maxConcurrent,
    onChange: (host) => changes.push(host),
    clock,
    random: () => 0,
    logger: silentLogger,
    metrics: createMetrics(),
    signal: controller.signal,
  })
  return { clock, controller, changes, asked, hosts, answers }
}

test('a host is looked up once for all tenants that want it, and again when its time to live is over', async () => {
  const { hosts, clock, changes, asked, answers } = start({ 'a.example': found('203.0.113.2', '203.0.113.1') })
  hosts.want('acme', new Set(['a.example']))
  hosts.want('globex', new Set(['a.example']))
  expect(hosts.get('a.example')).toEqual({ kind: 'pending' })
  await clock.advance(0)
  expect(hosts.get('a.example')).toEqual({ kind: 'known', addresses: ['203.0.113.1', '203.0.113.2'] })
  expect([...hosts.wantedBy('a.example')]).toEqual(['acme', 'globex'])
  answers['a.example'] = found('203.0.113.3')
  await clock.advance(9_999)
  expect(asked).toHaveLength(1)
  await clock.advance(1)
  expect(hosts.get('a.example')).toEqual({ kind: 'known', addresses: ['203.0.113.3'] })
  expect(changes).toEqual(['a.example', 'a.example'])
})

test.each(['ESERVFAIL', 'ETIMEOUT', 'ENOTFOUND', 'ENODATA'])(
  'F-53 the last good addresses stay through %s',
  async (code) => {
    const { hosts, clock, changes, answers } = start({ 'a.example': found('203.0.113.1') })
    hosts.want('acme', new Set(['a.example']))
    await clock.advance(0)
    answers['a.example'] = fault(code)
    await clock.advance(600_000)
    expect(hosts.get('a.example')).toEqual({ kind: 'known', addresses: ['203.0.113.1'] })
    expect(changes).toHaveLength(1)
  },
)

test('a name that does not exist is known to have no address at once', async () => {
  const { hosts, clock } = start({})
  hosts.want('acme', new Set(['gone.example']))
  await clock.advance(0)
  expect(hosts.get('gone.example')).toEqual({ kind: 'known', addresses: [] })
})

test('F-53 nothing is known of a new name while the name service fails', async () => {
  const { hosts, clock, answers, changes } = start({ 'a.example': fault('ESERVFAIL') })
  hosts.want('acme', new Set(['a.example']))
  await clock.advance(600_000)
  expect(hosts.get('a.example')).toEqual({ kind: 'pending' })
  answers['a.example'] = found('203.0.113.1')
  await clock.advance(75_000)
  expect(hosts.get('a.example')).toEqual({ kind: 'known', addresses: ['203.0.113.1'] })
  expect(changes).toEqual(['a.example'])
})

test('F-53 no more look-ups run at once than allowed', async () => {
  let running = 0
  let most = 0
  const finish: (() => void)[] = []
  const { clock } = start({})
  const hosts = new HostAddresses({
    lookUp: async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => finish.push(resolve))
      running -= 1
      return [{ address: '203.0.113.1', ttl: 60 }]
    },
    maxConcurrent: 2,
    maxConcurrentPerTenant: 2,
    onChange: () => undefined,
    clock,
    random: () => 0,
    logger: silentLogger,
    metrics: createMetrics(),
    signal: new AbortController().signal,
  })
  hosts.want('acme', new Set(Array.from({ length: 9 }, (_, index) => `h${index}.example`)))
  for (let turn = 0; turn < 9; turn += 1) {
    await clock.advance(0)
    finish.shift()?.()
  }
  await clock.advance(0)
  expect(most).toBe(2)
  expect(hosts.get('h8.example')).toEqual({ kind: 'known', addresses: ['203.0.113.1'] })
})

test('a host that nobody wants any more is forgotten and not looked up again', async () => {
  const { hosts, clock, asked } = start({ 'a.example': found('203.0.113.1') })
  hosts.want('acme', new Set(['a.example']))
  await clock.advance(0)
  hosts.want('acme', new Set())
  await clock.advance(600_000)
  expect(asked).toHaveLength(1)
  expect(clock.sleeping).toBe(0)
  expect(hosts.get('a.example')).toEqual({ kind: 'pending' })
})

test.each([
  ['a short time to live is stretched to the floor', { ttlSeconds: 0, failures: 0 }, 5_000],
  ['a long one is cut', { ttlSeconds: 86_400, failures: 0 }, 300_000],
  ['a failure is tried again soon', { ttlSeconds: undefined, failures: 1 }, 1_000],
  ['and later each time', { ttlSeconds: undefined, failures: 4 }, 8_000],
  ['but never later than a minute', { ttlSeconds: undefined, failures: 50 }, 60_000],
])('%s', (_title, refresh, expected) => {
  expect(refreshMs({ ...refresh, random: () => 0 })).toBe(expected)
  expect(refreshMs({ ...refresh, random: () => 0.999 })).toBeLessThanOrEqual(expected * 1.25)
})
