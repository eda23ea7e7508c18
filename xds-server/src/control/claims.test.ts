import { canonicalHost } from '@bulkhead/tenancy'
import type { Host } from '@bulkhead/tenancy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Claims } from './claims.ts'

const host = (name: string) => {
  const parsed = canonicalHost(`${name}.gw.test`)
  if (parsed === undefined) throw new Error('no host')
  return parsed
}
const a = host('a')
const b = host('b')

test('a host that nobody else claims is held', () => {
  const claims = new Claims<Host>()
  expect([...claims.claim('acme', '1', [a, b]).held]).toEqual([a, b])
})

test('the younger of two claimants gets nothing, and is woken when the older lets go', () => {
  const claims = new Claims<Host>()
  claims.claim('acme', '1', [a])
  expect([...claims.claim('globex', '2', [a, b]).held]).toEqual([b])
  expect([...claims.claim('acme', '1', []).wake]).toEqual(['globex'])
  expect([...claims.claim('globex', '2', [a, b]).held]).toEqual([a, b])
})

test('the older of two claimants waits until the younger has let go', () => {
  const claims = new Claims<Host>()
  claims.claim('globex', '2', [a])
  const first = claims.claim('acme', '1', [a])
  expect([...first.held]).toEqual([])
  expect([...first.wake]).toEqual(['globex'])
  const released = claims.claim('globex', '2', [a])
  expect([...released.held]).toEqual([])
  expect([...released.wake]).toEqual(['acme'])
  expect([...claims.claim('acme', '1', [a]).held]).toEqual([a])
})

test('whatever is claimed in whatever order, no host is held twice, and at rest the oldest has it', () => {
  const tenants = ['t1', 't2', 't3']
  const step = fc.record({ tenant: fc.constantFrom(...tenants), hosts: fc.subarray([a, b]) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const claims = new Claims<Host>()
      const wanted = new Map<string, readonly (typeof a)[]>()
      const held = new Map<string, ReadonlySet<typeof a>>()
      const run = (tenant: string): void => {
        const outcome = claims.claim(tenant, tenant, wanted.get(tenant) ?? [])
        held.set(tenant, outcome.held)
        for (const each of [a, b]) {
          expect(tenants.filter((name) => held.get(name)?.has(each)).length).toBeLessThanOrEqual(1)
        }
        for (const woken of outcome.wake) run(woken)
      }
      for (const { tenant, hosts } of steps) {
        wanted.set(tenant, hosts)
        run(tenant)
      }
      for (const each of [a, b]) {
        const oldest = tenants.find((name) => wanted.get(name)?.includes(each))
        if (oldest !== undefined) expect(held.get(oldest)?.has(each)).toBe(true)
      }
    }),
  )
})
